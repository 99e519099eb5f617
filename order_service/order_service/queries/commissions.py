"""What the marketplace keeps of a sale: by the first rule that matches a line, or else the vendor's own rate; and the
tax on it, by the vendor's country.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from order_service.clients import CartLine
from order_service.models import CommissionRule, VendorTerms
from shared.money import allocate, share

WHOLE = 10_000
"""Basis points."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What holds for a line. `fee_per_unit` in minor units of its currency."""

    basis_points: int
    fee_per_unit: int = 0
    rule_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CommissionTable:
    """What holds at this moment for the vendors of a cart."""

    terms: dict[UUID, VendorTerms] = field(default_factory=dict)
    rules: tuple[CommissionRule, ...] = ()

    def own_rate(self, vendor_id: UUID) -> int:
        """Where no rule says otherwise."""
        terms = self.terms.get(vendor_id)
        return terms.commission_basis_points if terms else settings.DEFAULT_COMMISSION_BASIS_POINTS

    def tax_rate(self, vendor_id: UUID) -> int:
        """Of the tax on the commission."""
        terms = self.terms.get(vendor_id)
        country = terms.country if terms else ""
        rate: int = settings.COMMISSION_TAX_BY_COUNTRY.get(country, settings.COMMISSION_TAX_BASIS_POINTS)
        return rate

    def rate_for(self, line: CartLine) -> Rate:
        rule = next((rule for rule in self.rules if self._matches(rule, line)), None)
        if rule is None:
            return Rate(self.own_rate(line.vendor_id))
        return Rate(rule.basis_points, rule.fees_per_unit.get(line.unit_price.currency, 0), rule.id)

    def _matches(self, rule: CommissionRule, line: CartLine) -> bool:
        return (
            rule.vendor_id in {None, line.vendor_id}
            and rule.product_id in {None, line.product_id}
            and (rule.category_id is None or rule.category_id in line.categories)
        )


def commissions_for(lines: Sequence[CartLine]) -> CommissionTable:
    vendors = {line.vendor_id for line in lines}
    terms = {row.vendor_id: row for row in VendorTerms.objects.filter(vendor_id__in=vendors)}
    return CommissionTable(terms, _rules_for(vendors))


def _rules_for(vendors: set[UUID]) -> tuple[CommissionRule, ...]:
    now = timezone.now()
    valid = Q(starts_at=None) | Q(starts_at__lte=now), Q(ends_at=None) | Q(ends_at__gt=now)
    return tuple(CommissionRule.objects.filter(Q(vendor_id=None) | Q(vendor_id__in=vendors), *valid))


def fees(rates: Sequence[Rate], bases: Sequence[int], quantities: Sequence[int], *, tax: int) -> list[int]:
    """The commission of each line: the percentage of all lines at the same rate, spread over them, so that rounding
    does not grow with their number, and the fee of each unit. Never so much that with its tax, of `tax` basis points,
    a vendor would pay for selling.
    """
    found = [
        share_of + rate.fee_per_unit * quantity
        for share_of, rate, quantity in zip(_percentages(rates, bases), rates, quantities, strict=True)
    ]
    return [min(fee, base * WHOLE // (WHOLE + tax)) for fee, base in zip(found, bases, strict=True)]


def _percentages(rates: Sequence[Rate], bases: Sequence[int]) -> list[int]:
    found = [0] * len(bases)
    for basis_points in {rate.basis_points for rate in rates}:
        alike = [number for number, rate in enumerate(rates) if rate.basis_points == basis_points]
        weights = [bases[number] for number in alike]
        for number, part in zip(alike, allocate(share(sum(weights), basis_points), weights), strict=True):
            found[number] = part
    return found


def taxes_on(charged: Sequence[int], basis_points: int) -> list[int]:
    """The tax on all of it, rounded once and spread by what it is on."""
    return allocate(share(sum(charged), basis_points), charged)
