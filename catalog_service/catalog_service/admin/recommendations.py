"""What is bought together, and what is shown beside it."""

from django.contrib import admin

from catalog_service.models import (
    BoughtTogether,
    Sale,
)
from shared.admin import Records


@admin.register(Sale)
class Sales(Records):
    list_display = ("confirmed_at", "product_id", "quantity", "order_id", "user_id")
    list_filter = ("confirmed_at",)
    search_ids = ("id", "order_id", "product_id", "user_id")
    search_help_text = "Order, product or user by id."
    ordering = ("-confirmed_at",)


@admin.register(BoughtTogether)
class PairsBoughtTogether(Records):
    list_display = ("product", "other", "orders", "lift", "score")
    list_select_related = ("product", "other")
    search_ids = ("id", "product_id", "other_id")
    search_fields = ("product__slug__exact",)
    search_help_text = "Product by id or slug."
    ordering = ("-score",)
