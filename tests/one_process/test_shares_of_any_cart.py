"""The arithmetic of any cart, without a database, so that there can be many: priced, shared out, given back in parts.

All of T21: NEXUS_CARTS=10000.
"""

import os
from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from order_service.clients import Cart, CartLine
from order_service.models import Promotion, ShippingMethod, ShippingRate, ShippingZone, TaxRate
from order_service.queries import quotes
from order_service.queries.commissions import Rate
from order_service.queries.shipping import RateTable
from order_service.queries.taxes import TaxTable
from payment_service.actions.payments import _shares
from payment_service.actions.splits import part_of
from shared.context import new_id
from shared.contracts.payment import Split
from shared.money import Money, allocate

CARTS = max(int(os.environ.get("NEXUS_CARTS", "40")), 500)
BASIS_POINTS = st.integers(0, 10_000)
ADDED, INSIDE = "added", "inside"
VARIANT, PRODUCT = new_id(), new_id()


@dataclass(frozen=True)
class Sale:
    """`lines`: vendor, quantity, price. `back`: parts of what is left, in hundredths of a per cent."""

    currency: str
    lines: list[tuple[int, int, int]]
    commissions: list[int]
    fee: int
    """Of each unit, besides."""
    tax_on_it: int
    """On the commission, in basis points."""
    tax: tuple[int, str]
    shipping: int
    discount: tuple[str, int, str] | None
    back: list[int]


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    vendors = draw(st.integers(1, 20))
    prices = draw(st.lists(st.integers(0, 10**7), min_size=vendors, max_size=vendors))
    line = st.tuples(st.integers(0, vendors - 1), st.integers(1, 99), st.integers(0, 10**7))
    more = draw(st.lists(line, max_size=4))
    kinds = st.sampled_from(["percentage", "amount", "free_shipping"])
    return Sale(
        currency=draw(st.sampled_from(["JPY", "USD", "KWD"])),
        lines=[*((number, number % 3 + 1, price) for number, price in enumerate(prices)), *more],
        commissions=draw(st.lists(BASIS_POINTS, min_size=1, max_size=3)),
        fee=draw(st.sampled_from([0, 0, 1, 99])),
        tax_on_it=draw(st.sampled_from([0, 700, 2_000, 10_000])),
        tax=draw(st.tuples(BASIS_POINTS, st.sampled_from([ADDED, INSIDE]))),
        shipping=draw(st.integers(0, 10**5)),
        discount=draw(st.none() | st.tuples(kinds, st.integers(1, 10_000), st.sampled_from(["platform", "vendor"]))),
        back=draw(st.lists(BASIS_POINTS, max_size=4)),
    )


def splits_of(sale: Sale, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[Split]]:
    """What order quotes, and what it asks payment to take: rates and promotions are handed over, not looked up."""
    zone, method = ShippingZone(name="Everywhere"), ShippingMethod(id=PRODUCT, code="standard", name="Standard")
    rate = ShippingRate(zone=zone, method=method, currency=sale.currency, price=sale.shipping)
    tax = TaxRate(name="VAT", country="GB", basis_points=sale.tax[0], inclusive=sale.tax[1] == INSIDE)
    monkeypatch.setattr(quotes, "taxes_at", lambda **_about: TaxTable((tax,), {}))
    monkeypatch.setattr(quotes, "rates_to", lambda **_about: RateTable((rate,)))
    monkeypatch.setattr(quotes, "promotions_for", lambda **_about: promised(sale))
    monkeypatch.setattr(quotes, "commissions_for", lambda _lines: Commissions(sale))
    lines = tuple(line(sale.currency, *one) for one in sale.lines)
    cart = Cart("cart", sale.currency, None, lines)
    quoted = quotes.quote(cart=cart, country="GB", method=None, coupon_code=None, buyer_key="ada")
    assert quoted.total == quoted.items - quoted.discount + quoted.shipping + quoted.tax
    return quoted.total, [
        Split(
            vendor_order_id=part.vendor_id, vendor_id=part.vendor_id, gross=part.total,
            tax=part.tax + part.tax_included, commission=part.commission,
            commission_tax=part.commission_tax,
        )
        for part in quoted.parts
    ]  # fmt: skip


def promised(sale: Sale) -> tuple[Promotion, ...]:
    if sale.discount is None:
        return ()
    kind, worth, payer = sale.discount
    return (Promotion(id=VARIANT, kind=kind, basis_points=worth, amount=worth, currency=sale.currency, paid_by=payer),)


@dataclass(frozen=True)
class Commissions:
    """What a CommissionTable answers."""

    sale: Sale

    def own_rate(self, vendor: UUID) -> int:
        return self.sale.commissions[vendor.int % len(self.sale.commissions)]

    def tax_rate(self, _vendor: UUID) -> int:
        return self.sale.tax_on_it

    def rate_for(self, line: CartLine) -> Rate:
        return Rate(self.own_rate(line.vendor_id), self.sale.fee)


def line(currency: str, vendor: int, quantity: int, price: int) -> CartLine:
    return CartLine(
        variant_id=VARIANT, product_id=PRODUCT, category_id=None, vendor_id=UUID(int=vendor + 1), vendor_name="V",
        sku="S", name="Lamp", quantity=quantity, unit_price=Money(price, currency), available=99, active=True,
    )  # fmt: skip


@given(sale=sales())
@settings(max_examples=CARTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_the_shares_of_any_cart_are_what_is_paid_and_all_that_goes_back(sale: Sale) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        total, whole = splits_of(sale, monkeypatch)
    left = whole
    booked = [sum(posting.minor for posting in _shares(split)) for split in left]
    assert booked == [-split.gross for split in left]
    assert sum(split.gross for split in left) == total
    sound(left)

    gone = 0
    for basis_points in [*sale.back, 10_000]:
        wanted = sum(split.gross for split in left) * basis_points // 10_000
        gross = allocate(wanted, [split.gross for split in left])
        parts = [part_of(split, part) for split, part in zip(left, gross, strict=True)]
        assert sum(part.gross for part in parts) == wanted
        sound(parts)
        left = [less(split, part) for split, part in zip(left, parts, strict=True)]
        sound(left)
        gone += wanted
        assert gone <= total
        assert gone + sum(split.gross for split in left) == total

    assert gone == total
    assert {(split.gross, split.tax) for split in left} == {(0, 0)}
    earned = [split for split, first in zip(left, whole, strict=True) if first.gross > first.tax]
    assert {(split.commission, split.commission_tax) for split in earned} <= {(0, 0)}


def sound(splits: list[Split]) -> None:
    """Whole units, none below nothing; but a commission may be, where the platform pays a discount."""
    for split in splits:
        assert all(type(figure) is int for figure in (split.gross, split.tax, split.commission, split.commission_tax))
        assert 0 <= split.tax <= split.gross
        assert split.commission_tax >= 0
        assert split.gross - split.tax - split.commission - split.commission_tax >= 0


def less(split: Split, part: Split) -> Split:
    names = ("gross", "tax", "commission", "commission_tax")
    return split.model_copy(update={name: getattr(split, name) - getattr(part, name) for name in names})
