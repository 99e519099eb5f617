"""A play on any stage: orders that are paid or not, what the provider tells, and what is asked again later."""

from typing import Any

from factories import asked, hear, take
from stages import everything_is_due

from payment_service.actions import misfits, payments, refunds, webhooks
from payment_service.models import Misfit, Payment, Refund, WebhookEvent
from shared.contracts.payment import (
    CancelPayment,
    TakePayment,
)
from shared.messages import Message, MoneyData


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


def ask_again(stage: Any) -> None:
    """Later, when everything that waits has waited long enough."""
    if not stage.tells:
        stage.news()
    everything_is_due(Payment, Refund, Misfit, WebhookEvent)
    payments.ask_providers()
    webhooks.act_on_webhooks()
    refunds.ask_for_refunds()
    misfits.return_misfits()
    stage.signs()


def refund(stage: Any, *asked_for: Message) -> None:
    """What order asks for goes back, and whoever has to sign it does."""
    for message in asked_for:
        hear(message)
    refunds.ask_for_refunds()
    stage.signs()


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
