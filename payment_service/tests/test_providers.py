"""What every provider has to keep to, played on each of them: on the simulator, on Stripe (localstripe stands in for
it), and on Chapa (by what stands in for it in development).
"""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from factories import asked, balances, hear, refund_of, split, take
from stages import ChapaStage, SimulatorStage, StripeStage, everything_is_due

from payment_service.actions import misfits, payments, refunds, webhooks
from payment_service.models import Entry, Misfit, Payment, Refund, WebhookEvent
from shared.contracts.payment import (
    CancelPayment,
    PaymentActionRequired,
    PaymentDeclined,
    PaymentRefunded,
    PaymentTaken,
    TakePayment,
)
from shared.messages import MoneyData
from shared.testing import published

pytestmark = pytest.mark.django_db(transaction=True)
STAGES = {"simulator": SimulatorStage, "stripe": StripeStage, "chapa": ChapaStage}


@pytest.fixture(params=list(STAGES))
def stage(request: Any, live_server: Any, settings: Any, stripe_url: str, balanced_books: None) -> Any:
    settings.PAYMENT_METHODS = list(STAGES)
    settings.PUBLIC_URL = live_server.url
    return STAGES[request.param](settings, stripe_url if request.param == "stripe" else live_server.url)


def order(stage: Any, token: str = "", **changes: Any) -> TakePayment:
    plain = {"method": stage.method, "amount": MoneyData(minor=10_000, currency=stage.currency)}
    return take(token=token or stage.ok, **{**plain, **changes})


def asks_the_buyer(stage: Any) -> tuple[TakePayment, Payment]:
    message = order(stage, stage.asks)
    return message, asked(message)


def told(stage: Any, events: list[dict[str, Any]]) -> None:
    for event in events:
        assert stage.send(event) == 204
    webhooks.act_on_webhooks()


def ask_again() -> None:
    """Later, when everything that waits has waited long enough."""
    everything_is_due(Payment, Refund, Misfit, WebhookEvent)
    payments.ask_providers()
    webhooks.act_on_webhooks()
    refunds.ask_for_refunds()
    misfits.return_misfits()


def state(message: TakePayment) -> tuple[str, str]:
    payment = Payment.objects.get(id=message.payment_id)
    return payment.status, payment.reason


def cancel(message: TakePayment) -> None:
    hear(CancelPayment(payment_id=message.payment_id, order_id=message.order_id))


def paid(stage: Any) -> TakePayment:
    """By a buyer who does all that is asked."""
    message = order(stage)
    payment = asked(message)
    if not stage.takes_at_once:
        stage.pays(payment)
        told(stage, stage.news())
    assert state(message) == ("taken", "")
    return message


# ── It is paid, or not ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_payment_is_taken_once_and_booked(stage: Any) -> None:
    message = paid(stage)

    ask_again()
    told(stage, stage.news())

    assert [event.payment_id for event in published(PaymentTaken)] == [message.payment_id]
    assert (stage.charged(), balances()["provider"]) == ([10_000], 10_000)


def test_a_decline_is_told_with_its_reason(stage: Any) -> None:
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
    message, payment = asks_the_buyer(stage)

    stage.declines(payment)
    told(stage, stage.news())

    assert state(message)[0] == "declined"
    assert stage.charged() == []


def test_a_buyer_who_leaves_finds_the_page_closed(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    assert stage.can_be_paid(payment)
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    ask_again()

    assert state(message) == ("declined", "expired")
    assert not stage.can_be_paid(payment)


def test_without_any_webhook_the_payment_is_found_out(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)

    ask_again()

    assert state(message) == ("taken", "")


def test_a_cancellation_closes_the_page(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)

    cancel(message)
    payments.ask_providers()

    assert state(message) == ("declined", "cancelled")
    assert not stage.can_be_paid(payment)


# ── It is paid too late ──────────────────────────────────────────────────────────────────────────────────────────────


def test_money_that_came_before_the_cancellation_is_told_and_sent_back(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)

    cancel(message)
    payments.ask_providers()
    hear(refund_of(message, amount=message.amount))
    refunds.ask_for_refunds()

    assert len(published(PaymentTaken)) == len(published(PaymentRefunded)) == 1
    assert (stage.refunded(), balances()["provider"]) == (10_000, 0)


def test_money_that_comes_after_the_cancellation_is_told_and_sent_back(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    cancel(message)
    payments.ask_providers()
    assert state(message)[0] == "declined"

    stage.money_arrives(payment)
    told(stage, stage.news())
    hear(refund_of(message, amount=message.amount))
    refunds.ask_for_refunds()

    assert len(published(PaymentTaken)) == len(published(PaymentRefunded)) == 1
    assert (stage.refunded(), balances()["provider"]) == (10_000, 0)


# ── It is told more than once, or not in turn ────────────────────────────────────────────────────────────────────────


def test_the_same_news_three_times_act_once(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)
    (event,) = stage.news()

    told(stage, [event, event, event])
    ask_again()

    assert state(message) == ("taken", "")
    assert (WebhookEvent.objects.count(), len(published(PaymentTaken))) == (1, 1)
    assert balances()["provider"] == 10_000


def test_old_news_that_come_last_change_nothing(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    old = json.loads(json.dumps(_failed(stage, payment)))
    stage.pays(payment)

    told(stage, stage.news())
    told(stage, [old])
    ask_again()

    assert state(message) == ("taken", "")
    assert published(PaymentDeclined) == []


def _failed(stage: Any, payment: Payment) -> dict[str, Any]:
    """What the provider would say of a try that did not succeed."""
    if stage.method == "stripe":
        about = {"object": "payment_intent", "id": payment.provider_reference, "status": "requires_payment_method"}
        return {"id": "evt_old", "object": "event", "type": "payment_intent.payment_failed", "data": {"object": about}}
    if stage.method == "chapa":
        return {"event": "charge.failed/cancelled", "status": "failed", "tx_ref": payment.provider_reference}
    return {"id": "old", "type": "charge.declined", "charge": payment.provider_reference}


def test_news_of_what_is_not_ours_are_kept_and_given_up(stage: Any) -> None:
    payment = Payment(provider_reference="00000000-0000-0000-0000-000000000000")

    told(stage, [_failed(stage, payment)])
    WebhookEvent.objects.update(attempts=webhooks.ATTEMPTS)
    ask_again()

    assert WebhookEvent.objects.get().handled_at is not None


# ── The provider is away ─────────────────────────────────────────────────────────────────────────────────────────────


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
    ask_again()
    for payment in Payment.objects.filter(status="action_required"):
        stage.pays(payment)
    ask_again()

    assert {state(message) for message in messages} == {("taken", "")}
    assert stage.charged() == [10_000] * 3


def test_news_that_come_while_the_provider_is_away_wait_for_it(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)
    stage.away()
    told(stage, stage.news())
    assert state(message)[0] == "action_required"

    stage.back()
    ask_again()

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
    ask_again()
    ask_again()

    assert (stage.refunded(), len(published(PaymentRefunded))) == (10_000, 1)


def test_a_cancellation_while_the_provider_is_away_is_made_after(stage: Any) -> None:
    message, payment = asks_the_buyer(stage)
    stage.away()
    cancel(message)
    payments.ask_providers()
    assert state(message)[0] == "action_required"

    stage.back()
    ask_again()

    assert state(message) == ("declined", "cancelled")
    assert not stage.can_be_paid(payment)


def test_what_was_never_asked_is_cancelled_without_a_charge(stage: Any) -> None:
    stage.away()
    message = order(stage)
    asked(message)
    cancel(message)
    stage.back()

    ask_again()

    assert state(message) == ("declined", "cancelled")
    assert stage.charged() == []


def test_a_refund_asked_twice_is_made_once(stage: Any) -> None:
    message = paid(stage)
    hear(refund_of(message, amount=message.amount))
    refund = Refund.objects.select_related("payment").get()

    answers = [refunds._ask(refund), refunds._ask(refund)]

    assert [answer.done for answer in answers if answer] == [True, True]
    assert stage.refunded() == 10_000


def test_a_part_is_refunded_and_then_the_rest(stage: Any) -> None:
    message = paid(stage)

    for part in message.splits:
        hear(refund_of(message, part, amount=MoneyData(minor=part.gross, currency=stage.currency)))
        refunds.ask_for_refunds()

    assert [event.amount.minor for event in published(PaymentRefunded)] == [6_000, 4_000]
    assert (stage.refunded(), balances()["provider"]) == (10_000, 0)


# ── Another amount than was asked for ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("change", ["less", "more", "currency"])
def test_what_was_not_asked_for_is_not_the_payment_and_goes_back(stage: Any, change: str) -> None:
    message, payment = asks_the_buyer(stage)
    minor = {"less": 9_999, "more": 10_001, "currency": 10_000}[change]
    currency = stage.other_currency if change == "currency" else stage.currency
    stage.takes_another(payment, minor=minor, currency=currency)

    stage.pays(payment)
    told(stage, stage.news())
    assert (state(message), balances()["unclaimed"]) == (("declined", "wrong_amount"), minor)
    ask_again()
    ask_again()

    assert (published(PaymentTaken), [one.reason for one in published(PaymentDeclined)]) == ([], ["wrong_amount"])
    assert (stage.refunded(), balances()["provider"], balances()["unclaimed"]) == (minor, 0, 0)
    assert Misfit.objects.get().status == "returned"
    assert not Entry.objects.filter(kind="payment").exists()


def test_what_was_not_asked_for_goes_back_when_the_provider_is_there_again(stage: Any) -> None:
    _message, payment = asks_the_buyer(stage)
    stage.takes_another(payment, minor=1, currency=stage.currency)
    stage.pays(payment)
    told(stage, stage.news())
    stage.away()
    misfits.return_misfits()
    assert Misfit.objects.get().status == "pending"

    stage.back()
    ask_again()

    assert (Misfit.objects.get().status, stage.refunded()) == ("returned", 1)


def test_what_the_provider_does_not_send_back_is_shown_and_can_be_tried_again(stage: Any) -> None:
    _message, payment = asks_the_buyer(stage)
    stage.takes_another(payment, minor=1, currency=stage.currency)
    stage.pays(payment)
    told(stage, stage.news())
    stage.refuses_refunds(payment, refuses=True)
    misfits.return_misfits()
    misfit = Misfit.objects.get()
    assert (misfit.status, bool(misfit.failure), balances()["unclaimed"]) == ("failed", True, 1)

    stage.refuses_refunds(payment, refuses=False)
    misfits.try_again(misfit_id=misfit.id)
    misfits.return_misfits()

    assert (Misfit.objects.get().status, stage.refunded(), balances()["unclaimed"]) == ("returned", 1, 0)


# ── Signatures ───────────────────────────────────────────────────────────────────────────────────────────────────────


def news(stage: Any) -> bytes:
    return json.dumps(_failed(stage, Payment(provider_reference="x"))).encode()


def test_what_the_provider_did_not_sign_is_refused(stage: Any) -> None:
    body = news(stage)
    (name,) = stage.signed(body)

    for headers in ({}, {name: ""}, {name: "é"}, {name: "t=1,v1=x"}, {name: "t=,v1"}, stage.signed(body, secret="no")):
        assert stage.post(body, headers) == 400
    assert stage.post(body.replace(b"x", b"y"), stage.signed(body)) == 400
    assert stage.post(b"\xff", {name: "t=1,v1=x"}) == 400
    assert WebhookEvent.objects.count() == 0


@pytest.mark.parametrize("seconds", [-302, 302])
def test_an_old_or_a_future_signature_is_refused(stage: Any, seconds: int) -> None:
    if not stage.signs_times:
        pytest.skip("signs no times; what an event says is read from the provider")
    body = news(stage)

    assert stage.post(body, stage.signed(body, seconds=seconds)) == 400
    assert stage.post(body, stage.signed(body, seconds=seconds // 2)) == 204


def test_two_secrets_overlap(stage: Any) -> None:
    body = news(stage)
    stage.secrets("new", "old")

    assert [stage.post(body, stage.signed(body, secret=one)) for one in ("new", "old", "older")] == [204, 204, 400]


def test_without_a_secret_nothing_is_believed(stage: Any) -> None:
    body = news(stage)
    signed = stage.signed(body, secret="any")
    stage.secrets()

    assert stage.post(body, signed) == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'"x"', b"1"])
def test_what_is_signed_but_makes_no_sense_is_refused(stage: Any, body: bytes) -> None:
    assert stage.post(body, stage.signed(body)) == 400


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


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

    ask_again()

    assert (state(message), stage.charged()) == (("taken", ""), [10_000])


def test_a_lost_answer_does_not_keep_a_payment_from_being_cancelled(stage: Any) -> None:
    if not stage.takes_at_once:
        pytest.skip("tested beside its pages")
    message = order(stage, stage.loses_an_answer())
    asked(message)

    cancel(message)
    ask_again()

    assert (state(message), len(published(PaymentTaken))) == (("taken", ""), 1)


def test_a_currency_that_a_provider_does_not_know_is_declined(stage: Any) -> None:
    share = split(gross=1_000, tax=0, commission=0)
    currency = {"simulator": "XXX", "stripe": "UGX", "chapa": "EUR"}[stage.method]
    if currency == "XXX":
        pytest.skip("takes all that are traded")

    message = order(stage, amount=MoneyData(minor=1_000, currency=currency), splits=(share,))
    asked(message)

    assert state(message) == ("declined", "currency_not_taken")
