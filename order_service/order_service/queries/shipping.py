"""What shipping to an address costs, by each method."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Prefetch, Q, QuerySet

from order_service.models import ShippingMethod, ShippingRate, ShippingZone, ZoneCountry
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates to one country in one currency, lightest first, methods in their order."""

    rates: tuple[ShippingRate, ...]

    @property
    def methods(self) -> list[ShippingMethod]:
        return list(dict.fromkeys(rate.method for rate in self.rates))

    def rate_for(self, *, method: str, vendor: UUID, grams: int) -> ShippingRate | None:
        """None when no rate carries that much."""
        all_of_it = [rate for rate in self.rates if rate.method.code == method]
        own = [rate for rate in all_of_it if rate.vendor_id == vendor]
        band = own or [rate for rate in all_of_it if rate.vendor_id is None]
        return next((rate for rate in band if rate.carries(grams)), None)


def rates_to(*, country: str, currency: str, vendors: Iterable[UUID]) -> RateTable:
    """Empty when the country is in no zone."""
    zone = ShippingZone.objects.filter(Q(countries__country=country) | Q(is_fallback=True)).order_by("is_fallback")
    rates = (
        ShippingRate.objects.filter(zone=zone.first(), currency=currency, method__active=True)
        .filter(Q(vendor_id=None) | Q(vendor_id__in=set(vendors)))
        .select_related("method", "zone")
        .order_by("method__position", "method__code", F("up_to_grams").asc(nulls_last=True))
    )
    return RateTable(tuple(rates))


def rule_name(rate: ShippingRate) -> str:
    """As a buyer reads it: `Europe, express, up to 2000 g`."""
    weight = [f"up to {rate.up_to_grams} g"] if rate.up_to_grams is not None else []
    return ", ".join([rate.zone.name, rate.method.name, *weight])


def offered(table: RateTable, parcels: Sequence[tuple[UUID, int]]) -> list[ShippingMethod]:
    """Methods that carry every vendor's parcel: (vendor, grams)."""
    return [
        method
        for method in table.methods
        if all(table.rate_for(method=method.code, vendor=vendor, grams=grams) for vendor, grams in parcels)
    ]


# ── As admins manage them ────────────────────────────────────────────────────────────────────────────────────────────


def zones() -> QuerySet[ShippingZone]:
    return ShippingZone.objects.prefetch_related(
        Prefetch("countries", queryset=ZoneCountry.objects.order_by("country"))
    )


def methods() -> QuerySet[ShippingMethod]:
    return ShippingMethod.objects.all()


def rates() -> QuerySet[ShippingRate]:
    return ShippingRate.objects.all()


def zone_by_id(zone_id: UUID) -> ShippingZone:
    row = zones().filter(id=zone_id).first()
    if row is None:
        raise NotFound()
    return row


def method_by_id(method_id: UUID) -> ShippingMethod:
    row = methods().filter(id=method_id).first()
    if row is None:
        raise NotFound()
    return row


def rate_by_id(rate_id: UUID) -> ShippingRate:
    row = rates().filter(id=rate_id).first()
    if row is None:
        raise NotFound()
    return row
