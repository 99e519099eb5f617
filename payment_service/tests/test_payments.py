"""A payment is taken once or not at all, whatever the provider, the webhooks and the clock do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from factories import LUMEN, NORTHWIND, asked, balances, due_now, hear, split, take

from payment_service.actions import payments, simulator, webhooks
from payment_service.models import Payment, SimulatedCharge, WebhookEvent
from shared.context import new_id
from shared.contracts.payment import (
    CancelPayment,
    PaymentActionRequired,
    PaymentDeclined,
    PaymentTaken,
    VendorBalanceChanged,
)
from shared.testing import published

pytestmark = pytest.mark.django_db(transaction=True)


def cancel(message: Any) -> CancelPayment:
    return CancelPayment(payment_id=message.payment_id, order_id=message.order_id)


def tell_webhooks() -> None:
    simulator.send_webhooks()
    webhooks.act_on_webhooks()


def test_a_payment_is_taken_and_booked_to_whom_it_belongs(provider: Any) -> None:
    message = take()

    payment = asked(message)

    assert payment.status == "taken"
    assert [told.payment_id for told in published(PaymentTaken)] == [message.payment_id]
    assert balances() == {"provider": 10_000, "tax": 1_600, "commission": 800}
    assert balances(NORTHWIND) == {"vendor_pending": 4_500, "vendor_available": 0}
    assert balances(LUMEN) == {"vendor_pending": 3_100, "vendor_available": 0}


def test_vendors_are_told_their_balances(provider: Any) -> None:
    asked(take())
    asked(take(split()))

    told = [event for event in published(VendorBalanceChanged) if event.vendor_id == NORTHWIND]

    assert [(event.pending, event.available) for event in told] == [(4_500, 0), (9_000, 0)]
    assert told[0].version < told[1].version


@pytest.mark.parametrize(("token", "reason"), [("decline", "declined"), ("insufficient_funds", "insufficient_funds")])
def test_a_refused_payment_is_declined_and_nothing_is_booked(provider: Any, token: str, reason: str) -> None:
    payment = asked(take(token=token))

    assert (payment.status, payment.reason) == ("declined", reason)
    assert [told.reason for told in published(PaymentDeclined)] == [reason]
    assert balances() == {}


def test_the_same_command_twice_takes_once(provider: Any) -> None:
    message = take()
    asked(message)

    hear(message)
    payments.ask_providers()

    assert len(published(PaymentTaken)) == 1
    assert SimulatedCharge.objects.count() == 1


def test_an_answer_that_never_arrives_is_asked_for_again_and_charged_once(provider: Any) -> None:
    payment = asked(take(token="timeout"))
    assert payment.status == "pending"

    due_now()
    payments.ask_providers()

    payment.refresh_from_db()
    assert (payment.status, payment.attempts) == ("taken", 2)
    assert SimulatedCharge.objects.count() == 1


def test_a_worker_that_dies_while_it_asks_leaves_the_payment_due(provider: Any) -> None:
    message = take()
    hear(message)
    payments._claim(8)  # and nothing more: kill -9
    Payment.objects.update(due_at=timezone.now())

    payments.ask_providers()

    assert Payment.objects.get().status == "taken"
    assert len(published(PaymentTaken)) == 1


def test_the_webhook_of_a_slow_payment_brings_its_end(provider: Any) -> None:
    payment = asked(take(token="slow"))
    assert payment.status == "pending"

    simulator.settle_slow_ones()
    tell_webhooks()

    payment.refresh_from_db()
    assert payment.status == "taken"


def test_a_webhook_told_three_times_acts_once(provider: Any) -> None:
    asked(take(token="duplicate_webhook"))

    tell_webhooks()

    assert WebhookEvent.objects.count() == 1
    assert len(published(PaymentTaken)) == 1
    assert balances()["provider"] == 10_000


def test_a_webhook_about_money_that_is_here_asks_nobody(provider: Any, monkeypatch: Any) -> None:
    asked(take())
    monkeypatch.setattr(payments.PROVIDERS["simulator"], "look_up", None)

    tell_webhooks()

    assert WebhookEvent.objects.get().handled_at is not None


def test_a_webhook_that_comes_before_the_answer_waits_for_it(provider: Any) -> None:
    message = take(token="timeout")
    asked(message)
    tell_webhooks()
    assert WebhookEvent.objects.get().handled_at is None

    due_now()
    payments.ask_providers()
    WebhookEvent.objects.update(due_at=timezone.now())
    webhooks.act_on_webhooks()

    assert WebhookEvent.objects.get().handled_at is not None
    assert len(published(PaymentTaken)) == 1


def test_a_buyer_is_asked_to_act_and_pays_on_the_hosted_page(provider: Any, client: Any) -> None:
    payment = asked(take(token="requires_action"))
    action = published(PaymentActionRequired)[0].next_action
    assert payment.status == "action_required"
    page = client.get(action.url.removeprefix(provider.PUBLIC_URL))
    assert b"100.00 USD" in page.content

    client.post(action.url.removeprefix(provider.PUBLIC_URL), {"decision": "pay"})
    tell_webhooks()

    payment.refresh_from_db()
    assert (payment.status, payment.next_action) == ("taken", None)


def test_a_buyer_declines_on_the_hosted_page(provider: Any, client: Any) -> None:
    payment = asked(take(token="requires_action"))
    page = published(PaymentActionRequired)[0].next_action.url.removeprefix(provider.PUBLIC_URL)

    client.post(page, {"decision": "decline"})
    tell_webhooks()

    payment.refresh_from_db()
    assert payment.status == "declined"
    assert client.post(page, {"decision": "pay"}).status_code == 409


def test_the_time_to_pay_ends(provider: Any, client: Any) -> None:
    payment = asked(take(token="requires_action"))
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1), due_at=timezone.now())

    payments.ask_providers()

    assert [told.reason for told in published(PaymentDeclined)] == ["expired"]
    page = client.post(f"/simulator/pay/{payment.provider_reference}", {"decision": "pay"})
    assert page.status_code == 409


def test_a_cancelled_payment_is_stopped_at_the_provider(provider: Any) -> None:
    message = take(token="requires_action")
    asked(message)

    hear(cancel(message))
    payments.ask_providers()

    assert Payment.objects.get().status == "declined"
    assert SimulatedCharge.objects.get().status == "cancelled"


def test_a_cancellation_that_overtakes_its_payment_is_remembered(provider: Any) -> None:
    message = take()
    hear(cancel(message))

    asked(message)

    assert Payment.objects.get().status == "declined"
    assert SimulatedCharge.objects.count() == 0
    assert [told.reason for told in published(PaymentDeclined)] == ["cancelled"]


def test_a_cancellation_that_another_worker_is_handling_is_waited_for(provider: Any) -> None:
    message = take()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            payments.cancel_payment(cancel(message))
            taking = pool.submit(hear_elsewhere, message)
            while not (taking.done() or somebody_waits()):
                pass
        taking.result()

    assert Payment.objects.get().status == "declined"


def hear_elsewhere(message: Any) -> None:
    hear(message)
    connection.close()


def somebody_waits() -> bool:
    """For an advisory lock of this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone() is not None


def test_a_cancellation_of_what_was_taken_changes_nothing(provider: Any) -> None:
    message = take()
    asked(message)

    hear(cancel(message))
    payments.ask_providers()

    assert Payment.objects.get().status == "taken"


def test_money_that_was_taken_although_a_cancellation_was_on_its_way_is_told(provider: Any) -> None:
    message = take(token="timeout")
    asked(message)  # the provider has the money, and its answer was lost

    hear(cancel(message))
    payments.ask_providers()

    assert Payment.objects.get().status == "taken"
    assert len(published(PaymentTaken)) == 1


def test_a_provider_that_is_away_is_asked_again_later(provider: Any) -> None:
    url, provider.SIMULATOR_URL = provider.SIMULATOR_URL, "http://127.0.0.1:1"
    payment = asked(take())
    assert payment.status == "pending"
    assert payment.due_at is not None

    provider.SIMULATOR_URL = url
    due_now()
    payments.ask_providers()

    payment.refresh_from_db()
    assert payment.status == "taken"


def test_nothing_to_pay_is_taken_without_a_provider(provider: Any) -> None:
    payment = asked(take(split(gross=0, tax=0, commission=0)))

    assert payment.status == "taken"
    assert SimulatedCharge.objects.count() == 0


def test_a_method_nobody_has_is_declined(provider: Any) -> None:
    payment = asked(take(method="barter"))

    assert (payment.status, payment.reason) == ("declined", "unknown_method")


def test_webhook_and_answer_at_the_same_moment_take_once(provider: Any) -> None:
    payment = asked(take(token="requires_action"))
    simulator.decide(charge_id=payment.provider_reference, pays=True)
    charge = payments.PROVIDERS["simulator"].look_up(payment.provider_reference)

    def settle(_number: int) -> None:
        payments.settle(payment_id=payment.id, charge=charge)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(settle, range(4)))

    assert len(published(PaymentTaken)) == 1
    assert balances()["provider"] == 10_000


def test_many_payments_are_asked_about_side_by_side(provider: Any) -> None:
    for _number in range(12):
        hear(take(payment_id=new_id()))

    assert payments.ask_providers() == 12
    assert Payment.objects.filter(status="taken").count() == 12
