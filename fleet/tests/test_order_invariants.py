"""What is judged of an order, its hold, its payment and what its buyer was told, without a fleet."""

from typing import Any

import pytest

from auditor.invariants.orders import ORDERS
from auditor.joins import Sides


def order_sides(**changes: Any) -> Sides:
    """An order of two, one of which its vendor could not send: paid, refunded in part, delivered. `order__total=…`."""
    shares = {"tax": 300, "commission": 100, "commission_tax": 20}
    refunds = {"refund": {"status": "done", "amount": 1_000}}
    sides: dict[str, dict[str, Any]] = {
        "order": {
            "status": "delivered", "charged": True, "confirmed": True, "erased": False, "payment": "p", "overdue": None,
            "currency": "USD", "total": 2_000, "ordered": {"lamp": 2}, "cancelled": {"lamp": 1}, "refunds": refunds,
            "parts": {"part": {"vendor": "v", "status": "delivered", "total": 2_000, **shares}},
        },
        "hold": {"status": "committed", "lines": {"lamp": 1}, "sold": {"lamp": 2}},
        "payment": {
            "payment": "p", "status": "taken", "currency": "USD", "amount": 2_000, "refunded": 1_000,
            "splits": {"part": {"vendor": "v", "gross": 2_000, **shares}}, "released": {"part": True}, "overdue": {},
            "booked": {"part": {**shares, "vendor": 1_580}}, "refunds": refunds,
        },
        "told": {"mails": 1, "inboxes": 0},
    }  # fmt: skip
    for name, value in changes.items():
        side, _, field = name.partition("__")
        sides[side][field] = value
    return {side: {"id": "o", "age": None, **figures} for side, figures in sides.items()}


ODD: dict[str, dict[str, Any]] = {
    "an_order_that_awaits_payment_has_its_hold": {"order__status": "awaiting_payment", "order__overdue": -5},
    "an_open_order_ends": {"order__status": "placed", "order__overdue": 61},
    "a_cancelled_order_keeps_no_stock": {"order__status": "cancelled"},
    "a_confirmed_order_took_its_stock": {"hold__status": "rejected"},
    "a_confirmed_order_has_stock_to_take": {"hold__status": "released"},
    "each_line_is_sold_once": {"hold__sold": {"lamp": 3}},
    "a_confirmed_order_is_paid_once": {"payment__status": "declined"},
    "a_taken_payment_confirms_its_order": {"order__status": "awaiting_payment", "order__overdue": -5},
    "a_cancelled_order_keeps_no_money": {"order__status": "cancelled"},
    "an_order_is_the_sum_of_its_parts": {"order__total": 2_001},
    "a_payment_is_split_as_ordered": {"payment__splits": {}},
    "shares_are_booked_as_ordered": {"payment__booked": {}},
    "a_delivered_part_is_to_be_settled": {"payment__released": {}},
    "a_share_that_is_due_is_released": {"payment__overdue": {"part": 61}},
    "a_refund_that_was_made_is_known": {"order__refunds": {}},
    "a_refund_that_was_asked_for_is_heard": {"order__refunds": {"another": {"status": "asked", "amount": 1}}},
    "a_refund_that_is_done_was_made": {"payment__refunds": {}},
    "no_more_goes_back_than_was_paid": {"payment__amount": 900},
    "a_buyer_hears_of_it_once": {"told__mails": 2},
}


def broken_by(sides: Sides) -> set[str]:
    return {finding.name for finding in ORDERS.judged("o", sides)}


def test_an_order_of_which_something_came_back_keeps_every_invariant() -> None:
    assert broken_by(order_sides()) == set()


@pytest.mark.parametrize("invariant", ODD)
def test_what_is_odd_about_an_order_is_named(invariant: str) -> None:
    assert invariant in broken_by(order_sides(**ODD[invariant]))


def test_a_side_that_is_missing_is_named() -> None:
    whole = order_sides()

    assert broken_by({**whole, "order": None}) == {
        "what_was_sold_was_ordered", "a_taken_payment_is_an_orders", "a_buyer_hears_of_it_once",
    }  # fmt: skip
    assert "a_confirmed_order_is_paid_once" in broken_by({**whole, "payment": None})
    assert broken_by({**whole, "hold": None}) == {"a_confirmed_order_has_stock_to_take"}
    assert broken_by({**whole, "told": None}) == {"a_buyer_hears_of_the_confirmation"}


def test_a_replacement_is_neither_paid_nor_settled() -> None:
    assert broken_by({**order_sides(order__charged=False, order__refunds={}), "payment": None}) == set()


def test_a_sale_of_what_was_not_ordered_is_named() -> None:
    assert broken_by(order_sides(hold__sold={"lamp": 2, "chair": 1})) == {"each_line_is_sold_once"}


def test_a_share_that_is_not_due_yet_waits() -> None:
    assert broken_by(order_sides(payment__released={"part": False}, payment__overdue={"part": -3_600})) == set()


def test_money_booked_for_another_orders_part_is_named() -> None:
    whole = order_sides()["payment"]
    assert whole
    another = {"another": {"tax": 0, "commission": 0, "commission_tax": 0, "vendor": 5}}

    assert broken_by(order_sides(payment__booked=whole["booked"] | another)) == {"shares_are_booked_as_ordered"}


def cancelled_with(asked: dict[str, Any], made: dict[str, Any]) -> Sides:
    """Of 2,000 that were taken: `asked` by the order, `made` by payment."""
    there = sum(one["amount"] for one in made.values() if one["status"] != "failed")
    sides = order_sides(order__status="cancelled", order__refunds=asked, payment__refunds=made)
    assert sides["payment"]
    return {**sides, "hold": None, "payment": {**sides["payment"], "refunded": there}}


def a_refund(status: str, amount: int = 2_000) -> dict[str, Any]:
    return {"refund": {"status": status, "amount": amount}}


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        pytest.param(a_refund("asked"), a_refund("pending"), id="it waits to be signed"),
        pytest.param(a_refund("settled"), a_refund("failed"), id="an operator saw to it otherwise"),
        pytest.param(a_refund("settled"), {}, id="payment refused it"),
        pytest.param(
            a_refund("done", 1_500),
            a_refund("done", 1_500) | {"by an admin": {"status": "pending", "amount": 500}},
            id="an admin sends the rest",
        ),
        pytest.param(
            {"first": {"status": "settled", "amount": 500}, **a_refund("done", 1_500)},
            {"first": {"status": "failed", "amount": 500}, **a_refund("done", 1_500)},
            id="in part",
        ),
    ],
)
def test_money_that_goes_back_is_not_kept(asked: dict[str, Any], made: dict[str, Any]) -> None:
    assert broken_by(cancelled_with(asked, made)) == set()


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        pytest.param({}, {}, id="nobody asked"),
        pytest.param(a_refund("failed"), a_refund("failed"), id="it failed"),
        pytest.param(a_refund("settled", 1_999), a_refund("failed", 1_999), id="not all of it"),
    ],
)
def test_money_that_nobody_sends_back_is_kept(asked: dict[str, Any], made: dict[str, Any]) -> None:
    assert broken_by(cancelled_with(asked, made)) == {"a_cancelled_order_keeps_no_money"}


def test_a_refund_that_failed_unheard_is_named() -> None:
    sides = cancelled_with(a_refund("asked"), a_refund("failed"))

    assert broken_by(sides) == {"a_refund_that_was_asked_for_is_heard"}
