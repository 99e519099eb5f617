"""A vendor's locations, and what is carried from one to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog_service.actions.inventory import NO_LOCATION, NOT_FOUND, named_twice, record
from catalog_service.actions.vendors import vendor_who_writes
from catalog_service.errors import AdjustmentsRefused, LocationInUse, NameTaken
from catalog_service.models import Location, StockItem, StockLevel, Variant
from catalog_service.models.locations import Change, Place
from shared import audit
from shared.context import new_id
from shared.errors import Invalid, NotFound


class LocationChanges(TypedDict, total=False):
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Carried:
    sku: str
    quantity: int


@transaction.atomic
def open_location(*, vendor_id: UUID, by_admin: bool, changes: LocationChanges) -> Location:
    """Raises NameTaken; Invalid for a vendor that does not exist."""
    vendor = vendor_who_writes(vendor_id, by_admin=by_admin)
    _default_row(vendor.id)
    location = Location(vendor=vendor, **changes)
    _save(location)
    _record("open", location)
    return location


@transaction.atomic
def edit_location(*, location_id: UUID, vendor_id: UUID | None, changes: LocationChanges) -> Location:
    """Raises NotFound, NameTaken."""
    location = _locked(location_id, vendor_id)
    for name, value in changes.items():
        setattr(location, name, value)
    _save(location)
    _record("edit", location)
    return location


@transaction.atomic
def close_location(*, location_id: UUID, vendor_id: UUID | None) -> None:
    """Raises NotFound; LocationInUse while anything lies there, and for the default one."""
    location = _locked(location_id, vendor_id)
    if location.is_default:
        raise LocationInUse("A vendor keeps its default location.")
    if StockLevel.objects.filter(location=location, on_hand__gt=0).exists():
        raise LocationInUse
    location.archived_at = timezone.now()
    location.save(update_fields=["archived_at", "updated_at"])
    _record("close", location)


@transaction.atomic
def transfer_stock(
    *, origin_id: UUID, target_id: UUID, lines: Sequence[Carried], vendor_id: UUID | None, reason: str, actor_id: UUID
) -> UUID:
    """Carry all lines or none; answers the transfer's id, which its movements refer to.

    Raises Invalid for locations and SKUs that are not the vendor's, AdjustmentsRefused where less is free.
    """
    origin, target = _ends(origin_id, target_id, vendor_id)
    variants = _variants(lines, origin.vendor_id)
    before = StockItem.objects.locked({variant.id for variant in variants})
    if len(Location.objects.receiving([origin.place_id, target.place_id])) < 2 - origin.is_default - target.is_default:
        raise Invalid({"to": [NO_LOCATION]})
    _refuse_what_is_not_free(origin, lines, variants, before)
    moved: dict[Place, int] = {}
    for line, variant in zip(lines, variants, strict=True):
        moved[Place(variant.id, origin.place_id)] = -line.quantity
        moved[Place(variant.id, target.place_id)] = line.quantity
    levels = StockItem.objects.change({place: Change(on_hand=quantity) for place, quantity in moved.items()})
    transfer_id = new_id()
    record(levels, moved, kind="transfer", reason=reason, actor_id=actor_id, reference=transfer_id)
    told = {"from": origin.id, "to": target.id, "lines": len(lines)}
    audit.record(action="catalog.stock.transfer", subject_kind="movements", subject_id=transfer_id, **told)
    return transfer_id


def _ends(origin_id: UUID, target_id: UUID, vendor_id: UUID | None) -> tuple[Location, Location]:
    found, wrong = [], {}
    for field, one in (("from", origin_id), ("to", target_id)):
        try:
            found.append(Location.objects.one(one, vendor_id))
        except NotFound:
            wrong[field] = [NO_LOCATION]
    if not wrong and found[0].vendor_id != found[1].vendor_id:
        wrong["to"] = [NO_LOCATION]
    if origin_id == target_id:
        wrong["to"] = ["Name two locations."]
    if wrong:
        raise Invalid(wrong)
    return found[0], found[1]


def _variants(lines: Sequence[Carried], vendor_id: UUID) -> list[Variant]:
    known = {row.sku: row for row in Variant.objects.called([line.sku for line in lines]).filter(vendor_id=vendor_id)}
    wrong = {f"lines.{n}.sku": [NOT_FOUND] for n, line in enumerate(lines) if line.sku not in known}
    wrong |= named_twice([line.sku for line in lines])
    if wrong:
        raise Invalid(wrong)
    return [known[line.sku] for line in lines]


def _refuse_what_is_not_free(
    origin: Location, lines: Sequence[Carried], variants: Sequence[Variant], before: Mapping[UUID, StockItem]
) -> None:
    if origin.is_default:
        free = {i: item.available_here for i, item in before.items()}
    else:
        levels = StockLevel.objects.filter(location=origin, variant_id__in=before)
        free = {level.variant_id: level.available for level in levels}
    refused = {
        f"lines.{n}.quantity": [f"{free.get(variant.id, 0)} are free there."]
        for n, (line, variant) in enumerate(zip(lines, variants, strict=True))
        if free.get(variant.id, 0) < line.quantity
    }
    if refused:
        raise AdjustmentsRefused(refused)


def _locked(location_id: UUID, vendor_id: UUID | None) -> Location:
    found = Location.objects.one(location_id, vendor_id)
    if found.is_default:
        _default_row(found.vendor_id)
    row = Location.objects.kept().filter(id=found.id).select_for_update(no_key=True).first()
    if row is None:
        raise NotFound
    return row


def _default_row(vendor_id: UUID) -> None:
    row = Location.default_of(vendor_id)
    if row is not None:
        Location.objects.bulk_create([row], ignore_conflicts=True)


def _save(location: Location) -> None:
    try:
        with transaction.atomic():
            location.save()
    except IntegrityError:
        raise NameTaken from None


def _record(verb: str, location: Location) -> None:
    told = {"vendor": location.vendor_id, "position": location.position}
    audit.record(action=f"catalog.location.{verb}", subject_kind="location", subject_id=location.id, **told)
