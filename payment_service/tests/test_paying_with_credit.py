"""Store credit pays what it can: held, spent or given back with the payment, and never twice."""

from datetime import timedelta
from typing import Any

import pytest
from credited import ADA, WHOLE, buy, charged, grant, mine, refunded
from django.utils import timezone
from factories import LUMEN, NORTHWIND, asked, balances, due_now, hear, part_of, refund_of, released, take

from payment_service.actions import payments, refunds
from payment_service.clients import Charge
from payment_service.models import Payment, SimulatedCharge
from shared.contracts.payment import (
    CancelPayment,
    PaymentDeclined,
    PaymentRefunded,
    PaymentTaken,
    RefundFailed,
    StoreCreditChanged,
)
from shared.testing import body, client_as, published

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("balanced_books")]


# ── Paying ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_credit_pays_what_it_can_and_the_provider_the_rest(provider: Any) -> None:
    grant(3_000)

    payment = asked(buy())

    assert (payment.status, payment.credit, charged()) == ("taken", 3_000, [7_000])
    assert mine() == (0, 0)
    assert balances() == {"given_away": -3_000, "provider": 7_000, "tax": 1_600, "commission": 800}
    assert (balances(NORTHWIND)["vendor_pending"], balances(LUMEN)["vendor_pending"]) == (4_500, 3_100)
    assert [(told.amount.minor, told.store_credit) for told in published(PaymentTaken)] == [(WHOLE, 3_000)]


def test_credit_that_covers_the_whole_asks_no_provider(provider: Any) -> None:
    grant(12_500)
    provider.SIMULATOR_URL = "http://127.0.0.1:1"

    payment = asked(buy())

    assert (payment.status, payment.credit, SimulatedCharge.objects.count()) == ("taken", WHOLE, 0)
    assert mine() == (2_500, 0)
    assert "provider" not in balances() or balances()["provider"] == 0


def test_while_the_buyer_decides_the_credit_is_held(provider: Any) -> None:
    grant(3_000)

    payment = asked(buy(token="requires_action"))

    assert (payment.status, mine()) == ("action_required", (0, 3_000))
    assert asked(buy(3_000)).credit == 0


@pytest.mark.parametrize("token", ["decline", "insufficient_funds"])
def test_a_provider_that_declines_gives_the_credit_back(provider: Any, token: str) -> None:
    grant(3_000)

    payment = asked(buy(token=token))

    assert (payment.status, mine()) == ("declined", (3_000, 0))
    assert [event.available for event in published(StoreCreditChanged)] == [3_000, 0, 3_000]


def test_a_cancelled_payment_gives_the_credit_back(provider: Any) -> None:
    grant(3_000)
    message = buy(token="requires_action")
    asked(message)

    hear(CancelPayment(payment_id=message.payment_id, order_id=message.order_id))
    payments.ask_providers()

    assert (Payment.objects.get().status, mine()) == ("declined", (3_000, 0))


def test_a_payment_by_credit_alone_that_is_cancelled_before_it_is_taken(provider: Any) -> None:
    grant(WHOLE)
    message = buy()
    hear(message)
    hear(CancelPayment(payment_id=message.payment_id, order_id=message.order_id))

    payments.ask_providers()

    assert (Payment.objects.get().status, mine()) == ("declined", (WHOLE, 0))
    assert published(PaymentTaken) == []


def test_a_cancellation_that_overtakes_its_payment_holds_nothing(provider: Any) -> None:
    grant(3_000)
    message = buy()
    hear(CancelPayment(payment_id=message.payment_id, order_id=message.order_id))

    assert asked(message).status == "declined"
    assert mine() == (3_000, 0)


def test_the_time_to_pay_ends_and_the_credit_is_back(provider: Any) -> None:
    grant(3_000)
    asked(buy(token="requires_action"))
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1), due_at=timezone.now())

    payments.ask_providers()

    assert ([told.reason for told in published(PaymentDeclined)], mine()) == (["expired"], (3_000, 0))


def test_less_than_the_buyer_said_exactly_is_declined_before_anybody_is_asked(provider: Any) -> None:
    grant(2_999)

    payment = asked(buy(3_000, exact=True))

    assert (payment.status, payment.reason) == ("declined", "insufficient_store_credit")
    assert (mine(), SimulatedCharge.objects.count()) == ((2_999, 0), 0)


def test_exactly_what_the_buyer_said_is_used(provider: Any) -> None:
    grant(5_000)

    assert asked(buy(3_000, exact=True)).credit == 3_000
    assert (mine(), charged()) == ((2_000, 0), [7_000])


def test_credit_in_another_currency_pays_nothing(provider: Any) -> None:
    grant(3_000, currency="EUR")

    assert (asked(buy()).credit, charged()) == (0, [WHOLE])


def test_a_guest_has_none(provider: Any) -> None:
    assert asked(take(user_id=None, store_credit=500)).credit == 0
    assert asked(take(user_id=None, store_credit=500, store_credit_exact=True)).status == "declined"


def test_the_same_command_twice_holds_once(provider: Any) -> None:
    grant(5_000)
    message = buy(3_000, token="requires_action")

    for _time in range(2):
        hear(message)

    assert mine() == (2_000, 3_000)


def test_a_lost_answer_is_asked_for_again_and_the_credit_spent_once(provider: Any) -> None:
    grant(3_000)
    asked(buy(token="timeout"))
    assert mine() == (0, 3_000)

    due_now()
    payments.ask_providers()

    assert (mine(), charged(), balances()["provider"]) == ((0, 0), [7_000], 7_000)


def test_money_that_comes_after_the_decline_is_the_payment_alone_and_all_of_it_goes_back(provider: Any) -> None:
    grant(3_001)
    message = buy(token="decline")
    asked(message)

    charge = SimulatedCharge.objects.get()
    SimulatedCharge.objects.update(status="succeeded")
    payments.settle(payment_id=message.payment_id, charge=Charge(str(charge.id), "succeeded"))

    payment = Payment.objects.get()
    assert (payment.status, payment.minor, payment.credit, mine()) == ("taken", 6_999, 0, (3_001, 0))
    assert [told.amount.minor for told in published(PaymentTaken)] == [6_999]
    hear(refund_of(message))
    refunds.ask_for_refunds()
    assert [told.amount.minor for told in published(PaymentRefunded)] == [6_999]
    assert balances() == {"given_away": -3_001, "provider": 0, "tax": 0, "commission": 0}


# ── Giving back ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_provider_gives_back_what_it_took_and_the_rest_becomes_credit_again(provider: Any) -> None:
    grant(6_000)
    message = buy()
    asked(message)
    half = part_of(message.splits[0], 2)

    first, second = refunded(message, half), refunded(message)

    assert [(one.minor, one.credit) for one in (first, second)] == [(3_000, 0), (7_000, 6_000)]
    assert [told.store_credit for told in published(PaymentRefunded)] == [0, 6_000]
    assert SimulatedCharge.objects.get().refunded == 4_000
    assert mine() == (6_000, 0)
    assert balances() == {"given_away": -6_000, "provider": 0, "tax": 0, "commission": 0}
    assert balances(NORTHWIND)["vendor_pending"] == balances(LUMEN)["vendor_pending"] == 0


def test_what_credit_alone_paid_goes_back_without_a_provider(provider: Any) -> None:
    grant(WHOLE)
    message = buy()
    asked(message)
    released(message)
    provider.SIMULATOR_URL = "http://127.0.0.1:1"

    assert refunded(message).status == "done"

    assert mine() == (WHOLE, 0)


def test_a_refund_that_the_provider_refuses_returns_no_credit_and_can_be_asked_for_again(provider: Any) -> None:
    grant(6_000)
    message = buy()
    asked(message)
    SimulatedCharge.objects.update(refunded=4_000)

    failed = refunded(message)
    SimulatedCharge.objects.update(refunded=0)
    again = refunded(message)

    assert (failed.status, again.status, again.credit) == ("failed", "done", 6_000)
    assert len(published(RefundFailed)) == 1
    assert mine() == (6_000, 0)


def test_an_admins_refund_is_the_providers_first(provider: Any) -> None:
    grant(6_000)
    message = buy()
    asked(message)
    path = f"/api/v1/payments/{message.payment_id}"

    form = {"amount": {"amount": "50.00", "currency": "USD"}, "reason": "goodwill"}
    made = client_as("admin").post(f"{path}/refunds", form, headers={"Idempotency-Key": "k"})
    refunds.ask_for_refunds()

    seen = body(client_as("customer", user_id=ADA).get(path))
    assert body(made)["store_credit"]["amount"] == seen["refunds"][0]["store_credit"]["amount"] == "10.00"
    assert (seen["amount"]["amount"], seen["store_credit"]["amount"]) == ("100.00", "60.00")
    assert (mine(), SimulatedCharge.objects.get().refunded) == ((1_000, 0), 4_000)
