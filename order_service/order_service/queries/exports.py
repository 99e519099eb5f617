"""How exports are doing, and their files: to whoever asked for them."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import QuerySet

from order_service.errors import ExportNotReady
from order_service.models import OrderExport, OrderExportPart
from shared.errors import NotFound


def exports_of(user_id: UUID, *, vendor_id: UUID | None) -> QuerySet[OrderExport]:
    """`vendor_id`: whom the user speaks for now; None is an admin."""
    return OrderExport.objects.filter(created_by=user_id, vendor_id=vendor_id)


def find_export(export_id: UUID, *, user_id: UUID, vendor_id: UUID | None) -> OrderExport:
    """Raises NotFound also for what somebody else asked for."""
    export = exports_of(user_id, vendor_id=vendor_id).filter(id=export_id).first()
    if export is None:
        raise NotFound
    return export


def file_of(export: OrderExport) -> Iterator[bytes]:
    """The file, part by part: no more of it is in memory than that. Raises ExportNotReady."""
    if export.status != OrderExport.Status.SUCCEEDED:
        raise ExportNotReady(f"It is {export.status}.")
    return _parts(export)


def _parts(export: OrderExport) -> Iterator[bytes]:
    position = 0
    while part := OrderExportPart.objects.filter(export=export, position=position).first():
        yield bytes(part.content)
        position += 1
