"""The operators' pages: what this service knows of offers, and wishlists. Carts are in Redis, and their buyers' own."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from cart_service.models import AbandonedCart, Offer, Wishlist, WishlistItem
from shared.admin import Records, Rows


class Buyable(admin.SimpleListFilter):
    title, parameter_name = "what buyers see", "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("buyable", "can be bought"), ("sold_out", "sold out"), ("hidden", "not on sale")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "buyable":
                return queryset.filter(active=True, available__gt=0)
            case "sold_out":
                return queryset.filter(active=True, available=0)
            case "hidden":
                return queryset.filter(active=False)
        return queryset


@admin.register(Offer)
class Offers(Records):
    """A projection: products are acted upon in the catalogue."""

    list_display = ("sku", "name", "vendor_name", "price", "available", "active", "version", "updated_at")
    list_filter = (Buyable, "updated_at")
    search_ids = ("variant_id", "product_id", "vendor_id", "category_id")
    search_fields = ("sku__exact", "slug__exact", "name__icontains")
    search_help_text = "Variant, product, vendor or category by id; SKU; slug; name."
    ordering = ("-variant_id",)

    @admin.display
    def price(self, offer: Offer) -> str:
        return str(offer.price_in(settings.CART_CURRENCY) or "")


class WishRows(Rows):
    model = WishlistItem
    fields = readonly_fields = ("variant_id", "name", "created_at", "back_told_at", "drop_told_at")
    ordering = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        offers = Offer.objects.filter(variant_id=OuterRef("variant_id"))
        return super().get_queryset(request).annotate(offered_as=Subquery(offers.values("name")))

    @admin.display
    def name(self, wish: Any) -> str:
        return str(wish.offered_as or "")


@admin.register(Wishlist)
class Wishlists(Records):
    list_display = ("name", "user_id", "wishes", "alerts", "created_at", "updated_at")
    list_filter = ("alerts", "created_at")
    search_ids = ("id", "user_id")
    search_fields = ("name__icontains",)
    search_help_text = "Wishlist or user by id; name."
    ordering = ("-id",)
    fields = ("id", "user_id", "name", "alerts", "created_at", "updated_at")
    inlines = (WishRows,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        items = WishlistItem.objects.filter(wishlist=OuterRef("pk")).order_by().values("wishlist")
        return super().get_queryset(request).annotate(size=Subquery(items.annotate(n=Count("id")).values("n")))

    @admin.display
    def wishes(self, wishlist: Any) -> int:
        return wishlist.size or 0


class Recovered(admin.SimpleListFilter):
    title, parameter_name = "what became of it", "became"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("ordered", "an order after all"), ("nothing", "nothing yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = {"ordered": False, "nothing": True}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(ordered_at__isnull=wanted)


@admin.register(AbandonedCart)
class AbandonedCarts(Records):
    """Found by the clock and told to their buyers; the carts themselves are the buyers' own."""

    list_display = ("found_at", "user_id", "size", "total", "left_at", "ordered_at")
    list_filter = (Recovered, "currency", "found_at")
    search_ids = ("id", "cart_id", "user_id")
    search_fields = ("version__exact",)
    search_help_text = "Finding, cart or user by id; version of the cart."
    ordering = ("-id",)
