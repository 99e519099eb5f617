"""What was asked for the variants of a product, since when."""

from uuid import UUID

from catalog_service.models import PriceChange, Product
from catalog_service.queries.pages import Order, Page, moment, page

LATEST = Order("at", descending=True, parse=moment)


def list_price_changes(
    *, product: str, vendor_id: UUID | None, variant: UUID | None, currency: str, cursor: str | None, limit: int
) -> Page[PriceChange]:
    """Two statements. Raises NotFound, Invalid (cursor)."""
    parent = Product.objects.writable_by(vendor_id).named(product).only("id").one()
    rows = PriceChange.objects.filter(product_id=parent.id).select_related("variant")
    if variant:
        rows = rows.filter(variant_id=variant)
    if currency:
        rows = rows.filter(currency=currency)
    return page(rows, LATEST, cursor=cursor, limit=limit)
