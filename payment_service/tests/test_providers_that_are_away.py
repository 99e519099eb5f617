"""Every provider may be away for a while; afterwards all is done, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from factories import asked, balances, hear, refund_of
from play import ask_again, asks_the_buyer, cancel, order, paid, refund, state, told
from stages import everything_is_due

from payment_service.actions import payments, refunds
from payment_service.actions.providers import PROVIDERS
from payment_service.clients import ChargeRequest
from payment_service.models import Payment, Refund
from shared.contracts.payment import (
    PaymentRefunded,
)
from shared.messages import MoneyData
from shared.testing import published

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_asked_while_the_provider_was_away_is_taken_after(stage: Any) -> None:
    stage.away()
    messages = [order(stage) for _number in range(3)]
    for message in messages:
        hear(message)
    for _time in range(6):  # 1 + 2 + 4 + 8 + 16 + 32 s: a minute
        everything_is_due(Payment)
        payments.ask_providers()
    waits = [payment.due_at - timezone.now() for payment in Payment.objects.all()]
    assert {state(message) for message in messages} == {("pending", "")}
    assert all(timedelta(0) < wait <= timedelta(seconds=33) for wait in waits)

    stage.back()
    ask_again(stage)
    for payment in Payment.objects.filter(status="action_required"):
        stage.pays(payment)
    ask_again(stage)

    assert {state(message) for message in messages} == {("taken", "")}
    assert stage.charged() == [10_000] * 3


def test_a_question_that_breaks_leaves_the_others_their_answers(
    stage: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, *others = [order(stage) for _number in range(3)]
    provider = type(PROVIDERS[stage.method])
    plain = provider.charge

    def charge(self: Any, request: ChargeRequest) -> Any:
        return plain(self, request) if request.key != broken.payment_id else 1 / 0

    with monkeypatch.context() as odd:
        odd.setattr(provider, "charge", charge)
        for message in (broken, *others):
            hear(message)
        payments.ask_providers()
    assert state(broken)[0] == "pending"
    assert "pending" not in {state(message)[0] for message in others}
    assert "ZeroDivisionError" in caplog.text

    ask_again(stage)
    assert state(broken)[0] != "pending"


def test_news_that_come_while_the_provider_is_away_wait_for_it(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)
    stage.away()
    told(stage, stage.news())
    assert state(message)[0] == "action_required"

    stage.back()
    ask_again(stage)

    assert state(message) == ("taken", "")


def test_refunds_that_were_asked_while_the_provider_was_away_are_made_once(stage: Any) -> None:
    message = paid(stage)
    stage.away()
    hear(refund_of(message, amount=message.amount))
    for _time in range(3):
        everything_is_due(Refund)
        refunds.ask_for_refunds()
    assert Refund.objects.get().status == "pending"

    stage.back()
    ask_again(stage)
    ask_again(stage)

    assert (stage.refunded(), len(published(PaymentRefunded))) == (10_000, 1)


def test_a_cancellation_while_the_provider_is_away_is_made_after(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.away()
    cancel(message)
    payments.ask_providers()
    assert state(message)[0] == "action_required"

    stage.back()
    ask_again(stage)

    assert state(message) == ("declined", "cancelled")
    assert not stage.can_be_paid(payment)


def test_what_was_never_asked_is_cancelled_without_a_charge(stage: Any) -> None:
    stage.away()
    message = order(stage)
    asked(message)
    cancel(message)
    stage.back()

    ask_again(stage)

    assert state(message) == ("declined", "cancelled")
    assert stage.charged() == []


def test_a_refund_asked_twice_is_made_once(stage: Any) -> None:
    message = paid(stage)
    hear(refund_of(message, amount=message.amount))
    refund = Refund.objects.select_related("payment").get()

    answers = [refunds._ask(refund), refunds._ask(refund)]

    stage.signs()
    assert [answer.done or answer.waits for answer in answers if answer] == [True, True]
    assert stage.refunded() == 10_000


def test_a_part_is_refunded_and_then_the_rest(stage: Any) -> None:
    message = paid(stage)

    for part in message.splits:
        refund(stage, refund_of(message, part, amount=MoneyData(minor=part.gross, currency=stage.currency)))

    assert [event.amount.minor for event in published(PaymentRefunded)] == [6_000, 4_000]
    assert (stage.refunded(), balances()["provider"]) == (10_000, 0)
