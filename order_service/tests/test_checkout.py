"""The saga: every answer in time, late, twice and never."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from factories import (
    confirmed,
    hear,
    make_cart,
    make_line,
    payment_declined,
    payment_taken,
    place,
    stock_expired,
    stock_rejected,
    stock_reserved,
)

from order_service import checkout
from order_service.errors import CartOrdered, IllegalMove, OutOfStock, PriceChanged
from order_service.models import Order
from order_service.subscriptions import SUBSCRIPTIONS
from shared.contracts.catalog import CommitFailed, ReleaseStock, ReserveStock, StockReleased
from shared.contracts.order import OrderCancelled, OrderConfirmed, OrderPlaced
from shared.contracts.payment import CancelPayment, NextAction, PaymentActionRequired, RefundPayment, TakePayment
from shared.errors import Retry
from shared.models import OutboxMessage
from shared.money import Money
from shared.testing import deliver, published

pytestmark = pytest.mark.django_db


def state(order: Order) -> tuple[str, str]:
    order.refresh_from_db()
    return order.status, order.cancel_reason


def sent(*contracts: type) -> list[str]:
    """Names of the messages in the outbox, oldest first, without those every order begins with."""
    return [type(message).__name__ for message in published(*contracts)][2:]


def test_placing_writes_the_order_and_asks_for_its_stock() -> None:
    order = place()

    assert state(order) == ("placed", "")
    assert [type(message) for message in published()] == [OrderPlaced, ReserveStock]
    assert published(ReserveStock)[0].expires_at > timezone.now() + timedelta(minutes=15)


def test_a_sold_and_paid_order_is_confirmed_and_told() -> None:
    order = confirmed()

    assert state(order) == ("confirmed", "")
    assert sent() == ["TakePayment", "OrderConfirmed"]
    assert order.deadline is None


def test_the_payment_is_the_sum_of_its_splits() -> None:
    order = place()

    hear(stock_reserved(order))

    asked = published(TakePayment)[0]
    assert asked.amount.minor == order.total == sum(split.gross for split in asked.splits)
    assert len(asked.splits) == 2


def test_the_vendor_orders_sum_to_the_order() -> None:
    told = confirmed() and published(OrderConfirmed)[0]

    assert sum(part.total.minor for part in told.vendor_orders) == told.total.minor
    assert all(
        part.items_total.minor + part.shipping_total.minor + part.tax_total.minor - part.discount_total.minor
        == part.total.minor
        for part in told.vendor_orders
    )


CASES = {
    "no stock": ([stock_rejected], "out_of_stock", []),
    "no stock, told twice": ([stock_rejected, stock_rejected], "out_of_stock", []),
    "another price": ([lambda o: stock_reserved(o, price_difference=1)], "price_changed", ["ReleaseStock"]),
    "declined": ([stock_reserved, payment_declined], "payment_declined", ["TakePayment", "ReleaseStock"]),
    "declined twice": (
        [stock_reserved, payment_declined, payment_declined],
        "payment_declined",
        ["TakePayment", "ReleaseStock"],
    ),
    "expired at payment": (
        [stock_reserved, lambda o: payment_declined(o, "expired")],
        "payment_expired",
        ["TakePayment", "ReleaseStock"],
    ),
    "hold expired": ([stock_reserved, stock_expired], "payment_expired", ["TakePayment", "CancelPayment"]),
    "paid after the decline": (
        [stock_reserved, payment_declined, payment_taken],
        "payment_declined",
        ["TakePayment", "ReleaseStock", "RefundPayment"],
    ),
    "paid after the hold expired, told twice": (
        [stock_reserved, stock_expired, payment_taken, payment_taken],
        "payment_expired",
        ["TakePayment", "CancelPayment", "RefundPayment"],
    ),
    "reserved after the rejection": ([stock_rejected, stock_reserved], "out_of_stock", ["ReleaseStock"]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_checkout_that_fails_is_cancelled_and_everything_undone(case: str) -> None:
    answers, reason, undone = CASES[case]
    order = place()

    for answer in answers:
        hear(answer(order))

    assert state(order) == ("cancelled", reason)
    assert [name for name in sent() if name != "OrderCancelled"] == undone
    assert len(published(OrderCancelled)) == 1


@pytest.mark.parametrize("late", [stock_reserved, stock_rejected, stock_expired, payment_declined, payment_taken])
def test_what_arrives_after_the_confirmation_changes_nothing(late) -> None:
    order = confirmed()
    before = sent()

    hear(late(order))

    assert state(order) == ("confirmed", "")
    assert sent() == before


def test_without_an_answer_from_the_catalogue_the_deadline_cancels_and_releases() -> None:
    order = place()
    Order.objects.update(deadline=timezone.now() - timedelta(seconds=1))

    assert checkout.sweep_deadlines() == 1
    assert checkout.sweep_deadlines() == 0

    assert state(order) == ("cancelled", "stock_timeout")
    assert sent() == ["ReleaseStock", "OrderCancelled"]


def test_without_a_payment_the_deadline_cancels_releases_and_stops_the_payment() -> None:
    order = place()
    hear(stock_reserved(order))
    Order.objects.update(deadline=timezone.now() - timedelta(seconds=1))

    checkout.sweep_deadlines()

    assert state(order) == ("cancelled", "payment_expired")
    assert [type(message) for message in published(ReleaseStock, CancelPayment)] == [ReleaseStock, CancelPayment]


def test_a_sale_whose_stock_was_gone_is_refunded_in_full() -> None:
    order = confirmed()

    hear(CommitFailed(order_id=order.id))

    assert state(order) == ("cancelled", "out_of_stock")
    assert published(RefundPayment)[0].amount.minor == order.total


def test_the_buyer_may_cancel_a_confirmed_order_and_gets_all_of_it_back() -> None:
    order = confirmed()

    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")

    assert published(OrderCancelled)[0].was_confirmed is True
    refund = published(RefundPayment)[0]
    assert refund.amount.minor == order.total == sum(split.gross for split in refund.splits)
    with pytest.raises(IllegalMove):
        checkout.cancel_order(order_id=order.id, reason="again")


def test_an_answer_about_an_order_that_is_not_here_yet_is_tried_again() -> None:
    with pytest.raises(Retry):
        deliver(CommitFailed(order_id=uuid4()), SUBSCRIPTIONS)


def test_what_the_cart_knows_to_be_missing_is_refused_at_once() -> None:
    with pytest.raises(OutOfStock):
        place(make_cart(make_line(quantity=11)))
    with pytest.raises(OutOfStock):
        place(make_cart(make_line(active=False)))

    assert Order.objects.count() == 0


def test_a_total_the_buyer_did_not_see_is_refused() -> None:
    with pytest.raises(PriceChanged):
        place(expected_total=Money(1, "USD"))

    assert published() == []


def test_the_correlation_id_stays_with_the_order_when_the_clock_acts() -> None:
    order = place()
    Order.objects.update(deadline=timezone.now() - timedelta(seconds=1))

    checkout.sweep_deadlines()

    assert set(OutboxMessage.objects.values_list("correlation_id", flat=True)) == {order.correlation_id}


def test_money_that_arrives_after_the_deadline_goes_back() -> None:
    order = place()
    hear(stock_reserved(order))
    Order.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    checkout.sweep_deadlines()

    hear(payment_taken(order))
    hear(payment_taken(order))

    assert state(order) == ("cancelled", "payment_expired")
    assert [refund.amount.minor for refund in published(RefundPayment)] == [order.total]


def test_numbers_are_unique_and_easy_to_read() -> None:
    numbers = {place().number for _ in range(20)}

    assert len(numbers) == 20
    assert all(re.fullmatch(r"N-\d\d-[2-9A-HJ-NP-TV-Z]{8}", number) for number in numbers)


@pytest.mark.django_db
def test_a_cart_becomes_one_order_until_it_changes_or_the_order_is_cancelled() -> None:
    cart = replace(make_cart(), version="7")
    first = place(cart)

    with pytest.raises(CartOrdered):
        place(cart)
    place(replace(cart, version="8"))
    checkout.cancel_order(order_id=first.id, reason="cancelled_by_buyer")
    place(cart)

    assert Order.objects.filter(cart_version="7").count() == 2


@pytest.mark.django_db
def test_a_next_action_that_comes_after_the_end_is_not_shown() -> None:
    order = place()
    hear(stock_reserved(order))
    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")

    action = NextAction(kind="redirect", url="https://pay.example/1", expires_at=timezone.now())
    hear(PaymentActionRequired(payment_id=order.payment_id, order_id=order.id, next_action=action))

    order.refresh_from_db()
    assert order.next_action is None


@pytest.mark.django_db
def test_stock_that_was_released_because_it_was_asked_for_ends_nothing() -> None:
    order = place()
    hear(stock_reserved(order))

    hear(StockReleased(order_id=order.id, reason="somebody else's wish"))

    order.refresh_from_db()
    assert order.status == "awaiting_payment"
