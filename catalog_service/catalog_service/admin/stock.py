"""Stock, where it lies, and who holds it."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from catalog_service.models import (
    DailySales,
    Location,
    Movement,
    Reservation,
    ReservationLine,
    ReservationPlace,
    StockItem,
    StockLevel,
    VendorHold,
)
from shared.admin import Records, Rows


class Supply(admin.SimpleListFilter):
    title = parameter_name = "supply"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("low", "running low"), ("out", "none available"), ("held", "held")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "low":
                return queryset.filter(on_hand__lte=F("low_at"))
            case "out":
                return queryset.filter(on_hand=F("reserved"))
            case "held":
                return queryset.filter(reserved__gt=0)
        return queryset


@admin.register(StockItem)
class Stock(Records):
    list_display = ("variant", "product", "on_hand", "reserved", "available", "low_at", "updated_at")
    list_filter = (Supply,)
    list_select_related = ("variant", "product")
    search_ids = ("variant_id", "product_id")
    search_fields = ("variant__sku__exact",)
    search_help_text = "Variant or product by id; SKU."
    ordering = ("-variant_id",)


@admin.register(Location)
class Locations(Records):
    """Default ones have a row only where somebody named them."""

    list_display = ("name", "vendor", "position", "created_at", "archived_at")
    list_filter = (("archived_at", admin.EmptyFieldListFilter),)
    list_select_related = ("vendor",)
    search_ids = ("id", "vendor_id")
    search_fields = ("name__icontains", "vendor__slug__exact")
    search_help_text = "Location or vendor by id; name; the vendor's slug."
    ordering = ("-id",)


@admin.register(StockLevel)
class Levels(Records):
    """What lies elsewhere than at a default location."""

    list_display = ("variant", "location", "on_hand", "reserved", "available")
    list_select_related = ("variant", "location")
    search_ids = ("id", "variant_id", "location_id")
    search_fields = ("variant__sku__exact",)
    search_help_text = "Variant or location by id; SKU."
    ordering = ("-id",)


@admin.register(DailySales)
class SalesByDay(Records):
    list_display = ("day", "variant", "sold")
    list_filter = ("day",)
    list_select_related = ("variant",)
    search_ids = ("id", "variant_id")
    search_fields = ("variant__sku__exact",)
    search_help_text = "Variant by id; SKU."
    ordering = ("-day", "-id")


@admin.register(Movement)
class Movements(Records):
    list_display = (
        "created_at", "variant", "location", "kind", "quantity", "on_hand_after", "reason", "reference", "actor_id",
    )  # fmt: skip
    list_filter = ("kind", "created_at")
    list_select_related = ("variant", "location")
    search_ids = ("id", "variant_id", "reference", "actor_id")
    search_fields = ("variant__sku__exact",)
    search_help_text = "Variant, order, return or user by id; SKU."
    ordering = ("-id",)


class Overdue(admin.SimpleListFilter):
    """None, unless no worker runs."""

    title = parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "held for too long")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        late = {"status": Reservation.Status.HELD, "expires_at__lt": timezone.now()}
        return queryset.filter(**late) if self.value() else queryset


class ReservationLineRows(Rows):
    model = ReservationLine
    fields = readonly_fields = ("variant", "quantity", "snapshot")
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("variant")


class ReservationPlaceRows(Rows):
    model = ReservationPlace
    fields = readonly_fields = ("variant", "location", "quantity")
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("variant", "location")


@admin.register(Reservation)
class Reservations(Records):
    list_display = ("order_id", "status", "reason", "expires_at", "created_at", "updated_at")
    list_filter = ("status", Overdue, "created_at")
    search_ids = ("order_id",)
    search_fields = ("reason__exact",)
    search_help_text = "Order by id; reason. Who holds a variant stands under reservation lines."
    ordering = ("-order_id",)
    inlines = (ReservationLineRows, ReservationPlaceRows)


@admin.register(ReservationLine)
class ReservationLines(Records):
    list_display = ("reservation", "variant", "quantity")
    list_filter = ("reservation__status",)
    list_select_related = ("reservation", "variant")
    search_ids = ("id", "reservation_id", "variant_id")
    search_fields = ("variant__sku__exact",)
    search_help_text = "Order or variant by id; SKU."
    ordering = ("-id",)


@admin.register(VendorHold)
class VendorHolds(Records):
    list_display = ("created_at", "variant", "location", "quantity", "status", "note", "expires_at", "ended_at")
    list_filter = ("status", "created_at")
    list_select_related = ("variant", "location")
    search_ids = ("id", "variant_id", "vendor_id", "actor_id")
    search_fields = ("variant__sku__exact",)
    search_help_text = "Hold, variant, vendor or user by id; SKU."
    ordering = ("-id",)
