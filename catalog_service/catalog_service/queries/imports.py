"""How imports are doing."""

from uuid import UUID

from catalog_service.models import Import
from catalog_service.queries.pages import Order, Page, page
from shared.errors import NotFound


def find_import(import_id: UUID, *, vendor_id: UUID | None) -> Import:
    """A vendor's own; None is an admin, who sees all. Raises NotFound."""
    rows = Import.objects.filter(id=import_id)
    batch = (rows if vendor_id is None else rows.filter(vendor_id=vendor_id)).first()
    if batch is None:
        raise NotFound
    return batch


def list_imports(*, vendor_id: UUID | None, cursor: str | None, limit: int) -> Page[Import]:
    """Newest first, without the remarks."""
    rows = Import.objects.defer("errors", "notes")
    rows = rows if vendor_id is None else rows.filter(vendor_id=vendor_id)
    return page(rows, Order("id", descending=True), cursor=cursor, limit=limit)
