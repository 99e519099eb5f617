"""How exports are doing, and their files."""

from collections.abc import Iterator
from uuid import UUID

from catalog_service.errors import ExportNotReady
from catalog_service.models import Export, ExportPart
from catalog_service.queries.pages import Order, Page, page
from shared.errors import NotFound


def find_export(export_id: UUID, *, vendor_id: UUID | None) -> Export:
    """A vendor's own; None is an admin, who sees all. Raises NotFound."""
    rows = Export.objects.filter(id=export_id)
    export = (rows if vendor_id is None else rows.filter(vendor_id=vendor_id)).first()
    if export is None:
        raise NotFound
    return export


def list_exports(*, vendor_id: UUID | None, cursor: str | None, limit: int) -> Page[Export]:
    """Newest first."""
    rows = Export.objects.all() if vendor_id is None else Export.objects.filter(vendor_id=vendor_id)
    return page(rows, Order("id", descending=True), cursor=cursor, limit=limit)


def file_of(export: Export) -> Iterator[bytes]:
    """The file, part by part: no more of it is in memory than that. Raises ExportNotReady."""
    if export.status != Export.Status.SUCCEEDED:
        raise ExportNotReady(f"It is {export.status}.")
    return _parts(export)


def _parts(export: Export) -> Iterator[bytes]:
    position = 0
    while part := ExportPart.objects.filter(export=export, position=position).first():
        yield bytes(part.content)
        position += 1
