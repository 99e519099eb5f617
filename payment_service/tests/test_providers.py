"""What every provider has to keep to, played on each of them: on the simulator, on Stripe (localstripe stands in for
it), on Chapa (by what stands in for it in development), and on a chain of blocks.
"""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from factories import asked, balances, hear, refund_of, split
from play import ask_again, asks_the_buyer, cancel, order, paid, refund, state, told

from payment_service.actions import payments, refunds
from payment_service.models import Payment
from shared.contracts.payment import (
    PaymentActionRequired,
    PaymentDeclined,
    PaymentRefunded,
    PaymentTaken,
)
from shared.messages import MoneyData
from shared.testing import published

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_payment_is_taken_once_and_booked(stage: Any) -> None:
    message = paid(stage)

    ask_again(stage)
    told(stage, stage.news())

    assert [event.payment_id for event in published(PaymentTaken)] == [message.payment_id]
    assert (stage.charged(), balances()["provider"]) == ([10_000], 10_000)


def test_a_decline_is_told_with_its_reason(stage: Any) -> None:
    if not stage.can_decline:
        pytest.skip("nobody says no there: who does not want to pay does not")
    message = order(stage, stage.declined)
    payment = asked(message)
    if not stage.takes_at_once:
        stage.declines(payment)
        told(stage, stage.news())

    assert state(message) == ("declined", "declined")
    assert [event.reason for event in published(PaymentDeclined)] == ["declined"]
    assert (stage.charged(), balances()) == ([], {})


def test_a_buyer_who_is_asked_pays(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    (action,) = published(PaymentActionRequired)
    assert (payment.status, action.next_action.url[:4]) == ("action_required", "http")

    stage.pays(payment)
    told(stage, stage.news())

    assert state(message) == ("taken", "")


def test_a_buyer_who_is_asked_declines(stage: Any) -> None:
    if not stage.can_decline:
        pytest.skip("nobody says no there: who does not want to pay does not")
    message, payment = asks_the_buyer(stage)

    stage.declines(payment)
    told(stage, stage.news())

    assert state(message)[0] == "declined"
    assert stage.charged() == []


def test_a_buyer_who_leaves_finds_the_page_closed(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    assert stage.can_be_paid(payment)
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    ask_again(stage)

    assert state(message) == ("declined", "expired")
    assert not stage.can_be_paid(payment)


def test_without_any_webhook_the_payment_is_found_out(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)

    ask_again(stage)

    assert state(message) == ("taken", "")


def test_a_cancellation_closes_the_page(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)

    cancel(message)
    payments.ask_providers()

    assert state(message) == ("declined", "cancelled")
    assert not stage.can_be_paid(payment)


def test_money_that_came_before_the_cancellation_is_told_and_sent_back(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)

    cancel(message)
    payments.ask_providers()
    refund(stage, refund_of(message, amount=message.amount))

    assert len(published(PaymentTaken)) == len(published(PaymentRefunded)) == 1
    assert (stage.refunded(), balances()["provider"]) == (10_000, 0)


def test_money_that_comes_after_the_cancellation_is_told_and_sent_back(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    cancel(message)
    payments.ask_providers()
    assert state(message)[0] == "declined"

    stage.money_arrives(payment)
    told(stage, stage.news())
    refund(stage, refund_of(message, amount=message.amount))

    assert len(published(PaymentTaken)) == len(published(PaymentRefunded)) == 1
    assert (stage.refunded(), balances()["provider"]) == (10_000, 0)


def test_no_key_and_no_token_is_ever_logged(stage: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    message = paid(stage)
    stage.away()
    hear(refund_of(message, amount=message.amount))
    refunds.ask_for_refunds()
    stage.post(b"{}", {})

    secrets = [value for name, value in vars(stage.settings._wrapped).items() if name.endswith(("_KEY", "_SECRETS"))]
    words = [one for value in secrets for one in ([value] if isinstance(value, str) else value) if one]
    assert "waits" in caplog.text
    assert [word for word in words if word in caplog.text] == []
    assert stage.method == "simulator" or "pm_card" not in caplog.text


def test_an_answer_that_is_lost_is_asked_for_again_and_charged_once(stage: Any) -> None:
    if not stage.takes_at_once:
        pytest.skip("tested beside its pages")
    message = order(stage, stage.loses_an_answer())
    asked(message)
    assert state(message)[0] == "pending"

    ask_again(stage)

    assert (state(message), stage.charged()) == (("taken", ""), [10_000])


def test_a_lost_answer_does_not_keep_a_payment_from_being_cancelled(stage: Any) -> None:
    if not stage.takes_at_once:
        pytest.skip("tested beside its pages")
    message = order(stage, stage.loses_an_answer())
    asked(message)

    cancel(message)
    ask_again(stage)

    assert (state(message), len(published(PaymentTaken))) == (("taken", ""), 1)


def test_a_currency_that_a_provider_does_not_know_is_declined(stage: Any) -> None:
    share = split(gross=1_000, tax=0, commission=0)
    currency = {"simulator": "XXX", "stripe": "UGX", "chapa": "EUR", "crypto": "EUR"}[stage.method]
    if currency == "XXX":
        pytest.skip("takes all that are traded")

    message = order(stage, amount=MoneyData(minor=1_000, currency=currency), splits=(share,))
    asked(message)

    assert state(message) == ("declined", "currency_not_taken")
