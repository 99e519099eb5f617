"""Which rule a line is charged by, what that is with its tax, and that it stays as it was sold.

The oracle of the property is written down as the README says it, without the code's own arithmetic.
"""

from collections import Counter
from datetime import timedelta
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from factories import VENDOR_A, VENDOR_B, confirmed, hear, make_cart, make_line, part_of, place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from order_service.actions.giving_back import give_back
from order_service.actions.orders import splits_of
from order_service.actions.refunds import ask_refund, refund_part
from order_service.clients import CartLine
from order_service.models import CategoryPlace, CommissionRule, Order, OrderLine, Refund, VendorTerms
from order_service.queries.quotes import Quote, QuotedPart, quote
from order_service.queries.shares import left_of
from shared.contracts.catalog import CategoryChanged
from shared.contracts.order import OrderConfirmed
from shared.contracts.payment import Split, TakePayment
from shared.contracts.vendor import CommissionRule as Told
from shared.contracts.vendor import CommissionRulesChanged
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import published

pytestmark = pytest.mark.django_db
LAMPS, READING_LAMPS, MUGS = (UUID(int=number) for number in (0xC1, 0xC2, 0xC3))
LAMP = UUID(int=0xF1)
VERSIONS = iter(range(1, 10**6))


def rule(basis_points: int = 0, *fees: MoneyData, **which: Any) -> Told:
    return Told(rule_id=uuid4(), basis_points=basis_points, fees_per_unit=fees, **which)


def rules(*told: Told, version: int | None = None) -> None:
    hear(CommissionRulesChanged(rules=told, version=version or next(VERSIONS)))


def placed_under(category: UUID, *above: UUID, version: int = 1) -> None:
    hear(CategoryChanged(category_id=category, lineage=(*above, category), version=version))


def charged(*lines: CartLine) -> list[int]:
    """Basis points of each line, in their order."""
    quoted = price(*lines)
    rates = {
        line.line.variant_id: rate for part in quoted.parts for line, rate in zip(part.lines, part.rates, strict=True)
    }
    return [rates[line.variant_id].basis_points for line in lines]


def price(*lines: CartLine) -> Quote:
    return quote(cart=make_cart(*lines), country="GB", method=None, coupon_code=None, buyer_key="ada")


# ── Which ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_rules_it_is_the_vendors_own_rate_or_the_default() -> None:
    VendorTerms.objects.create(vendor_id=VENDOR_A, name="N", commission_basis_points=700, version=1)

    assert charged(make_line(), make_line(vendor_id=VENDOR_B)) == [700, 1_000]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, [1, 1, 1]),
        ({"vendor_id": VENDOR_A}, [1, 1, 1_000]),
        ({"product_id": LAMP}, [1, 1_000, 1_000]),
        ({"category_id": MUGS}, [1_000, 1, 1]),
        ({"category_id": MUGS, "vendor_id": VENDOR_B}, [1_000, 1_000, 1]),
        ({"category_id": MUGS, "product_id": LAMP}, [1_000, 1_000, 1_000]),
        ({"vendor_id": uuid4()}, [1_000, 1_000, 1_000]),
    ],
    ids=["all", "vendor", "product", "category", "category and vendor", "nothing has both", "somebody else"],
)
def test_a_rule_is_of_what_it_names(which: dict[str, UUID], expected: list[int]) -> None:
    rules(rule(1, **which))

    lamp = make_line(product_id=LAMP, category_id=LAMPS)
    mugs = [make_line(category_id=MUGS, vendor_id=vendor) for vendor in (VENDOR_A, VENDOR_B)]

    assert charged(lamp, *mugs) == expected


def test_the_first_that_matches_holds_however_special_a_later_one_is() -> None:
    lamp = make_line(product_id=LAMP, category_id=LAMPS)

    rules(rule(300, category_id=LAMPS), rule(200, product_id=LAMP), rule(100))
    assert charged(lamp, make_line()) == [300, 100]

    rules(rule(200, product_id=LAMP), rule(300, category_id=LAMPS))
    assert charged(lamp, make_line()) == [200, 1_000]


def test_a_category_has_all_that_stand_below_it() -> None:
    placed_under(READING_LAMPS, UUID(int=1), LAMPS)
    rules(rule(5, category_id=LAMPS))
    of = [make_line(category_id=one) for one in (READING_LAMPS, LAMPS, MUGS, None)]

    assert charged(*of) == [5, 5, 1_000, 1_000]

    placed_under(READING_LAMPS, MUGS, version=2)
    assert charged(*of) == [1_000, 5, 1_000, 1_000]

    placed_under(READING_LAMPS, LAMPS, version=1)
    assert charged(*of) == [1_000, 5, 1_000, 1_000]


def test_a_rule_holds_from_its_start_until_its_end() -> None:
    now, hour = timezone.now(), timedelta(hours=1)
    rules(rule(1, starts_at=now + hour), rule(2, ends_at=now - hour), rule(3, starts_at=now - hour, ends_at=now + hour))

    assert charged(make_line()) == [3]


def test_of_two_versions_the_higher_stays_whenever_it_is_heard() -> None:
    rules(rule(7), rule(8, vendor_id=VENDOR_A), version=10**7 + 2)
    rules(rule(9), version=10**7 + 1)

    assert charged(make_line()) == [7]
    assert CommissionRule.objects.count() == 2


def test_no_rules_any_more_are_told_too() -> None:
    rules(rule(7))
    rules()

    assert charged(make_line()) == [1_000]


# ── How much ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_percentage_a_fee_for_each_unit_and_the_tax_on_both_by_hand(settings: Any) -> None:
    settings.COMMISSION_TAX_BASIS_POINTS = 2_000
    rules(rule(500, MoneyData(minor=30, currency="USD"), MoneyData(minor=9, currency="JPY")))

    (part,) = price(make_line(quantity=3, unit_price=Money(2_000, "USD"))).parts

    assert (part.commission, part.commission_tax) == (300 + 90, 78)


def test_a_fee_is_only_in_the_currencies_that_it_is_set_in() -> None:
    rules(rule(0, MoneyData(minor=30, currency="USD")))

    assert [price(make_line(unit_price=Money(2_000, code))).parts[0].commission for code in ("USD", "JPY")] == [60, 0]


@pytest.mark.parametrize(("tax", "most"), [(0, 50), (2_000, 41)])
def test_nobody_pays_for_selling(tax: int, most: int, settings: Any) -> None:
    settings.COMMISSION_TAX_BASIS_POINTS = tax
    rules(rule(0, MoneyData(minor=30, currency="USD")))

    (part,) = price(make_line(quantity=2, unit_price=Money(25, "USD"))).parts

    assert part.commission == most
    assert part.commission + part.commission_tax <= 50


def test_the_rate_of_the_tax_is_that_of_the_vendors_country(settings: Any) -> None:
    settings.COMMISSION_TAX_BASIS_POINTS, settings.COMMISSION_TAX_BY_COUNTRY = 500, {"DE": 1_900, "US": 0}
    told = {VENDOR_A: "DE", VENDOR_B: "US", UUID(int=0xC): "FR", UUID(int=0xD): ""}
    for vendor, country in told.items():
        VendorTerms.objects.create(
            vendor_id=vendor, name="N", commission_basis_points=1_000, country=country, version=1
        )
    vendors = [*told, UUID(int=0xE)]

    quoted = price(*(make_line(vendor_id=vendor, quantity=1, unit_price=Money(10_000, "USD")) for vendor in vendors))

    assert [part.commission_tax for part in quoted.parts] == [190, 0, 50, 50, 50]


# ── As it was sold ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_charged_is_written_down_and_told_and_later_rules_change_nothing_of_it(settings: Any) -> None:
    settings.COMMISSION_TAX_BASIS_POINTS = 2_000
    told = rule(500, MoneyData(minor=30, currency="USD"), vendor_id=VENDOR_A)
    rules(told)
    order = confirmed(make_cart(make_line(quantity=2, unit_price=Money(2_000, "USD"))))
    rules(rule(9_000))
    settings.COMMISSION_TAX_BASIS_POINTS = 0

    line, part = OrderLine.objects.get(), part_of(order)
    assert (line.commission_basis_points, line.commission_fee_per_unit, line.commission_rule_id) == (
        500,
        30,
        told.rule_id,
    )
    assert (line.commission, line.commission_tax) == (part.commission, part.commission_tax) == (260, 52)
    assert (part.commission_basis_points, part.commission_tax_basis_points) == (1_000, 2_000)
    (split,) = published(TakePayment)[0].splits
    assert (split.commission, split.commission_tax) == (260, 52)
    (sold,) = published(OrderConfirmed)[0].vendor_orders
    assert sold.commission_tax == sold.lines[0].commission_tax == MoneyData(minor=52, currency="USD")
    assert (sold.lines[0].commission, sold.lines[0].commission_basis_points) == (sold.commission, 500)

    refund = ask_refund(order=order, splits=left_of(order), reason="all of it")
    assert refund is not None
    assert (refund.splits[0]["commission"], refund.splits[0]["commission_tax"]) == (260, 52)


def test_a_return_gives_back_its_part_of_both(settings: Any) -> None:
    settings.COMMISSION_TAX_BASIS_POINTS = 2_000
    order = confirmed(make_cart(make_line(quantity=2, unit_price=Money(2_000, "USD"))))
    line, part = OrderLine.objects.get(), part_of(order)

    give_back(part, Counter({line.id: 1}), reason="came back")

    (split,) = Refund.objects.get().splits
    assert (split["commission"], split["commission_tax"]) == (200, 40)


def test_a_refund_asked_before_there_was_such_a_tax_counts_as_none_of_it() -> None:
    order = confirmed(make_cart(make_line()))
    (split,) = (one.model_dump(mode="json") for one in splits_of(order))
    del split["commission_tax"]
    Refund.objects.create(
        order=order, amount=1, reason="old", splits=[{**split, "gross": 1, "tax": 0, "commission": 0}]
    )

    (left,) = left_of(order)

    assert (left.gross, left.commission, left.commission_tax) == (order.total - 1, 400, 0)


def test_a_quote_takes_as_many_statements_for_many_rules_and_vendors(
    django_assert_num_queries: Any,
) -> None:
    lines = [make_line(category_id=MUGS, vendor_id=UUID(int=number)) for number in range(1, 6)]
    with django_assert_num_queries(8):
        price(lines[0])

    rules(*(rule(number, category_id=uuid4()) for number in range(50)))
    with django_assert_num_queries(8):
        price(*lines)


# ── Any sale ─────────────────────────────────────────────────────────────────────────────────────────────────────────

RATES = st.integers(0, 10_000)
LINES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 9), st.integers(0, 10**6)), min_size=1, max_size=6
)
"""Vendor, category, quantity, price."""
RULES = st.lists(
    st.tuples(st.none() | st.integers(0, 2), st.none() | st.integers(0, 3), RATES, st.integers(0, 500)), max_size=5
)
"""Vendor, category, basis points, fee."""
BACK = st.lists(st.tuples(st.sampled_from(["goods", "amount"]), st.integers(0, 5), st.integers(1, 98)), max_size=4)
TREE = {0: {0}, 1: {0, 1}, 2: {0, 1, 2}, 3: {3}}
"""Category → what it is in."""


@given(currency=st.sampled_from(["JPY", "USD", "KWD"]), lines=LINES, told=RULES, tax=st.integers(0, 3_000), back=BACK)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_sale_is_charged_as_the_rules_say_and_all_of_it_comes_back(currency, lines, told, tax, back) -> None:
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.COMMISSION_TAX_BASIS_POINTS", tax)
        for category, above in TREE.items():
            hear_place(category, above)
        rules(*(as_told(one, currency) for one in told))
        cart = make_cart(*(as_line(one, currency) for one in lines))
        quoted = price(*cart.lines)
        for part in quoted.parts:
            check(part, told, tax)

        order = place(cart)
        Order.objects.filter(id=order.id).update(status="confirmed", confirmed_at=timezone.now())
        order.refresh_from_db()
        whole = splits_of(order)
        for how, which, percent in back:
            give(order, how, which, percent)
        ask_refund(order=order, splits=left_of(order), reason="the rest")

        gone = [Split.model_validate(one) for refund in order.refunds.all() for one in refund.splits]
        if order.total:
            for split in whole:
                mine = [one for one in gone if one.vendor_order_id == split.vendor_order_id]
                for name in ("gross", "tax", "commission", "commission_tax"):
                    assert sum(getattr(one, name) for one in mine) == getattr(split, name)
        assert all(one.commission_tax >= 0 for one in gone)
        transaction.set_rollback(True)


def hear_place(category: int, above: set[int]) -> None:
    lineage = [UUID(int=0xC0 + one) for one in sorted(above)]
    CategoryPlace.objects.create(category_id=UUID(int=0xC0 + category), lineage=lineage, version=1)


def as_told(one: tuple[int | None, int | None, int, int], currency: str) -> Told:
    vendor, category, basis_points, fee = one
    return rule(
        basis_points,
        MoneyData(minor=fee, currency=currency),
        vendor_id=None if vendor is None else UUID(int=vendor + 1),
        category_id=None if category is None else UUID(int=0xC0 + category),
    )


def as_line(one: tuple[int, int, int, int], currency: str) -> CartLine:
    vendor, category, quantity, minor = one
    where = {"vendor_id": UUID(int=vendor + 1), "category_id": UUID(int=0xC0 + category)}
    return make_line(quantity=quantity, unit_price=Money(minor, currency), available=99, **where)


def check(part: QuotedPart, told: list[tuple[int | None, int | None, int, int]], tax: int) -> None:
    """Each line within a unit of its exact charge, or at the most that leaves its vendor nothing; the tax half up."""
    for line, fee in zip(part.lines, part.fees, strict=True):
        vendor, category = line.line.vendor_id.int - 1, (line.line.category_id or UUID(int=0)).int - 0xC0
        basis_points, each = next(
            (one[2:] for one in told if one[0] in {None, vendor} and (one[1] is None or one[1] in TREE[category])),
            (1_000, 0),
        )
        exact = Fraction(line.commission_basis * basis_points, 10_000) + each * line.line.quantity
        most = floor(Fraction(line.commission_basis * 10_000, 10_000 + tax))
        assert fee <= most
        assert abs(fee - min(exact, most)) < 1 + Fraction(1, 2)
    assert part.commission_tax == floor(Fraction(sum(part.fees) * tax, 10_000) + Fraction(1, 2))
    assert part.total - part.tax - part.tax_included - part.commission - part.commission_tax >= 0


def give(order: Order, how: str, which: int, percent: int) -> None:
    left = sum(split.gross for split in left_of(order))
    if how == "amount" and left * percent // 100:
        money = Money(left * percent // 100, order.currency)
        refund_part(order_id=order.id, amount=money, reason="goodwill")
    elif how == "goods":
        parts = list(order.vendor_orders.select_related("order").order_by("id"))
        part = parts[which % len(parts)]
        units = {line.id: (line.quantity - line.refunded_quantity) * percent // 99 for line in part.lines.all()}
        give_back(part, Counter(units), reason="came back")
