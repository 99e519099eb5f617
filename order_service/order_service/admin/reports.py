"""What reports are read from, and having it counted anew."""

from django.contrib import admin

from order_service.actions import reports
from order_service.models import OrderDay, SalesDay
from shared.admin import Records, amount, operation
from shared.auth import Caller


@operation("Count this day anew from the orders")
def recount(row: OrderDay | SalesDay, _by: Caller, _reason: str) -> None:
    reports.recount_day(day=row.day)


@admin.register(OrderDay)
class OrderDays(Records):
    """Without a vendor: everybody's."""

    list_display = ("day", "currency", "vendor_name", "orders", "units", "sold", "back", "fee", "refunds")
    list_filter = ("currency", ("vendor_id", admin.EmptyFieldListFilter), "day")
    search_ids = ("id", "vendor_id")
    search_fields = ("vendor_name__icontains",)
    search_help_text = "Row or vendor by id; the vendor's name."
    ordering = ("-day", "id")
    sold, back, fee = (staticmethod(amount(name)) for name in ("total", "refunded", "commission"))
    actions = (recount,)


@admin.register(SalesDay)
class SalesDays(Records):
    list_display = ("day", "currency", "product_name", "orders", "units", "sold", "less")
    list_filter = ("currency", "day")
    search_ids = ("id", "product_id", "vendor_id", "category_id")
    search_fields = ("product_name__icontains",)
    search_help_text = "Row, product, vendor or category by id; the product's name."
    ordering = ("-day", "id")
    sold, less = (staticmethod(amount(name)) for name in ("total", "discount"))
    actions = (recount,)
