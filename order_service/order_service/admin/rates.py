"""Rates of shipping and tax: looked at here, changed through the API."""

from django.contrib import admin

from order_service.models import (
    ShippingMethod,
    ShippingRate,
    ShippingZone,
    TaxCategory,
    TaxedCategory,
    TaxRate,
    ZoneCountry,
)
from shared.admin import Records, Rows, amount


class CountryRows(Rows):
    model = ZoneCountry
    ordering = ("country",)
    fields = readonly_fields = ("country",)


@admin.register(ShippingZone)
class ShippingZones(Records):
    list_display = ("name", "is_fallback", "created_at")
    search_ids = ("id",)
    search_fields = ("name__icontains", "countries__country__iexact")
    ordering = ("-id",)
    fields = ("id", "name", "is_fallback", "created_at")
    inlines = (CountryRows,)


@admin.register(ShippingMethod)
class ShippingMethods(Records):
    list_display = ("code", "name", "position", "active", "created_at")
    list_filter = ("active",)
    search_ids = ("id",)
    search_fields = ("code__iexact", "name__icontains")
    ordering = ("-id",)
    fields = ("id", "code", "name", "position", "active", "created_at")


@admin.register(ShippingRate)
class ShippingRates(Records):
    list_display = ("zone", "method", "vendor_id", "up_to_grams", "costs", "free_over", "created_at")
    list_filter = ("currency", ("vendor_id", admin.EmptyFieldListFilter))
    list_select_related = ("zone", "method")
    search_ids = ("id", "vendor_id", "zone_id", "method_id")
    search_fields = ("zone__name__icontains", "method__code__iexact", "currency__iexact")
    ordering = ("-id",)
    costs = staticmethod(amount("price"))
    fields = ("id", "zone", "method", "vendor_id", "up_to_grams", "costs", "currency", "free_over", "created_at")


class TaxedRows(Rows):
    model = TaxedCategory
    ordering = ("category_id",)
    fields = readonly_fields = ("category_id",)


@admin.register(TaxCategory)
class TaxCategories(Records):
    list_display = ("code", "name", "created_at")
    search_ids = ("id", "members__category_id")
    search_fields = ("code__iexact", "name__icontains")
    ordering = ("-id",)
    fields = ("id", "code", "name", "created_at")
    inlines = (TaxedRows,)


@admin.register(TaxRate)
class TaxRates(Records):
    list_display = (
        "name", "country", "region", "tax_category", "basis_points", "inclusive", "on_shipping", "created_at"
    )  # fmt: skip
    list_filter = ("inclusive", "on_shipping", "country")
    list_select_related = ("tax_category",)
    search_ids = ("id", "tax_category_id")
    search_fields = ("name__icontains", "country__iexact", "region__iexact")
    ordering = ("-id",)
    fields = (
        "id", "name", "country", "region", "tax_category", "basis_points", "inclusive", "on_shipping", "created_at"
    )  # fmt: skip
