"""Holding stock: all or none, first come, first served, and never more than there is."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import ask, hear, hear_together, make_variant, make_vendor, release
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger import levels
from together import run_together

from catalog_service.models import StockItem
from shared.context import new_id
from shared.contracts.catalog import OfferChanged, StockRejected, StockReserved
from shared.testing import published

pytestmark = pytest.mark.django_db


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
