"""Which tax is on what, at an address."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from order_service.models import TaxCategory, TaxedCategory, TaxRate
from shared.errors import NotFound
from shared.money import share


@dataclass(frozen=True, slots=True)
class TaxTable:
    """The rates that hold at an address."""

    rates: tuple[TaxRate, ...]
    kinds: dict[UUID, UUID]
    """Category of the catalogue → tax category."""

    def for_goods(self, categories: Sequence[UUID]) -> TaxRate | None:
        """Of things in these, the nearest first."""
        return self._closest(next((self.kinds[one] for one in categories if one in self.kinds), None))

    def for_shipping(self) -> TaxRate | None:
        rate = self._closest(None)
        return rate if rate and rate.on_shipping else None

    def _closest(self, kind: UUID | None) -> TaxRate | None:
        fitting = [rate for rate in self.rates if rate.tax_category_id in {None, kind}]
        return max(fitting, key=lambda rate: (bool(rate.region), rate.tax_category_id is not None), default=None)


def taxes_at(*, country: str, region: str, categories: Collection[UUID]) -> TaxTable:
    rates = TaxRate.objects.filter(country=country, region__in={"", region_key(region)})
    members = TaxedCategory.objects.filter(category_id__in=categories)
    return TaxTable(tuple(rates), dict(members.values_list("category_id", "tax_category_id")))


def region_key(region: str) -> str:
    """As regions are kept: however an address spells `ca`, it is `CA`."""
    return region.strip().upper()


def taxed(rate: TaxRate | None, amount: int) -> tuple[int, int]:
    """The tax that is added to an amount, and the tax that it contains: one of them, rounded half up."""
    if rate is None:
        return 0, 0
    return (0, contained(amount, rate.basis_points)) if rate.inclusive else (share(amount, rate.basis_points), 0)


def contained(amount: int, basis_points: int) -> int:
    """What of an amount, not negative, is a tax of so many basis points on the rest."""
    whole = 10_000 + basis_points
    return (2 * amount * basis_points + whole) // (2 * whole)


# ── As admins manage them ────────────────────────────────────────────────────────────────────────────────────────────


def tax_categories() -> QuerySet[TaxCategory]:
    members = TaxedCategory.objects.order_by("category_id")
    return TaxCategory.objects.prefetch_related(Prefetch("members", queryset=members))


def tax_rates() -> QuerySet[TaxRate]:
    return TaxRate.objects.all()


def tax_category_by_id(tax_category_id: UUID) -> TaxCategory:
    row = tax_categories().filter(id=tax_category_id).first()
    if row is None:
        raise NotFound()
    return row


def tax_rate_by_id(tax_rate_id: UUID) -> TaxRate:
    row = tax_rates().filter(id=tax_rate_id).first()
    if row is None:
        raise NotFound()
    return row
