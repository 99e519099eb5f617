"""Stock as its owner sees it."""

from uuid import UUID

from catalog_service.models import Movement, StockItem, Variant
from catalog_service.queries.pages import Order, Page, page


def find_stock(sku: str, *, vendor_id: UUID | None) -> StockItem:
    """A vendor's stock row by SKU; None is an admin's view of all vendors. Raises NotFound, AmbiguousSku."""
    return Variant.objects.select_related("stock").with_sku(sku, vendor_id).stock


def list_movements(item: StockItem, *, cursor: str | None, limit: int) -> Page[Movement]:
    """Newest first."""
    rows = Movement.objects.filter(variant_id=item.variant_id)
    return page(rows, Order("id", descending=True), cursor=cursor, limit=limit)
