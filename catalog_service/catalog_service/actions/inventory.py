"""Change what is on hand, by the owner's hand: one SKU, or many lines of which all are done or none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from catalog_service.actions import offers
from catalog_service.errors import AdjustmentsRefused, BelowReserved
from catalog_service.models import Location, Movement, StockItem, StockLevel, Variant
from catalog_service.models.inventory import MAX_STOCK, Level
from catalog_service.models.locations import Change, Place
from shared import audit
from shared.context import new_id
from shared.contracts.catalog import StockCameBack, StockRanLow, StockRanOut
from shared.errors import Invalid
from shared.outbox import publish

NOT_FOUND = "There is no such SKU."
NO_LOCATION = "There is no such location."


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Add `delta`, or set `on_hand`: at the location, or of all together, where the default one takes the difference.

    `vendor_id` says whose SKU is meant where an admin writes.
    """

    sku: str
    delta: int | None = None
    on_hand: int | None = None
    location_id: UUID | None = None
    vendor_id: UUID | None = None


@transaction.atomic
def adjust_stock(*, adjustment: Adjustment, reason: str, actor_id: UUID) -> tuple[Variant, Level]:
    """Raises NotFound, AmbiguousSku, BelowReserved, Invalid beyond MAX_STOCK and for a strange location."""
    variant = Variant.objects.with_sku(adjustment.sku, adjustment.vendor_id)
    level = set_stock(variant, reason=reason, actor_id=actor_id, adjustment=adjustment)
    offers.tell({variant.id: level})
    told = {"sku": variant.sku, "vendor": variant.vendor_id, "on_hand": level.on_hand}
    audit.record(action="catalog.stock.adjust", subject_kind="variant", subject_id=variant.id, **told)
    return variant, level


def set_stock(variant: Variant, *, reason: str, actor_id: UUID | None, adjustment: Adjustment) -> Level:
    """Lock the stock row and move it; the caller tells the offer. Nothing to move is no movement."""
    before = StockItem.objects.locked([variant.id])
    (place,) = _places([adjustment], [variant], "location")
    change = _checked(adjustment, before[variant.id], _standing([place], before)[place])
    levels = StockItem.objects.change({place: Change(on_hand=change)})
    record(levels, {place: change} if change else {}, kind="adjustment", reason=reason, actor_id=actor_id)
    tell_supply(before, levels)
    return levels[variant.id]


@transaction.atomic
def adjust_many(*, adjustments: Sequence[Adjustment], reason: str, actor_id: UUID) -> dict[UUID, Level]:
    """All lines or none. Raises Invalid for lines that name what is not there, AdjustmentsRefused for what the stock
    does not allow; both name every such line as `lines.<n>.<field>`.
    """
    variants = _named(adjustments)
    before = StockItem.objects.locked({variant.id for variant in variants})
    places = _places(adjustments, variants)
    changes = _all_checked(adjustments, places, before)
    levels = StockItem.objects.change({place: Change(on_hand=delta) for place, delta in changes.items()})
    reference, moved = new_id(), {place: delta for place, delta in changes.items() if delta}
    record(levels, moved, kind="adjustment", reason=reason, actor_id=actor_id, reference=reference)
    tell_supply(before, levels)
    offers.tell(levels)
    told = {"lines": len(adjustments), "first": adjustments[0].sku, "vendor": variants[0].vendor_id}
    audit.record(action="catalog.stock.adjust_many", subject_kind="movements", subject_id=reference, **told)
    return levels


@transaction.atomic
def set_low_at(*, sku: str, vendor_id: UUID | None, low_at: int) -> None:
    """From how few on its vendor is told that it runs low. Raises NotFound, AmbiguousSku."""
    variant = Variant.objects.with_sku(sku, vendor_id)
    StockItem.objects.locked([variant.id])
    StockItem.objects.filter(variant=variant).update(low_at=low_at)


# ── What a line means, and whether it can be done ────────────────────────────────────────────────────────────────────


def _named(adjustments: Sequence[Adjustment]) -> list[Variant]:
    """The lines' variants, found in one statement. Raises Invalid."""
    found: dict[str, list[Variant]] = {}
    for row in Variant.objects.called([line.sku for line in adjustments]):
        found.setdefault(row.sku, []).append(row)
    meant = [
        [row for row in found.get(line.sku, ()) if line.vendor_id in (None, row.vendor_id)] for line in adjustments
    ]
    wrong = {n: NOT_FOUND if not rows else "Several vendors use it." for n, rows in enumerate(meant) if len(rows) != 1}
    if wrong:
        raise Invalid({f"lines.{n}.sku": [message] for n, message in wrong.items()})
    return [row for (row,) in meant]


def _places(adjustments: Sequence[Adjustment], variants: Sequence[Variant], field: str = "") -> list[Place]:
    """Where the lines' stock lies; those locations stay. Raises Invalid for another vendor's, and for a place twice."""
    places = [
        Place(variant.id, None if line.location_id == variant.vendor_id else line.location_id)
        for line, variant in zip(adjustments, variants, strict=True)
    ]
    kept = Location.objects.receiving(place.location_id for place in places)
    owners = dict(Location.objects.filter(id__in=kept).values_list("id", "vendor_id")) if kept else {}
    strange = {
        field or f"lines.{n}.location": [NO_LOCATION]
        for n, (place, variant) in enumerate(zip(places, variants, strict=True))
        if place.location_id and owners.get(place.location_id) != variant.vendor_id
    }
    if wrong := strange | named_twice(places):
        raise Invalid(wrong)
    return places


def named_twice(things: Sequence[object]) -> dict[str, list[str]]:
    """The lines that repeat an earlier one, as errors."""
    first: dict[object, int] = {}
    return {f"lines.{n}.sku": ["Named twice."] for n, thing in enumerate(things) if first.setdefault(thing, n) != n}


def _all_checked(
    adjustments: Sequence[Adjustment], places: Sequence[Place], before: Mapping[UUID, StockItem]
) -> dict[Place, int]:
    standing = _standing(places, before)
    changes, refused = {}, {}
    for n, (line, place) in enumerate(zip(adjustments, places, strict=True)):
        try:
            changes[place] = _checked(line, before[place.variant_id], standing[place])
        except BelowReserved as error:
            refused[f"lines.{n}.sku"] = [error.detail]
        except Invalid as error:
            refused[f"lines.{n}.sku"] = error.errors["on_hand"]
    sums = Counter[UUID]()
    for place, delta in changes.items():
        sums[place.variant_id] += delta
    if any(before[i].on_hand + delta > MAX_STOCK for i, delta in sums.items()):
        refused["lines"] = [f"At most {MAX_STOCK} of a SKU."]
    if refused:
        raise AdjustmentsRefused(refused)
    return changes


def _checked(adjustment: Adjustment, item: StockItem, there: Change) -> int:
    """What is to be added at the place. Raises BelowReserved, Invalid beyond MAX_STOCK."""
    counted = there.on_hand if adjustment.location_id else item.on_hand
    delta = adjustment.delta if adjustment.delta is not None else (adjustment.on_hand or 0) - counted
    if there.on_hand + delta < there.reserved:
        raise BelowReserved(f"{there.on_hand} are there, of which {there.reserved} are held.")
    if item.on_hand + delta > MAX_STOCK:
        raise Invalid({"on_hand": [f"At most {MAX_STOCK}."]})
    return delta


def _standing(places: Sequence[Place], before: Mapping[UUID, StockItem]) -> dict[Place, Change]:
    """What lies and is reserved at these places; their stock rows are locked."""
    elsewhere = [place.location_id for place in places if place.location_id]
    rows = StockLevel.objects.filter(location__in=elsewhere, variant__in=before) if elsewhere else ()
    levels = {Place(row.variant_id, row.location_id): Change(row.on_hand, row.reserved) for row in rows}
    return {
        place: levels.get(place, Change()) if place.location_id else before[place.variant_id].here for place in places
    }


# ── What is written down, and told ───────────────────────────────────────────────────────────────────────────────────


def record(
    levels: Mapping[UUID, Level],
    quantities: Mapping[Place, int],
    *,
    kind: str,
    reason: str = "",
    reference: UUID | None = None,
    actor_id: UUID | None = None,
) -> None:
    """Write the movements that led to these levels, one a place."""
    left = Counter[UUID]()
    for place, quantity in quantities.items():
        left[place.variant_id] += quantity
    rows = []
    for place, quantity in quantities.items():
        left[place.variant_id] -= quantity
        rows.append(
            Movement(
                variant_id=place.variant_id,
                location_id=place.location_id,
                kind=kind,
                quantity=quantity,
                on_hand_after=levels[place.variant_id].on_hand - left[place.variant_id],
                reason=reason,
                reference=reference,
                actor_id=actor_id,
            )
        )
    Movement.objects.bulk_create(rows)


def tell_supply(before: Mapping[UUID, StockItem], after: Mapping[UUID, Level]) -> None:
    """StockRanLow, StockRanOut or StockCameBack, once each time the line is crossed; what ran out did not just run low.

    What is on hand counts: holds come and go, and would tell it every time.
    """
    told = {i: news for i, level in after.items() if i in before and (news := _news(before[i], level.on_hand))}
    if not told:
        return
    for variant_id, variant in sorted(offers.load(told).items()):
        level = after[variant_id]
        about = {"variant_id": variant_id, "vendor_id": variant.vendor_id, "sku": variant.sku, "name": variant.title}
        publish(told[variant_id](**about, available=level.available), version=level.version)


def _news(before: StockItem, on_hand: int) -> type[StockRanLow | StockRanOut | StockCameBack] | None:
    if before.on_hand > 0 >= on_hand:
        return StockRanOut
    if before.on_hand > before.low_at >= on_hand:
        return StockRanLow
    return StockCameBack if before.on_hand <= 0 < on_hand else None
