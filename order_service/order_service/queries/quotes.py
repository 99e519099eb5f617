"""What an order would cost, and why. The same code prices a quote and an order.

line_total = unit price × quantity
discount   = the coupon's, spread over the lines it covers (largest remainder)
tax        = rate × (line_total − discount), rounded per line; and rate × shipping, rounded per vendor order
total      = items − discount + shipping + tax, for each vendor order and in all
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from order_service.clients import Cart, CartLine
from order_service.errors import CouponRefused
from order_service.models import Coupon, CouponRedemption, VendorTerms
from shared.errors import Invalid
from shared.money import EXPONENTS, allocate, share

METHODS: dict[str, dict[int, int]] = {
    "standard": {0: 600, 2: 500, 3: 1_500},
    "express": {0: 1_800, 2: 1_500, 3: 4_500},
}
"""Shipping method → digits of the currency → minor units a vendor order."""
DEFAULT_METHOD = "standard"

TAX_BASIS_POINTS = {
    "AT": 2000, "BE": 2100, "CH": 810, "DE": 1900, "DK": 2500, "ES": 2100, "FR": 2000, "GB": 2000, "IE": 2300,
    "IT": 2200, "NL": 2100, "NO": 2500, "SE": 2500, "US": 700, "CA": 500, "AU": 1000, "JP": 1000,
}  # fmt: skip
"""Country → rate on goods and shipping, added to the price. Others: none."""


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """Amounts in minor units of the quote's currency."""

    line: CartLine
    line_total: int
    discount: int
    tax: int


@dataclass(frozen=True, slots=True)
class QuotedPart:
    """A vendor's share of the quote."""

    vendor_id: UUID
    vendor_name: str
    lines: tuple[QuotedLine, ...]
    shipping: int
    shipping_tax: int
    commission_basis_points: int

    @property
    def items(self) -> int:
        return sum(line.line_total for line in self.lines)

    @property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines) + self.shipping_tax

    @property
    def total(self) -> int:
        return self.items - self.discount + self.shipping + self.tax

    @property
    def commission(self) -> int:
        return share(self.items - self.discount, self.commission_basis_points)


@dataclass(frozen=True, slots=True)
class Quote:
    currency: str
    method: str
    coupon: Coupon | None
    parts: tuple[QuotedPart, ...]

    @property
    def items(self) -> int:
        return sum(part.items for part in self.parts)

    @property
    def discount(self) -> int:
        return sum(part.discount for part in self.parts)

    @property
    def shipping(self) -> int:
        return sum(part.shipping for part in self.parts)

    @property
    def tax(self) -> int:
        return sum(part.tax for part in self.parts)

    @property
    def total(self) -> int:
        return sum(part.total for part in self.parts)


def quote(*, cart: Cart, country: str, method: str | None, coupon_code: str | None, buyer_key: str) -> Quote:
    """Raises CouponRefused and Invalid (an unknown shipping method)."""
    method = method or DEFAULT_METHOD
    if method not in METHODS:
        raise Invalid({"shipping_method": [f"One of: {', '.join(METHODS)}."]})
    coupon = usable_coupon(code=coupon_code, cart=cart, buyer_key=buyer_key) if coupon_code else None
    rate = TAX_BASIS_POINTS.get(country, 0)
    quoted = _lines(cart, coupon, rate)
    terms = _commissions({line.vendor_id for line in cart.lines})
    flat = 0 if coupon and coupon.kind == Coupon.Kind.FREE_SHIPPING else shipping_cost(method, cart.currency)
    vendors = dict.fromkeys(line.vendor_id for line in cart.lines)
    return Quote(
        currency=cart.currency,
        method=method,
        coupon=coupon,
        parts=tuple(_part(vendor, quoted, flat, rate, terms) for vendor in vendors),
    )


def shipping_cost(method: str, currency: str) -> int:
    """Minor units for one vendor order."""
    return METHODS[method][EXPONENTS[currency]]


def _lines(cart: Cart, coupon: Coupon | None, rate: int) -> list[QuotedLine]:
    totals = [line.unit_price.minor * line.quantity for line in cart.lines]
    discounts = allocate(_discount(coupon, sum(totals)), totals) if any(totals) else [0] * len(totals)
    return [
        QuotedLine(line, total, discount, share(total - discount, rate))
        for line, total, discount in zip(cart.lines, totals, discounts, strict=True)
    ]


def _discount(coupon: Coupon | None, items_total: int) -> int:
    if coupon is None:
        return 0
    if coupon.kind == Coupon.Kind.PERCENTAGE:
        return share(items_total, coupon.basis_points)
    return min(coupon.amount, items_total)


def _part(vendor: UUID, quoted: Sequence[QuotedLine], flat: int, rate: int, terms: dict[UUID, int]) -> QuotedPart:
    lines = tuple(line for line in quoted if line.line.vendor_id == vendor)
    return QuotedPart(
        vendor_id=vendor,
        vendor_name=lines[0].line.vendor_name,
        lines=lines,
        shipping=flat,
        shipping_tax=share(flat, rate),
        commission_basis_points=terms.get(vendor, settings.DEFAULT_COMMISSION_BASIS_POINTS),
    )


def _commissions(vendors: set[UUID]) -> dict[UUID, int]:
    rows = VendorTerms.objects.filter(vendor_id__in=vendors)
    return dict(rows.values_list("vendor_id", "commission_basis_points"))


def usable_coupon(*, code: str, cart: Cart, buyer_key: str) -> Coupon:
    """The coupon, if this buyer may use it on this cart now. Raises CouponRefused, which says why not."""
    coupon = Coupon.objects.filter(code=code.strip().upper()).first()
    if coupon is None:
        raise CouponRefused("There is no such coupon.")
    if reason := _why_not(coupon, cart, buyer_key, timezone.now()):
        raise CouponRefused(reason)
    return coupon


def _why_not(coupon: Coupon, cart: Cart, buyer_key: str, now: datetime) -> str:
    items_total = sum(line.unit_price.minor * line.quantity for line in cart.lines)
    reasons = {
        "This coupon is not valid yet.": coupon.starts_at is not None and now < coupon.starts_at,
        "This coupon has expired.": coupon.ends_at is not None and now >= coupon.ends_at,
        "This coupon has been used up.": (
            coupon.redemption_limit is not None and coupon.redeemed >= coupon.redemption_limit
        ),
        "This coupon is for another currency.": bool(
            (coupon.amount and coupon.currency != cart.currency)
            or (coupon.minimum and coupon.minimum_currency != cart.currency)
        ),
        "The cart has not reached this coupon's minimum.": items_total < coupon.minimum,
    }
    first = next((reason for reason, holds in reasons.items() if holds), "")
    return first or _used_enough(coupon, buyer_key)


def _used_enough(coupon: Coupon, buyer_key: str) -> str:
    if coupon.per_user_limit is None:
        return ""
    used = CouponRedemption.objects.filter(coupon=coupon, buyer_key=buyer_key, released_at=None).count()
    return "You have used this coupon as often as it allows." if used >= coupon.per_user_limit else ""
