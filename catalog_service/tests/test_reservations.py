"""Holding stock: all or none, never more than there is, and given back exactly once."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import (
    BUYER,
    ask,
    cancelled,
    confirmed,
    hear,
    hear_together,
    make_product,
    make_variant,
    make_vendor,
    release,
    vendor_changed,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from together import run_together

from catalog_service.actions.reservations import expire_holds
from catalog_service.models import Movement, Reservation, StockItem, Variant, Vendor
from shared.context import new_id
from shared.contracts.catalog import (
    CommitFailed,
    OfferChanged,
    StockCameBack,
    StockCommitted,
    StockRanLow,
    StockRejected,
    StockReleased,
    StockReserved,
)
from shared.contracts.order import ReturnedItem, ReturnReceived
from shared.errors import Retry
from shared.models import OutboxMessage
from shared.testing import published

pytestmark = pytest.mark.django_db


def levels(variant: Variant) -> tuple[int, int]:
    item = StockItem.objects.get(variant=variant)
    moved = Movement.objects.filter(variant=variant).aggregate(sum=Sum("quantity"))["sum"] or 0
    assert moved == item.on_hand, "the ledger does not add up"
    return item.on_hand, item.reserved


def test_what_is_held_is_told_with_its_snapshot() -> None:
    variant = make_variant(stock=10, name="Clay pot", price="12.50")
    asked = ask((variant, 3))

    hear(asked)

    (told,) = published(StockReserved)
    (line,) = told.lines
    assert told.expires_at == asked.expires_at
    assert (line.line_id, line.variant_id, line.quantity) == (asked.lines[0].line_id, variant.id, 3)
    assert (line.unit_price.minor, line.unit_price.currency) == (1250, "USD")
    assert (line.name, line.vendor_name, line.sku) == ("Clay pot", "Blue Kiln", variant.sku)
    assert line.category_id == variant.product.category_id
    assert levels(variant) == (10, 3)


def test_each_hold_tells_carts_what_is_left_with_a_rising_version() -> None:
    variant = make_variant(stock=10)

    hear(ask((variant, 3)))
    hear(ask((variant, 2), (variant, 1)))

    offers = [offer for offer in published(OfferChanged) if offer.variant_id == variant.id]
    assert [offer.available for offer in offers] == [10, 7, 4]
    assert [offer.version for offer in offers] == [1, 2, 3]


def test_orders_that_wait_together_are_held_first_come_first_served_and_told_of_once() -> None:
    pot, bowl = make_variant(stock=5), make_variant(stock=2)
    told_before = len(published(OfferChanged))
    orders = [ask((pot, 3)), ask((pot, 3), (bowl, 1)), ask((bowl, 2)), ask((pot, 2)), ask((bowl, 1))]

    hear_together(*orders)

    held = {told.order_id for told in published(StockReserved)}
    assert [asked.order_id in held for asked in orders] == [True, False, True, True, False]
    missing = {told.order_id: [line.available for line in told.missing] for told in published(StockRejected)}
    assert missing == {orders[1].order_id: [2], orders[4].order_id: [0]}
    assert (levels(pot), levels(bowl)) == ((5, 5), (2, 2))
    changed = {offer.variant_id: offer.available for offer in published(OfferChanged)[told_before:]}
    assert changed == {pot.id: 0, bowl.id: 0}
    assert len(published(OfferChanged)) == told_before + 2


def test_an_order_that_asks_twice_in_one_breath_is_held_once_and_answered_twice() -> None:
    pot = make_variant(stock=5)
    asked, other = ask((pot, 2)), ask((pot, 4))

    hear_together(asked, other, asked)

    assert [told.order_id for told in published(StockReserved)] == [asked.order_id, asked.order_id]
    assert [told.order_id for told in published(StockRejected)] == [other.order_id]
    assert levels(pot) == (5, 2)


def test_holding_ten_orders_together_asks_the_database_no_more_than_holding_one(
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[CaptureQueriesContext]],
) -> None:
    pots = [make_variant(stock=50) for _ in range(3)]

    with django_assert_max_num_queries(11) as alone:
        hear_together(ask(*((pot, 1) for pot in pots)))
    with django_assert_max_num_queries(len(alone)):
        hear_together(*(ask(*((pot, 1) for pot in pots)) for _ in range(10)))


@given(
    stocks=st.lists(st.integers(0, 8), min_size=2, max_size=4),
    wanted=st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=3), max_size=12),
    cuts=st.sets(st.integers(0, 12)),
)
@settings(max_examples=40, deadline=None)
def test_orders_get_the_same_answers_together_as_one_after_the_other(
    stocks: list[int], wanted: list[list[tuple[int, int]]], cuts: set[int]
) -> None:
    variants = [make_variant(stock=stock) for stock in stocks]
    asked = [ask(*((variants[which % len(variants)], quantity) for which, quantity in lines)) for lines in wanted]
    left, expected = list(stocks), []
    for lines in wanted:
        sums = Counter[int]()
        for which, quantity in lines:
            sums[which % len(variants)] += quantity
        fits = all(left[which] >= quantity for which, quantity in sums.items())
        expected.append(fits)
        for which, quantity in sums.items():
            left[which] -= quantity * fits

    for begin, end in pairwise([0, *sorted(cut for cut in cuts if 0 < cut < len(asked)), len(asked)]):
        if begin < end:
            hear_together(*asked[begin:end])

    held = {told.order_id for told in published(StockReserved)}
    assert [one.order_id in held for one in asked] == expected
    assert [levels(variant) for variant in variants] == [
        (stock, stock - rest) for stock, rest in zip(stocks, left, strict=True)
    ]


def test_one_missing_line_holds_nothing() -> None:
    plenty, scarce = make_variant(stock=10), make_variant(stock=1)
    asked = ask((plenty, 2), (scarce, 2))

    hear(asked)

    (told,) = published(StockRejected)
    assert told.reason == "out_of_stock"
    assert [(line.line_id, line.requested, line.available) for line in told.missing] == [(asked.lines[1].line_id, 2, 1)]
    assert levels(plenty) == (10, 0)
    assert published(StockReserved) == []


def test_two_lines_of_one_variant_are_counted_together() -> None:
    variant = make_variant(stock=3)

    hear(ask((variant, 2), (variant, 2)))

    assert published(StockRejected)[0].reason == "out_of_stock"
    assert levels(variant) == (3, 0)


def test_what_is_not_for_sale_is_unavailable() -> None:
    inactive = make_variant(status="draft")
    foreign = make_variant()
    suspended = make_variant(vendor=make_vendor("Suspended", status="suspended"))
    orders = [ask((inactive, 1)), ask((foreign, 1), currency="EUR"), ask((suspended, 1)), ask((new_id(), 1))]

    for asked in orders:
        hear(asked)

    assert [told.reason for told in published(StockRejected)] == ["unavailable"] * 4
    assert [told.missing[0].variant_id for told in published(StockRejected)] == [
        asked.lines[0].variant_id for asked in orders
    ]


def test_asking_again_for_the_same_order_holds_once_and_answers_the_same() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))

    hear(asked)
    hear(asked)

    first, second = published(StockReserved)
    assert first == second
    assert levels(variant) == (10, 3)


def test_a_refused_order_asked_again_is_refused_again_though_stock_came_in() -> None:
    variant = make_variant(stock=1)
    asked = ask((variant, 2))
    hear(asked)
    StockItem.objects.filter(variant=variant).update(on_hand=5)

    hear(asked)

    first, second = published(StockRejected)
    assert first == second


def test_a_reserve_that_comes_after_its_release_is_refused() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))

    hear(release(asked.order_id))
    hear(asked)

    assert [told.reason for told in published(StockRejected)] == ["expired"]
    assert levels(variant) == (10, 0)


def test_a_reserve_after_its_own_deadline_is_refused() -> None:
    variant = make_variant(stock=10)

    hear(ask((variant, 3), expires_at=timezone.now() - timedelta(seconds=1)))

    assert [told.reason for told in published(StockRejected)] == ["expired"]
    assert levels(variant) == (10, 0)


def test_release_gives_back_once_however_often_it_is_told() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)

    hear(release(asked.order_id))
    hear(release(asked.order_id))
    hear(cancelled(asked.order_id))

    assert levels(variant) == (10, 0)
    assert {told.reason for told in published(StockReleased)} == {"payment_declined"}


def test_a_confirmed_order_becomes_a_sale() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    before = len(published(OfferChanged))

    hear(confirmed(asked.order_id))
    hear(confirmed(asked.order_id))

    assert levels(variant) == (7, 0)
    assert [told.order_id for told in published(StockCommitted)] == [asked.order_id]
    assert Movement.objects.filter(variant=variant, kind="sale", reference=asked.order_id).count() == 1
    assert len(published(OfferChanged)) == before, "nothing became more or less available"


def test_a_sold_order_that_is_cancelled_puts_its_stock_back() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    hear(confirmed(asked.order_id))

    hear(cancelled(asked.order_id))
    hear(release(asked.order_id))

    assert levels(variant) == (10, 0)
    assert Reservation.objects.get(order_id=asked.order_id).status == "released"


def test_a_cancellation_overtaking_its_confirmation_leaves_the_stock_whole() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)

    hear(cancelled(asked.order_id))
    hear(confirmed(asked.order_id))

    assert levels(variant) == (10, 0)
    assert published(StockCommitted) == []
    assert published(CommitFailed) == []


def test_a_confirmation_before_the_hold_waits() -> None:
    with pytest.raises(Retry):
        hear(confirmed(new_id()))


def let_time_run_out(order_id: UUID) -> None:
    Reservation.objects.filter(order_id=order_id).update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_holds()


def test_holds_end_with_their_time() -> None:
    variant = make_variant(stock=10)
    late, good = ask((variant, 3)), ask((variant, 2))
    hear(late)
    hear(good)

    let_time_run_out(late.order_id)
    expire_holds()

    assert levels(variant) == (10, 2)
    assert [(told.order_id, told.reason) for told in published(StockReleased)] == [(late.order_id, "expired")]


def test_an_order_confirmed_after_its_hold_ended_takes_the_stock_again() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    let_time_run_out(asked.order_id)

    hear(confirmed(asked.order_id))

    assert levels(variant) == (7, 0)
    assert len(published(StockCommitted)) == 1
    assert published(OfferChanged)[-1].available == 7


def test_an_order_confirmed_after_its_stock_went_to_another_fails() -> None:
    variant = make_variant(stock=3)
    slow, quick = ask((variant, 3)), ask((variant, 1))
    hear(slow)
    let_time_run_out(slow.order_id)
    hear(quick)

    hear(confirmed(slow.order_id))

    assert [told.order_id for told in published(CommitFailed)] == [slow.order_id]
    assert published(StockCommitted) == []
    assert levels(variant) == (3, 1)


def test_returned_goods_fit_for_sale_are_on_hand_again() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    hear(confirmed(asked.order_id))
    items = (
        ReturnedItem(variant_id=variant.id, quantity=2),
        ReturnedItem(variant_id=variant.id, quantity=1, restock=False),
        ReturnedItem(variant_id=new_id(), quantity=1),
    )
    back = ReturnReceived(
        order_id=asked.order_id, number="N-1", buyer=BUYER, return_id=new_id(), vendor_id=variant.vendor_id, items=items
    )

    hear(back)

    assert levels(variant) == (9, 0)
    assert Movement.objects.get(variant=variant, kind="return").reference == back.return_id
    assert published(OfferChanged)[-1].available == 9


def test_what_comes_back_after_the_last_was_sold_is_told() -> None:
    variant = make_variant(stock=1)
    asked = ask((variant, 1))
    hear(asked)
    hear(confirmed(asked.order_id))
    items = (ReturnedItem(variant_id=variant.id, quantity=1),)
    about = {"order_id": asked.order_id, "number": "N-1", "buyer": BUYER, "vendor_id": variant.vendor_id}

    hear(ReturnReceived(return_id=new_id(), items=items, **about))

    assert [told.variant_id for told in published(StockCameBack)] == [variant.id]


def test_low_stock_is_told_once_on_the_way_down() -> None:
    variant = make_variant(stock=7)
    first, second = ask((variant, 2)), ask((variant, 1))
    for asked in (first, second):
        hear(asked)
        hear(confirmed(asked.order_id))

    (told,) = published(StockRanLow)
    assert (told.variant_id, told.sku) == (variant.id, variant.sku)


def test_a_hold_takes_few_statements(django_assert_max_num_queries: Callable[[int], object]) -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 1))

    with django_assert_max_num_queries(11):
        hear(asked)


def test_a_hold_of_many_lines_takes_no_more_statements_than_one_of_one(
    django_assert_num_queries: Callable[[int], AbstractContextManager[CaptureQueriesContext]],
) -> None:
    one, many = ask((make_variant(), 1)), ask(*[(make_variant(), 2) for _time in range(12)])
    with CaptureQueriesContext(connection) as captured:
        hear(one)

    with django_assert_num_queries(len(captured)):
        hear(many)

    assert len(published(StockReserved)) == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_buyers_of_the_last_five_get_exactly_five() -> None:
    variant = make_variant(stock=5)
    orders = [ask((variant, 1)) for _ in range(20)]

    errors = run_together([lambda asked=asked: hear(asked) for asked in orders])

    assert errors == []
    assert (len(published(StockReserved)), len(published(StockRejected))) == (5, 15)
    assert levels(variant) == (5, 5)
    versions = [offer.version for offer in published(OfferChanged)]
    assert versions == sorted(versions), "the relay would tell carts an older truth last"


@pytest.mark.django_db(transaction=True)
def test_reserve_and_release_at_the_same_moment_never_leave_a_hold() -> None:
    variant = make_variant(stock=50)
    orders = [ask((variant, 1)) for _ in range(10)]

    errors = run_together(
        [lambda message=message: hear(message) for asked in orders for message in (asked, release(asked.order_id))]
    )

    assert errors == []
    assert levels(variant) == (50, 0)


@pytest.mark.django_db(transaction=True)
def test_an_order_given_up_in_three_ways_at_once_is_given_back_once() -> None:
    variant = make_variant(stock=50)
    kept = ask((variant, 20))
    orders = [ask((variant, 1)) for _ in range(6)]
    for asked in (kept, *orders):
        hear(asked)
    ids = [asked.order_id for asked in orders]
    Reservation.objects.filter(order_id__in=ids).update(expires_at=timezone.now() - timedelta(seconds=1))
    messages = [message for order_id in ids for message in (release(order_id), cancelled(order_id))]

    errors = run_together(
        [expire_holds, expire_holds, *[lambda message=message: hear(message) for message in messages]]
    )

    assert errors == []
    assert levels(variant) == (50, 20)


@pytest.mark.django_db(transaction=True)
def test_expiry_racing_confirmation_sells_or_fails_but_loses_nothing() -> None:
    variant = make_variant(stock=10)
    orders = [ask((variant, 1)) for _ in range(10)]
    for asked in orders:
        hear(asked)
    Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    errors = run_together(
        [expire_holds, expire_holds, *[lambda asked=asked: hear(confirmed(asked.order_id)) for asked in orders]]
    )

    assert errors == []
    assert levels(variant) == (0, 0)
    assert len(published(StockCommitted)) == 10


@pytest.mark.django_db(transaction=True)
def test_everything_at_once_keeps_the_books() -> None:
    """A seeded storm of orders, cancellations, suspensions and sweeps over three variants."""
    seed = 20261121
    print(f"seed {seed}")
    product = make_product(stock=40)
    variants = [product.variants.get(), make_variant(stock=40), make_variant(stock=40)]
    vendor = Vendor.objects.get()

    def storm(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(8):
            asked = ask(*[(variant, dice.randint(1, 2)) for variant in dice.sample(variants, 2)])
            hear(asked)
            step = dice.choice(["confirm", "cancel", "release", "expire", "vendor"])
            if step == "confirm":
                hear(confirmed(asked.order_id))
            elif step == "cancel":
                hear(cancelled(asked.order_id))
            elif step == "release":
                hear(release(asked.order_id))
            elif step == "expire":
                let_time_run_out(asked.order_id)
            else:
                status = dice.choice(["active", "suspended"])
                hear(vendor_changed(vendor.id, status=status, version=dice.randint(2, 99)))

    errors = run_together([lambda turn=turn: storm(seed + turn) for turn in range(6)])

    assert errors == []
    for variant in variants:
        on_hand, reserved = levels(variant)
        held = sum(
            line.quantity
            for reservation in Reservation.objects.filter(status="held")
            for line in reservation.lines.filter(variant=variant)
        )
        assert 0 <= reserved == held <= on_hand
        last = OutboxMessage.objects.filter(subject=str(variant.id), type=OfferChanged.type).latest("position")
        assert last.envelope["data"]["available"] == on_hand - reserved
