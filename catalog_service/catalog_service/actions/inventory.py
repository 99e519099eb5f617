"""Change what is on hand, by the owner's hand."""

from uuid import UUID

from django.db import transaction

from catalog_service.actions import offers
from catalog_service.errors import BelowReserved
from catalog_service.models import Movement, StockItem, Variant
from catalog_service.models.inventory import MAX_STOCK, Change, Level
from shared import audit
from shared.contracts.catalog import StockRanLow
from shared.errors import Invalid
from shared.outbox import publish


@transaction.atomic
def adjust_stock(
    *,
    sku: str,
    vendor_id: UUID | None,
    reason: str,
    actor_id: UUID,
    delta: int | None = None,
    on_hand: int | None = None,
) -> tuple[Variant, Level]:
    """Add `delta`, or set `on_hand`. Raises NotFound, AmbiguousSku, BelowReserved, Invalid beyond MAX_STOCK."""
    variant = Variant.objects.with_sku(sku, vendor_id)
    level = set_stock(variant, reason=reason, actor_id=actor_id, delta=delta, on_hand=on_hand)
    offers.tell({variant.id: level})
    told = {"sku": variant.sku, "vendor": variant.vendor_id, "on_hand": level.on_hand}
    audit.record(action="catalog.stock.adjust", subject_kind="variant", subject_id=variant.id, **told)
    return variant, level


def set_stock(
    variant: Variant, *, reason: str, actor_id: UUID | None, delta: int | None = None, on_hand: int | None = None
) -> Level:
    """Lock the stock row and move it; the caller tells the offer. Nothing to move is no movement."""
    item = StockItem.objects.locked([variant.id])[variant.id]
    delta = delta if delta is not None else (on_hand or 0) - item.on_hand
    after = item.on_hand + delta
    if after < item.reserved:
        raise BelowReserved(f"Orders hold {item.reserved}.")
    if after > MAX_STOCK:
        raise Invalid({"on_hand": [f"At most {MAX_STOCK}."]})
    levels = StockItem.objects.change({variant.id: Change(on_hand=delta)})
    if delta:
        record(levels, {variant.id: delta}, kind="adjustment", reason=reason, actor_id=actor_id)
    tell_low({variant.id: item}, levels)
    return levels[variant.id]


def record(
    levels: dict[UUID, Level],
    quantities: dict[UUID, int],
    *,
    kind: str,
    reason: str = "",
    reference: UUID | None = None,
    actor_id: UUID | None = None,
) -> None:
    """Write the movements that led to these levels."""
    Movement.objects.bulk_create(
        [
            Movement(
                variant_id=variant_id,
                kind=kind,
                quantity=quantity,
                on_hand_after=levels[variant_id].on_hand,
                reason=reason,
                reference=reference,
                actor_id=actor_id,
            )
            for variant_id, quantity in quantities.items()
        ]
    )


def tell_low(before: dict[UUID, StockItem], after: dict[UUID, Level]) -> None:
    """StockRanLow, once on the way down. What is on hand counts: holds come and go, and would tell it every time."""
    crossed = [i for i, item in before.items() if i in after and item.on_hand > item.low_at >= after[i].on_hand]
    if not crossed:
        return
    for variant_id, variant in sorted(offers.load(crossed).items()):
        publish(
            StockRanLow(
                variant_id=variant_id,
                vendor_id=variant.vendor_id,
                sku=variant.sku,
                name=variant.title,
                available=after[variant_id].available,
            ),
            version=after[variant_id].version,
        )
