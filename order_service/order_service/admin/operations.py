"""Operations upon many orders, and what became of each."""

from django.contrib import admin

from order_service.actions import operations
from order_service.models import OrderOperation, OrderOperationItem
from shared.admin import Records, operation
from shared.auth import Caller


@operation("Stop: leave the rest as it is")
def stop(record: OrderOperation, _by: Caller, _reason: str) -> None:
    operations.stop_operation(operation_id=record.id)


@admin.register(OrderOperation)
class OrderOperations(Records):
    list_display = (
        "created_at", "subject", "kind", "status", "total", "done", "succeeded", "refused", "vendor_id", "created_by",
        "attempts",
    )  # fmt: skip
    list_filter = ("status", "subject", "kind", ("vendor_id", admin.EmptyFieldListFilter), "created_at")
    search_ids = ("id", "vendor_id", "created_by")
    search_help_text = "Operation, vendor or user by id."
    ordering = ("-id",)
    exclude = ("asked",)
    actions = (stop,)


@admin.register(OrderOperationItem)
class OrderOperationItems(Records):
    list_display = ("subject_id", "operation", "position", "status", "code", "detail")
    list_filter = ("status", "code")
    list_select_related = ("operation",)
    search_ids = ("id", "operation_id", "subject_id")
    search_help_text = "Item, operation, order or vendor order by id."
    ordering = ("-id",)
