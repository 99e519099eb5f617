"""Promotions: what they give, on what, with what else, and who pays."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from factories import (
    VENDOR_A,
    VENDOR_B,
    confirmed,
    hear,
    make_cart,
    make_line,
    part_of,
    payment_taken,
    place,
    stock_reserved,
)
from promoting import ADA, discounts, price, promote

from order_service import checkout
from order_service.actions.orders import splits_of
from order_service.errors import CouponRefused
from order_service.models import OrderLine, Promotion
from order_service.queries.shares import split_of
from shared.contracts.catalog import CategoryChanged
from shared.contracts.payment import RefundPayment, TakePayment
from shared.money import Money
from shared.testing import published

pytestmark = pytest.mark.django_db


def two_for_one(**terms: Any) -> Promotion:
    return promote("buy_x_get_y", buy_quantity=2, get_quantity=1, basis_points=10_000, **terms)


# ── What they give ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_promotion_without_a_code_comes_by_itself_and_says_so_on_each_line() -> None:
    promote(name="Spring")

    quoted = price(make_line(quantity=2), make_line(quantity=1, vendor_id=VENDOR_B))

    assert discounts(quoted) == [400, 200]
    reason = quoted.parts[0].lines[0].why[0]
    assert (reason.kind, reason.rule, reason.base, reason.basis_points, reason.amount) == (
        "discount", "Spring", 4_000, 1_000, -400,
    )  # fmt: skip


def test_an_amount_is_spread_to_the_last_cent() -> None:
    promote("amount", amount=Money(1_000, "USD"))

    quoted = price(*(make_line(quantity=1, unit_price=Money(3_333, "USD")) for _ in range(3)))

    assert discounts(quoted) == [334, 333, 333]


@pytest.mark.parametrize(
    ("quantities", "prices", "given"),
    [
        ([3], [1_000], [1_000]),
        ([2], [1_000], [0]),
        ([5], [1_000], [1_000]),
        ([6], [1_000], [2_000]),
        ([2, 1], [1_000, 400], [0, 400]),
        ([1, 5], [100, 900], [100, 900]),
        ([4, 2], [700, 900], [1_400, 0]),
    ],
)
def test_buy_two_get_one_gives_the_cheapest_of_each_whole_group(quantities, prices, given) -> None:
    two_for_one()
    lines = [
        make_line(quantity=quantity, unit_price=Money(each, "USD"))
        for quantity, each in zip(quantities, prices, strict=True)
    ]

    assert discounts(price(*lines)) == given


def test_what_is_got_may_be_half_off() -> None:
    promote("buy_x_get_y", buy_quantity=1, get_quantity=1, basis_points=5_000)

    assert discounts(price(make_line(quantity=2, unit_price=Money(1_001, "USD")))) == [501]


def test_free_shipping_is_for_the_vendors_whose_goods_are_covered() -> None:
    promote("free_shipping", vendors=[VENDOR_B])

    quoted = price(make_line(), make_line(vendor_id=VENDOR_B))

    assert [part.shipping for part in quoted.parts] == [500, 0]
    assert quoted.parts[1].parcel.why[1].kind == "shipping_discount"


# ── On what ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_products_categories_and_vendors_narrow_it() -> None:
    product, category = uuid4(), uuid4()
    lines = [
        make_line(product_id=product, category_id=category),
        make_line(product_id=product),
        make_line(category_id=category, vendor_id=VENDOR_B),
    ]

    for terms, covered in (
        ({"products": [product]}, [400, 400, 0]),
        ({"categories": [category]}, [400, 0, 400]),
        ({"vendors": [VENDOR_B]}, [0, 0, 400]),
        ({"products": [product], "categories": [category]}, [400, 0, 0]),
        ({"products": [uuid4()]}, [0, 0, 0]),
    ):
        promotion = promote(**terms)
        assert discounts(price(*lines)) == covered
        promotion.delete()


def test_a_category_has_all_that_stand_below_it() -> None:
    kitchen, pots, lids = uuid4(), uuid4(), uuid4()
    hear(CategoryChanged(category_id=lids, lineage=(kitchen, pots, lids), version=1))
    hear(CategoryChanged(category_id=pots, lineage=(kitchen, pots), version=1))
    lines = [make_line(category_id=one) for one in (lids, pots, kitchen)]

    for category, covered in ((kitchen, [400, 400, 400]), (pots, [400, 400, 0]), (lids, [400, 0, 0])):
        promotion = promote(categories=[category])
        assert discounts(price(*lines)) == covered
        promotion.delete()


def test_the_minimum_counts_what_is_covered_only() -> None:
    promote(vendors=[VENDOR_A], minimum=Money(4_000, "USD"))

    enough = price(make_line(quantity=2), make_line(quantity=9, vendor_id=VENDOR_B))
    too_little = price(make_line(quantity=1), make_line(quantity=9, vendor_id=VENDOR_B))

    assert (discounts(enough), discounts(too_little)) == ([400, 0], [0, 0])


@pytest.mark.parametrize(
    "terms",
    [
        {"starts_at": timezone.now() + timedelta(days=1)},
        {"ends_at": timezone.now() - timedelta(days=1)},
        {"minimum": Money(1, "EUR")},
        {"products": [uuid4()]},
        {"vendors": [uuid4()]},
    ],
    ids=["early", "late", "other currency", "other product", "other vendor"],
)
def test_what_does_not_apply_is_silent_by_itself_and_refused_by_code(terms) -> None:
    promote(**terms)
    promote(code="ASKED", **terms)

    assert price(make_line()).promotions == ()
    with pytest.raises(CouponRefused):
        price(make_line(), coupon="asked")


def test_a_first_order_is_one_that_nothing_but_cancelled_ones_came_before() -> None:
    promote(first_order_only=True)
    first = place(user_id=ADA)
    second = place(user_id=ADA)
    checkout.cancel_order(order_id=first.id, reason="cancelled_by_buyer")
    checkout.cancel_order(order_id=second.id, reason="cancelled_by_buyer")

    again = place(user_id=ADA)

    assert [order.discount_total for order in (first, second, again)] == [600, 0, 600]
    assert place(user_id=uuid4()).discount_total == 600


def test_a_guests_first_order_is_told_by_address_in_any_case() -> None:
    promote(first_order_only=True)

    assert [place().discount_total, place().discount_total] == [600, 0]
    assert price(make_line(), buyer="ada@example.com").discount == 0


# ── With what else ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_those_that_combine_take_from_what_is_left_by_priority() -> None:
    promote("amount", amount=Money(1_000, "USD"), priority=1)
    promote(priority=2)

    quoted = price(make_line(quantity=2))

    assert [reason.amount for reason in quoted.parts[0].lines[0].why] == [-400, -1_000]
    assert quoted.parts[0].lines[0].why[1].base == 3_600


def test_an_exclusive_one_comes_alone_or_not_at_all() -> None:
    plain, exclusive = promote(priority=5), promote(basis_points=2_000, exclusive=True, priority=1)
    assert price(make_line()).promotions == (plain,)

    Promotion.objects.filter(id=exclusive.id).update(priority=9)

    assert price(make_line()).promotions == (exclusive,)


def test_a_coupon_that_cannot_be_combined_is_refused_by_name_and_never_left_out() -> None:
    promote(name="Black Friday", exclusive=True, priority=9)
    promote(code="PLUS")

    with pytest.raises(CouponRefused, match="Black Friday"):
        price(make_line(), coupon="plus")


def test_an_exclusive_coupon_goes_before_automatic_ones_of_its_priority() -> None:
    promote(exclusive=True)
    asked = promote(code="ALONE", basis_points=500, exclusive=True)

    assert price(make_line(), coupon="alone").promotions == (asked,)


def test_no_line_is_ever_less_than_nothing_however_much_is_promised() -> None:
    two_for_one(priority=3)
    promote("amount", amount=Money(10**9, "USD"), priority=2)
    promote(basis_points=10_000)

    quoted = price(make_line(quantity=3), make_line(quantity=1, vendor_id=VENDOR_B))

    assert (quoted.discount, quoted.total) == (quoted.items, quoted.shipping)


# ── Who pays ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_vendor_pays_lowers_its_share_and_what_the_platform_pays_its_commission() -> None:
    own, given = promote(vendors=[VENDOR_A]), promote(vendors=[VENDOR_B], paid_by="platform")

    order = place(make_cart(make_line(quantity=2), make_line(quantity=2, vendor_id=VENDOR_B)))

    splits = {split.vendor_id: split for split in splits_of(order)}
    owed = {vendor: split.gross - split.tax - split.commission for vendor, split in splits.items()}
    assert (splits[VENDOR_A].commission, owed[VENDOR_A]) == (360, 3_600 - 360 + 500)
    assert (splits[VENDOR_B].commission, owed[VENDOR_B]) == (0, 4_000 - 400 + 500)
    assert {own.paid_by, given.paid_by} == {"vendor", "platform"}
    kept = OrderLine.objects.get(vendor_order__vendor_id=VENDOR_B)
    assert (kept.commission_basis, kept.commission, kept.platform_discount) == (4_000, 0, 400)


def test_shipping_that_the_platform_pays_is_the_vendors_all_the_same() -> None:
    promote("free_shipping", paid_by="platform")

    order = place(make_cart(make_line(quantity=2)))

    split = splits_of(order)[0]
    assert (order.shipping_total, part_of(order).shipping_discount) == (0, 500)
    assert (split.commission, split.gross - split.tax - split.commission) == (400 - 500, 4_000 - 400 + 500)


def test_what_the_platform_paid_for_one_thing_is_not_taken_back_with_another() -> None:
    lamp, mug = make_line(quantity=1), make_line(quantity=1)
    promote(paid_by="platform", basis_points=1_500, products=[lamp.product_id])
    order = confirmed(make_cart(lamp, mug))
    part = part_of(order)
    first, second = part.lines.order_by("id")
    assert (part.commission, first.commission, second.commission) == (100, -100, 200)

    back = split_of(part, Counter({second.id: 1}), shipping=False)

    assert (back.gross, back.commission) == (2_400, 200)


def test_what_the_platform_pays_wholly_is_the_vendors_and_goes_back_to_the_platform() -> None:
    promote(paid_by="platform", basis_points=10_000)
    promote("free_shipping", paid_by="platform")
    order = place(make_cart(make_line(quantity=2)))
    for answer in (stock_reserved, payment_taken):
        hear(answer(order))

    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")

    (back,) = published(RefundPayment)
    assert (order.total, back.amount.minor) == (0, 0)
    assert [(one.gross, one.commission) for one in back.splits] == [(0, 400 - 4_000 - 500)]


def test_the_payment_is_the_sum_of_its_splits_with_promotions_of_both() -> None:
    promote(paid_by="platform")
    promote(vendor_id=VENDOR_A, basis_points=333)
    order = place()

    hear(stock_reserved(order))

    asked = published(TakePayment)[0]
    assert asked.amount.minor == order.total == sum(split.gross for split in asked.splits)
