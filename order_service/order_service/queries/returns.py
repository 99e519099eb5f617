from uuid import UUID

from django.db.models import QuerySet

from order_service.errors import OrderNotFound
from order_service.models import Return


def returns_of(*, user_id: UUID | None = None, vendor_id: UUID | None = None) -> QuerySet[Return]:
    """A vendor's, a buyer's, or (neither given) everybody's."""
    rows = Return.objects.select_related("vendor_order__order").prefetch_related("items", "exchanges")
    if vendor_id is not None:
        return rows.filter(vendor_order__vendor_id=vendor_id)
    return rows if user_id is None else rows.filter(vendor_order__order__user_id=user_id)


def returns_of_order(order_id: UUID) -> QuerySet[Return]:
    return returns_of().filter(vendor_order__order=order_id).order_by("id")


def return_for(return_id: UUID, rows: "QuerySet[Return]") -> Return:
    """Raises OrderNotFound when it is not among the rows the caller may see."""
    row = rows.filter(id=return_id).first()
    if row is None:
        raise OrderNotFound()
    return row
