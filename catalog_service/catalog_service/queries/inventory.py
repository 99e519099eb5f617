"""Stock as its owner sees it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Prefetch, Q, QuerySet

from catalog_service.models import Location, Movement, StockItem, StockLevel, Variant, VendorHold
from catalog_service.models.locations import DEFAULT_NAME
from catalog_service.queries.pages import Order, Page, page
from catalog_service.queries.products import named_with


@dataclass(frozen=True, slots=True)
class LocationStock:
    """What of a variant lies at a location."""

    location: Location
    on_hand: int
    reserved: int


def find_stock(sku: str, *, vendor_id: UUID | None) -> StockItem:
    """A vendor's stock row by SKU; None is an admin's view of all vendors. Raises NotFound, AmbiguousSku."""
    return Variant.objects.select_related("stock").with_sku(sku, vendor_id).stock


def list_stock(
    *, vendor_id: UUID | None, supply: str | None, cursor: str | None, limit: int, search: str = ""
) -> Page[Variant]:
    """Variants with their stock rows, by SKU (everybody's: oldest first); `supply` is `low`, `out` or `available`.
    `search`: how a SKU begins, or words that all are in the product's name.
    """
    rows = Variant.objects.kept().filter(product__deleted_at__isnull=True).select_related("stock")
    narrowed = {
        "low": rows.filter(stock__on_hand__lte=F("stock__low_at"), stock__on_hand__gt=0),
        "out": rows.filter(stock__on_hand=F("stock__reserved")),
        "available": rows.filter(stock__on_hand__gt=F("stock__reserved")),
    }
    rows = narrowed[supply] if supply else rows
    if search:
        rows = rows.filter(Q(sku__istartswith=search) | named_with(search, "product__name"))
    if vendor_id is None:
        return page(rows, Order("id"), cursor=cursor, limit=limit)
    return page(rows.filter(vendor_id=vendor_id), Order("sku"), cursor=cursor, limit=limit)


def stock_of(variant_ids: list[UUID]) -> list[StockItem]:
    """By SKU."""
    return list(StockItem.objects.filter(variant__in=variant_ids).select_related("variant").order_by("variant__sku"))


def list_movements(item: StockItem, *, cursor: str | None, limit: int) -> Page[Movement]:
    """Newest first."""
    rows = Movement.objects.filter(variant_id=item.variant_id)
    return page(rows, Order("id", descending=True), cursor=cursor, limit=limit)


def find_hold(hold_id: UUID, *, vendor_id: UUID | None) -> VendorHold:
    """Raises NotFound."""
    return VendorHold.objects.one(hold_id, vendor_id)


def list_holds(*, vendor_id: UUID | None, status: str | None, cursor: str | None, limit: int) -> Page[VendorHold]:
    """What vendors hold themselves, newest first."""
    rows = VendorHold.objects.select_related("variant")
    rows = rows.filter(vendor_id=vendor_id) if vendor_id else rows
    rows = rows.filter(status=status) if status else rows
    return page(rows, Order("id", descending=True), cursor=cursor, limit=limit)


# ── Locations ────────────────────────────────────────────────────────────────────────────────────────────────────────


def find_location(location_id: UUID, *, vendor_id: UUID | None) -> Location:
    """Raises NotFound."""
    return Location.objects.one(location_id, vendor_id)


def list_locations(vendor_id: UUID) -> list[Location]:
    """All there are, in the order in which reservations take from them; the default one is always there."""
    rows = list(Location.objects.kept().filter(vendor_id=vendor_id))
    if not any(row.is_default for row in rows):
        rows.append(Location(id=vendor_id, vendor_id=vendor_id, name=DEFAULT_NAME, position=0))
    return sorted(rows, key=lambda row: row.turn)


def levels_of(sku: str, *, vendor_id: UUID | None) -> list[LocationStock]:
    """What lies where, at each of the vendor's locations. Raises NotFound, AmbiguousSku."""
    levels = Prefetch("levels", _levels())
    variant = Variant.objects.select_related("stock").prefetch_related(levels).with_sku(sku, vendor_id)
    there = {level.location_id: level for level in variant.levels.all()}
    found = []
    for location in list_locations(variant.vendor_id):
        level = variant.stock.here if location.is_default else there.get(location.id)
        found.append(LocationStock(location, level.on_hand if level else 0, level.reserved if level else 0))
    return found


def _levels() -> QuerySet[StockLevel]:
    return StockLevel.objects.filter(location__archived_at__isnull=True)
