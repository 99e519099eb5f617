"""Zones, methods and rates of shipping, as admins manage them. Orders keep what they were made at."""

from typing import Any
from uuid import UUID

from django.db import transaction

from order_service.errors import refusing
from order_service.models import ShippingMethod, ShippingRate, ShippingZone, ZoneCountry
from shared.audit import record
from shared.errors import Invalid, NotFound
from shared.money import Money

ZONE_TAKEN = {
    "shipping_zone_name": {"name": ["There is a zone of this name."]},
    "one_fallback_zone": {"is_fallback": ["Another zone is for all other countries."]},
    "shipping_zone_country": {"countries": ["Each is in one zone at most; one of these is in another."]},
}
METHOD_TAKEN = {"shipping_method_code": {"code": ["There is a method with this code."]}}
RATE_TAKEN = {"one_shipping_rate_a_band": {"up_to_grams": ["There is a rate for this weight already."]}}


@transaction.atomic
def create_zone(*, name: str, countries: list[str], is_fallback: bool = False) -> ShippingZone:
    """Raises Invalid when the name, a country or the place of the fallback is taken."""
    with refusing(ZONE_TAKEN):
        zone = ShippingZone.objects.create(name=name, is_fallback=is_fallback)
        _write_countries(zone, countries)
    record(action="order.shipping_zone.create", subject_kind="shipping_zone", subject_id=zone.id, countries=countries)
    return zone


@transaction.atomic
def change_zone(*, zone_id: UUID, changes: dict[str, Any]) -> ShippingZone:
    """`changes`: any of name, is_fallback, and countries, all of them. Raises NotFound, Invalid."""
    zone = _locked_zone(zone_id)
    told = sorted(changes)
    with refusing(ZONE_TAKEN):
        if "countries" in changes:
            zone.countries.all().delete()
            _write_countries(zone, changes["countries"])
        for name in {"name", "is_fallback"} & changes.keys():
            setattr(zone, name, changes[name])
        zone.save(update_fields=["name", "is_fallback"])
    record(action="order.shipping_zone.change", subject_kind="shipping_zone", subject_id=zone_id, changed=told)
    return zone


@transaction.atomic
def remove_zone(*, zone_id: UUID) -> None:
    """With its rates: its countries fall to the fallback zone, if there is one. Raises NotFound."""
    _locked_zone(zone_id).delete()
    record(action="order.shipping_zone.remove", subject_kind="shipping_zone", subject_id=zone_id)


def _locked_zone(zone_id: UUID) -> ShippingZone:
    zone = ShippingZone.objects.select_for_update().filter(id=zone_id).first()
    if zone is None:
        raise NotFound()
    return zone


def _write_countries(zone: ShippingZone, countries: list[str]) -> None:
    ZoneCountry.objects.bulk_create([ZoneCountry(country=country, zone=zone) for country in sorted(set(countries))])


@transaction.atomic
def create_method(*, code: str, name: str, position: int = 0, active: bool = True) -> ShippingMethod:
    """Nobody can take it until there are rates. Raises Invalid when the code is taken."""
    with refusing(METHOD_TAKEN):
        method = ShippingMethod.objects.create(code=code, name=name, position=position, active=active)
    record(action="order.shipping_method.create", subject_kind="shipping_method", subject_id=method.id, code=code)
    return method


@transaction.atomic
def change_method(*, method_id: UUID, changes: dict[str, Any]) -> ShippingMethod:
    """`changes`: any of name, position, active; orders know it by its code, which stays. Raises NotFound."""
    method = _locked_method(method_id)
    for name, value in changes.items():
        setattr(method, name, value)
    method.save(update_fields=list(changes))
    told = {"changed": sorted(changes)}
    record(action="order.shipping_method.change", subject_kind="shipping_method", subject_id=method_id, **told)
    return method


@transaction.atomic
def remove_method(*, method_id: UUID) -> None:
    """With its rates. Raises NotFound."""
    _locked_method(method_id).delete()
    record(action="order.shipping_method.remove", subject_kind="shipping_method", subject_id=method_id)


def _locked_method(method_id: UUID) -> ShippingMethod:
    method = ShippingMethod.objects.select_for_update().filter(id=method_id).first()
    if method is None:
        raise NotFound()
    return method


@transaction.atomic
def create_rate(
    *,
    zone_id: UUID,
    method_id: UUID,
    price: Money,
    vendor_id: UUID | None = None,
    up_to_grams: int | None = None,
    free_over: Money | None = None,
) -> ShippingRate:
    """A vendor's own, or everybody's. Raises Invalid, also for a zone or method that is not there."""
    _refuse_unknown(zone_id, method_id)
    with refusing(RATE_TAKEN):
        rate = ShippingRate.objects.create(
            zone_id=zone_id,
            method_id=method_id,
            vendor_id=vendor_id,
            currency=price.currency,
            up_to_grams=up_to_grams,
            price=price.minor,
            free_over=free_over.minor if free_over else None,
        )
    told = {"zone": zone_id, "method": method_id, "vendor": vendor_id, "price": price}
    record(action="order.shipping_rate.create", subject_kind="shipping_rate", subject_id=rate.id, **told)
    return rate


def _refuse_unknown(zone_id: UUID, method_id: UUID) -> None:
    """Both are locked, so that neither goes before the rate is there."""
    wrong = {}
    if not ShippingZone.objects.select_for_update(no_key=True).filter(id=zone_id).exists():
        wrong["zone_id"] = ["There is no such zone."]
    if not ShippingMethod.objects.select_for_update(no_key=True).filter(id=method_id).exists():
        wrong["method_id"] = ["There is no such method."]
    if wrong:
        raise Invalid(wrong)


@transaction.atomic
def change_rate(*, rate_id: UUID, changes: dict[str, Any]) -> ShippingRate:
    """`changes`: any of price, free_over (money of the rate's currency) and up_to_grams. Raises NotFound, Invalid."""
    rate = _locked_rate(rate_id)
    before = rate.price
    for name, value in changes.items():
        if isinstance(value, Money) and value.currency != rate.currency:
            raise Invalid({f"{name}.currency": [f"This rate is in {rate.currency}."]})
        setattr(rate, name, value.minor if isinstance(value, Money) else value)
    with refusing(RATE_TAKEN):
        rate.save(update_fields=list(changes))
    told = {"changed": sorted(changes), "before": before, "after": rate.price}
    record(action="order.shipping_rate.change", subject_kind="shipping_rate", subject_id=rate_id, **told)
    return rate


@transaction.atomic
def remove_rate(*, rate_id: UUID) -> None:
    """Raises NotFound."""
    _locked_rate(rate_id).delete()
    record(action="order.shipping_rate.remove", subject_kind="shipping_rate", subject_id=rate_id)


def _locked_rate(rate_id: UUID) -> ShippingRate:
    rate = ShippingRate.objects.select_for_update().filter(id=rate_id).first()
    if rate is None:
        raise NotFound()
    return rate
