"""What an order would cost, and why. The same code prices a quote and an order.

line_total = unit price × quantity
discount   = what promotions take off the line (discounts.py)
shipping   = each vendor's parcel by its weight, less what promotions take off it (shipping.py)
tax        = rate on line_total − discount, rounded per line; and rate on shipping, rounded per vendor order (taxes.py)
           it is added to them, or, where the rate is inclusive, they contain it already (tax_included)
total      = items − discount + shipping + tax, for each vendor order and in all
commission = by rule or the vendor's rate on what it sold the goods for without tax (commissions.py), less the discounts
             that the platform pays; the tax on it (commission_tax) is the vendor's to pay

So of what is paid, all taxes, commission and the vendor's share are all; a discount that the platform pays is the
vendor's all the same, and commission may be below zero for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from order_service.clients import Cart, CartLine
from order_service.errors import NotDelivered
from order_service.models import Promotion, ShippingMethod, ShippingRate, TaxRate
from order_service.queries.categories import located
from order_service.queries.commissions import CommissionTable, Rate, commissions_for, fees, taxes_on
from order_service.queries.discounts import Cut, cuts, frees_shipping, total_of
from order_service.queries.promotions import promotions_for
from order_service.queries.reasons import Reason
from order_service.queries.shipping import RateTable, offered, rates_to, rule_name
from order_service.queries.taxes import TaxTable, taxed, taxes_at
from shared.errors import Invalid


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """Amounts in minor units of the quote's currency."""

    line: CartLine
    line_total: int
    discount: int
    platform_discount: int
    tax: int
    tax_included: int
    why: tuple[Reason, ...]

    @property
    def paid(self) -> int:
        return self.line_total - self.discount

    @property
    def commission_basis(self) -> int:
        return self.paid - self.tax_included + self.platform_discount


@dataclass(frozen=True, slots=True)
class QuotedShipping:
    """`price` is what the buyer pays for a vendor's parcel, after `discount`."""

    price: int
    discount: int = 0
    platform_discount: int = 0
    tax: int = 0
    tax_included: int = 0
    why: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class QuotedPart:
    """A vendor's share of the quote."""

    vendor_id: UUID
    vendor_name: str
    lines: tuple[QuotedLine, ...]
    parcel: QuotedShipping
    rates: tuple[Rate, ...]
    """Of the lines, in their order."""
    commission_basis_points: int
    """The vendor's own rate, whatever rules say of the lines."""
    commission_tax_basis_points: int = 0

    @property
    def items(self) -> int:
        return sum(line.line_total for line in self.lines)

    @property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)

    @property
    def shipping(self) -> int:
        return self.parcel.price

    @property
    def tax(self) -> int:
        return sum(line.tax for line in self.lines) + self.parcel.tax

    @property
    def tax_included(self) -> int:
        return sum(line.tax_included for line in self.lines) + self.parcel.tax_included

    @property
    def total(self) -> int:
        return self.items - self.discount + self.shipping + self.tax

    @property
    def platform_discount(self) -> int:
        return sum(line.platform_discount for line in self.lines) + self.parcel.platform_discount

    @property
    def weight_grams(self) -> int:
        return weight_of([line.line for line in self.lines])

    @property
    def fees(self) -> list[int]:
        """The commission of each line, before the platform's discounts."""
        bases = [line.commission_basis for line in self.lines]
        quantities = [line.line.quantity for line in self.lines]
        return fees(self.rates, bases, quantities, tax=self.commission_tax_basis_points)

    @property
    def fee_taxes(self) -> list[int]:
        """On what is charged for the service: what the platform pays of the price does not lower that."""
        return taxes_on(self.fees, self.commission_tax_basis_points)

    @property
    def commission(self) -> int:
        return sum(self.fees) - self.platform_discount

    @property
    def commission_tax(self) -> int:
        return sum(self.fee_taxes)


@dataclass(frozen=True, slots=True)
class Option:
    """A way to ship all of it: what each vendor's parcel costs then, in the order of the parts."""

    method: ShippingMethod
    parcels: tuple[QuotedShipping, ...]

    @property
    def price(self) -> int:
        return sum(parcel.price for parcel in self.parcels)


@dataclass(frozen=True, slots=True)
class Quote:
    currency: str
    method: str
    promotions: tuple[Promotion, ...]
    options: tuple[Option, ...]
    parts: tuple[QuotedPart, ...]

    @property
    def coupon(self) -> Promotion | None:
        return next((one for one in self.promotions if one.code), None)

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
    def tax_included(self) -> int:
        return sum(part.tax_included for part in self.parts)

    @property
    def total(self) -> int:
        return sum(part.total for part in self.parts)


def quote(
    *, cart: Cart, country: str, method: str | None, coupon_code: str | None, buyer_key: str, region: str = ""
) -> Quote:
    """Raises CouponRefused, NotDelivered and Invalid (a shipping method that is not offered for this)."""
    cart = located(cart)
    promotions = promotions_for(cart=cart, code=coupon_code, buyer_key=buyer_key)
    categories = {one for line in cart.lines for one in line.categories}
    taxes = taxes_at(country=country, region=region, categories=categories)
    lines = [_line(*one, taxes) for one in zip(cart.lines, cuts(promotions, cart.lines), strict=True)]
    vendors = list(dict.fromkeys(line.vendor_id for line in cart.lines))
    parcels = [[line for line in lines if line.line.vendor_id == vendor] for vendor in vendors]
    table = rates_to(country=country, currency=cart.currency, vendors=vendors)
    options = _options(table, parcels, promotions, taxes.for_shipping())
    chosen = _chosen(options, method)
    commissions = commissions_for(cart.lines)
    return Quote(
        currency=cart.currency,
        method=chosen.method.code,
        promotions=promotions,
        options=tuple(options),
        parts=tuple(_part(*one, commissions) for one in zip(parcels, chosen.parcels, strict=True)),
    )


def _chosen(options: Sequence[Option], method: str | None) -> Option:
    if not options:
        raise NotDelivered("No method ships all of this to this address in this currency.")
    chosen = next((one for one in options if method in {None, "", one.method.code}), None)
    if chosen is None:
        raise Invalid({"shipping_method": [f"One of: {', '.join(one.method.code for one in options)}."]})
    return chosen


# ── Lines ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _line(line: CartLine, taken: Sequence[Cut], taxes: TaxTable) -> QuotedLine:
    total, discount = total_of(line), sum(cut.amount for cut in taken)
    rate = taxes.for_goods(line.categories)
    added, contained = taxed(rate, total - discount)
    return QuotedLine(
        line=line,
        line_total=total,
        discount=discount,
        platform_discount=sum(cut.amount for cut in taken if _by_platform(cut.promotion)),
        tax=added,
        tax_included=contained,
        why=(*map(_discounted, taken), *_taxed("tax", rate, total - discount)),
    )


def _by_platform(promotion: Promotion) -> bool:
    return promotion.paid_by == Promotion.Payer.PLATFORM


def _discounted(cut: Cut) -> Reason:
    return Reason(
        kind="discount",
        rule=cut.promotion.title,
        base=cut.base,
        basis_points=cut.promotion.basis_points if cut.promotion.kind != Promotion.Kind.AMOUNT else None,
        amount=-cut.amount,
        paid_by=cut.promotion.paid_by,
        promotion_id=cut.promotion.id,
    )


def _taxed(kind: str, rate: TaxRate | None, base: int) -> list[Reason]:
    if rate is None:
        return []
    return [
        Reason(
            kind=kind,
            rule=rate.name,
            base=base,
            basis_points=rate.basis_points,
            amount=sum(taxed(rate, base)),
            included=rate.inclusive,
        )
    ]


# ── Parcels ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _options(
    table: RateTable,
    parcels: Sequence[Sequence[QuotedLine]],
    promotions: Sequence[Promotion],
    tax: TaxRate | None,
) -> list[Option]:
    weights = [(lines[0].line.vendor_id, weight_of([line.line for line in lines])) for lines in parcels]
    options = []
    for method in offered(table, weights):
        rates = [table.rate_for(method=method.code, vendor=vendor, grams=grams) for vendor, grams in weights]
        priced = zip(rates, parcels, strict=True)
        quoted = tuple(_parcel(rate, lines, promotions, tax) for rate, lines in priced if rate is not None)
        options.append(Option(method, quoted))
    return options


def weight_of(lines: Sequence[CartLine]) -> int:
    """Grams."""
    return sum(line.weight_grams * line.quantity for line in lines)


def _parcel(
    rate: ShippingRate, lines: Sequence[QuotedLine], promotions: Sequence[Promotion], tax_rate: TaxRate | None
) -> QuotedShipping:
    charge = rate.charge(sum(line.paid for line in lines))
    plain = [line.line for line in lines]
    free = next((one for one in promotions if frees_shipping(one, plain)), None) if charge else None
    price = 0 if free else charge
    added, contained = taxed(tax_rate, price)
    return QuotedShipping(
        price=price,
        discount=charge - price,
        platform_discount=charge - price if free and _by_platform(free) else 0,
        tax=added,
        tax_included=contained,
        why=(
            Reason(kind="shipping", rule=rule_name(rate), amount=charge, base=rate.price),
            *([_freed(free, charge)] if free else []),
            *_taxed("shipping_tax", tax_rate, price),
        ),
    )


def _freed(promotion: Promotion, charge: int) -> Reason:
    return Reason(
        kind="shipping_discount",
        rule=promotion.title,
        base=charge,
        amount=-charge,
        paid_by=promotion.paid_by,
        promotion_id=promotion.id,
    )


def _part(lines: Sequence[QuotedLine], parcel: QuotedShipping, table: CommissionTable) -> QuotedPart:
    vendor = lines[0].line
    return QuotedPart(
        vendor_id=vendor.vendor_id,
        vendor_name=vendor.vendor_name,
        lines=tuple(lines),
        parcel=parcel,
        rates=tuple(table.rate_for(line.line) for line in lines),
        commission_basis_points=table.own_rate(vendor.vendor_id),
        commission_tax_basis_points=table.tax_rate(vendor.vendor_id),
    )
