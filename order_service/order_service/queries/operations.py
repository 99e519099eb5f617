"""How operations upon many orders are doing, item by item."""

from uuid import UUID

from django.db.models import QuerySet

from order_service.models import OrderOperation, OrderOperationItem
from shared.errors import NotFound


def operations_upon(subject: str, *, vendor_id: UUID | None) -> QuerySet[OrderOperation]:
    """A vendor's own; None: everybody's, for admins."""
    rows = OrderOperation.objects.filter(subject=subject)
    return rows if vendor_id is None else rows.filter(vendor_id=vendor_id)


def find_operation(operation_id: UUID, subject: str, *, vendor_id: UUID | None) -> OrderOperation:
    """Raises NotFound also for another vendor's."""
    operation = operations_upon(subject, vendor_id=vendor_id).filter(id=operation_id).first()
    if operation is None:
        raise NotFound
    return operation


def items_of(operation: OrderOperation, status: str | None) -> QuerySet[OrderOperationItem]:
    rows = operation.items.all()
    return rows.filter(status=status) if status else rows
