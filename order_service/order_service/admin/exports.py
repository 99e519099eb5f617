"""Files of orders, and how far they are."""

from django.contrib import admin

from order_service.models import OrderExport
from shared.admin import Records


@admin.register(OrderExport)
class OrderExports(Records):
    list_display = ("created_at", "format", "vendor_id", "status", "total", "done", "size", "attempts", "created_by")
    list_filter = ("status", "format", ("vendor_id", admin.EmptyFieldListFilter), "created_at")
    search_ids = ("id", "vendor_id", "created_by")
    search_help_text = "Export, vendor or user by id."
    ordering = ("-id",)
