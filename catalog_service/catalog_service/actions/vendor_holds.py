"""A vendor keeps some of its stock for a customer elsewhere, and sells or releases it.

    hold_stock ──▶ held ──sell_hold──▶ sold
                    ├──release_hold──▶ released
                    └──expires_at────▶ expired

Carts are told by the clock (`offers.tell_untold`), not by each request: a counter that sells fast costs them little.
Locks: the hold, then the stock row, then the location. A new hold is nobody else's to lock; where it refers to a
location, its row is written last.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from catalog_service.actions import offers
from catalog_service.actions.inventory import NO_LOCATION, record, tell_supply
from catalog_service.errors import NotAvailable
from catalog_service.models import DailySales, Location, StockItem, StockLevel, Variant, VendorHold
from catalog_service.models.locations import Change, Place
from shared import audit
from shared.errors import Invalid

SWEEP_BATCH = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """`location_id` None: of what lies at the default location. `vendor_id` says whose SKU where an admin writes."""

    sku: str
    quantity: int
    location_id: UUID | None = None
    vendor_id: UUID | None = None
    expires_at: datetime | None = None
    note: str = ""


@transaction.atomic
def hold_stock(*, wanted: Wanted, actor_id: UUID) -> VendorHold:
    """Raises NotFound, AmbiguousSku, NotAvailable; Invalid for a strange location, and a time that has passed."""
    if wanted.expires_at and wanted.expires_at <= timezone.now():
        raise Invalid({"expires_at": ["In the future."]})
    variant = Variant.objects.only("sku", "vendor_id").with_sku(wanted.sku, wanted.vendor_id)
    hold = VendorHold(
        vendor_id=variant.vendor_id,
        variant=variant,
        quantity=wanted.quantity,
        note=wanted.note,
        expires_at=wanted.expires_at,
        actor_id=actor_id,
    )
    location_id = wanted.location_id
    if location_id is None or location_id == variant.vendor_id:
        _hold_here(hold)
    else:
        _hold_elsewhere(hold, location_id)
    return hold


@transaction.atomic
def release_hold(*, hold_id: UUID, vendor_id: UUID | None) -> VendorHold:
    """Raises NotFound, HoldEnded."""
    hold = _locked(hold_id, vendor_id)
    hold.end(VendorHold.Status.RELEASED)
    _unhold([hold])
    _record("release", hold)
    return hold


@transaction.atomic
def sell_hold(*, hold_id: UUID, vendor_id: UUID | None, actor_id: UUID) -> VendorHold:
    """The customer came: out of the hold, and off the shelf. Raises NotFound, HoldEnded."""
    hold = _locked(hold_id, vendor_id)
    hold.end(VendorHold.Status.SOLD)
    before = StockItem.objects.locked([hold.variant_id])
    levels = StockItem.objects.change({hold.place: Change(-hold.quantity, -hold.quantity)}, untold=True)
    record(levels, {hold.place: -hold.quantity}, kind="sale", reason=hold.note, reference=hold.id, actor_id=actor_id)
    DailySales.objects.add({hold.variant_id: hold.quantity}, timezone.now().date())
    tell_supply(before, levels)
    offers.follow(levels)
    _record("sell", hold)
    return hold


def expire_vendor_holds() -> int:
    """End those whose time is up; answers how many there were."""
    expired = 0
    while batch := _expire_batch():
        expired += batch
    return expired


@transaction.atomic
def _expire_batch() -> int:
    due = VendorHold.objects.filter(status=VendorHold.Status.HELD, expires_at__lt=timezone.now())
    rows = list(due.order_by("expires_at").select_for_update(skip_locked=True, no_key=True)[:SWEEP_BATCH])
    if rows:
        VendorHold.expire(rows)
        _unhold(rows)
    return len(rows)


def _record(verb: str, hold: VendorHold) -> None:
    """Who ended it; the hold itself says who made it."""
    told = {"sku": hold.variant.sku, "vendor": hold.vendor_id, "quantity": hold.quantity}
    audit.record(action=f"catalog.stock.{verb}_hold", subject_kind="vendor_hold", subject_id=hold.id, **told)


def _locked(hold_id: UUID, vendor_id: UUID | None) -> VendorHold:
    rows = VendorHold.objects.select_for_update(no_key=True, of=("self",))
    return rows.one(hold_id, vendor_id)


def _unhold(holds: list[VendorHold]) -> None:
    StockItem.objects.locked({hold.variant_id for hold in holds})
    back = Counter[Place]()
    for hold in holds:
        back[hold.place] += hold.quantity
    offers.follow(StockItem.objects.change({place: Change(reserved=-n) for place, n in back.items()}, untold=True))


def _hold_here(hold: VendorHold) -> None:
    """At the default location. The stock row is taken last, and by the statement that changes it: everybody who wants
    of the same SKU waits for who has it.
    """
    hold.save(force_insert=True)
    levels = StockItem.objects.promise_here(hold.variant_id, hold.quantity)
    if not levels:
        free = StockItem.objects.get(variant=hold.variant_id).available_here
        raise NotAvailable(f"{free} are available there.")
    offers.follow(levels)


def _hold_elsewhere(hold: VendorHold, location_id: UUID) -> None:
    """At a location that stays meanwhile."""
    StockItem.objects.locked([hold.variant_id])
    kept = Location.objects.receiving([location_id])
    if not Location.objects.filter(id__in=kept, vendor_id=hold.vendor_id).exists():
        raise Invalid({"location": [NO_LOCATION]})
    level = StockLevel.objects.filter(variant=hold.variant_id, location=location_id).first()
    if (free := level.available if level else 0) < hold.quantity:
        raise NotAvailable(f"{free} are available there.")
    hold.location_id = location_id
    hold.save(force_insert=True)
    offers.follow(StockItem.objects.change({hold.place: Change(reserved=hold.quantity)}, untold=True))
