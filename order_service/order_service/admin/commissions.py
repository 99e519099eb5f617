"""Projections that commissions are charged by: rules are changed where they are kept."""

from django.contrib import admin

from order_service.models import CategoryPlace, CommissionRule
from shared.admin import Records


@admin.register(CommissionRule)
class CommissionRules(Records):
    list_display = (
        "position", "vendor_id", "category_id", "product_id", "basis_points", "fees_per_unit", "starts_at", "ends_at",
    )  # fmt: skip
    search_ids = ("id", "vendor_id", "category_id", "product_id")
    search_help_text = "Rule, vendor, category or product by id."
    ordering = ("position",)


@admin.register(CategoryPlace)
class CategoryPlaces(Records):
    list_display = ("category_id", "lineage", "version")
    search_ids = ("category_id",)
    search_help_text = "Category by id."
    ordering = ("category_id",)
