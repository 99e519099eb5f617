"""What is for sale and what stands in the way."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from catalog_service.actions import products, revisions, taxonomy
from catalog_service.actions.products import ProductChanges
from catalog_service.models import (
    Brand,
    Category,
    DiscardedFile,
    ExchangeRate,
    Export,
    Image,
    ImageToFetch,
    Import,
    Price,
    PriceChange,
    Product,
    Revision,
    StockItem,
    Variant,
    Vendor,
    Wish,
    card_prices,
)
from catalog_service.models.card_prices import MIXED, base_of
from shared import media
from shared.admin import Records, Rows, amount, operation
from shared.auth import Caller

DELETED = ("deleted_at", admin.EmptyFieldListFilter)


@operation("Approve")
def approve(product: Product, by: Caller, reason: str) -> None:
    products.approve_product(reference=str(product.id))


@operation("Reject", needs_reason=True)
def reject(product: Product, by: Caller, reason: str) -> None:
    products.reject_product(reference=str(product.id), reason=reason)


@operation("Put on sale")
def put_on_sale(product: Product, by: Caller, reason: str) -> None:
    _edit(product, {"status": Product.Status.ACTIVE})


@operation("Take off sale")
def take_off_sale(product: Product, by: Caller, reason: str) -> None:
    _edit(product, {"status": Product.Status.INACTIVE})


@operation("Archive")
def archive(product: Product, by: Caller, reason: str) -> None:
    _edit(product, {"status": Product.Status.ARCHIVED})


@operation("Feature")
def feature(product: Product, by: Caller, reason: str) -> None:
    _edit(product, {"featured": True})


@operation("Feature no more")
def feature_no_more(product: Product, by: Caller, reason: str) -> None:
    _edit(product, {"featured": False})


@operation("Delete", final=True)
def delete(product: Product, by: Caller, reason: str) -> None:
    products.delete_product(reference=str(product.id), vendor_id=None)


def _edit(product: Product, changes: ProductChanges) -> None:
    products.edit_product(reference=str(product.id), vendor_id=None, changes=changes)


@admin.display(description="price")
def price_of(product: Product) -> str:
    known = base_of(one for one in product.prices if one != MIXED)
    price = known and card_prices.price_of(product.prices, Wish(known))
    return str(price.money) if price else ""


class VariantRows(Rows):
    model = Variant
    fields = readonly_fields = ("sku", "options", "costs", "on_hand", "reserved", "deleted_at")
    ordering = ("position", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("stock").prefetch_related("prices")

    @admin.display
    def costs(self, variant: Variant) -> str:
        return ", ".join(str(price.money) for price in variant.prices.all())

    @admin.display
    def on_hand(self, variant: Variant) -> int:
        return int(variant.stock.on_hand)

    @admin.display
    def reserved(self, variant: Variant) -> int:
        return int(variant.stock.reserved)


class ImageRows(Rows):
    model = Image
    fields = readonly_fields = ("picture", "file", "alt", "primary", "width", "height")
    ordering = ("position", "id")

    @admin.display
    def picture(self, image: Image) -> str:
        """By its path alone where NGINX serves it: operators may know the edge by another name."""
        address = (media.url(image.shown) or "").removeprefix(settings.PUBLIC_URL)
        return format_html('<img src="{}" alt="{}" height="80">', address, image.alt)


@admin.register(Product)
class Products(Records):
    list_display = ("name", "status", "vendor", "category", "brand", price_of, "rating_average", "created_at")
    list_filter = ("status", "featured", ("approved_at", admin.EmptyFieldListFilter), DELETED, "created_at")
    list_select_related = ("vendor", "category", "brand")
    search_ids = ("id", "vendor_id", "category_id", "brand_id")
    search_fields = ("name__icontains", "slug__exact", "handle__exact")
    search_help_text = "Product, vendor, category or brand by id; name; slug. SKUs are found under variants."
    ordering = ("-id",)
    exclude = ("import_digest",)
    inlines = (VariantRows, ImageRows)
    actions = (approve, reject, put_on_sale, take_off_sale, archive, feature, feature_no_more, delete)


@operation("Approve")
def approve_edit(revision: Revision, by: Caller, reason: str) -> None:
    revisions.approve_revision(revision_id=revision.id)


@operation("Reject", needs_reason=True)
def reject_edit(revision: Revision, by: Caller, reason: str) -> None:
    revisions.reject_revision(revision_id=revision.id, reason=reason)


@admin.register(Revision)
class Revisions(Records):
    list_display = ("product", "what", "status", "created_at", "decided_at")
    list_filter = ("status", "created_at")
    list_select_related = ("product",)
    search_ids = ("id", "product_id")
    search_fields = ("product__name__icontains",)
    search_help_text = "Revision or product by id; the product's name."
    ordering = ("-id",)
    actions = (approve_edit, reject_edit)

    @admin.display
    def what(self, revision: Revision) -> str:
        return ", ".join(sorted(revision.changes))


class PriceRows(Rows):
    model = Price
    price, compared_with = staticmethod(amount("minor")), staticmethod(amount("compare_at_minor"))
    on_sale_for = staticmethod(amount("sale_minor"))
    fields = readonly_fields = ("currency", "price", "compared_with", "on_sale_for", "sale_starts_at", "sale_ends_at")
    ordering = ("currency",)


class StockRows(Rows):
    model = StockItem
    fields = readonly_fields = ("on_hand", "reserved", "low_at", "version", "updated_at")


@admin.register(Variant)
class Variants(Records):
    list_display = ("sku", "product", "vendor", "options", "barcode", "weight_grams", "created_at", "deleted_at")
    list_filter = (DELETED, "created_at")
    list_select_related = ("product", "vendor")
    search_ids = ("id", "product_id", "vendor_id")
    search_fields = ("sku__exact", "barcode__exact")
    search_help_text = "Variant, product or vendor by id; SKU; barcode."
    ordering = ("-id",)
    inlines = (PriceRows, StockRows)


@operation("Delete", final=True)
def delete_category(category: Category, by: Caller, reason: str) -> None:
    taxonomy.delete_category(reference=str(category.id))


@admin.register(PriceChange)
class PriceChanges(Records):
    list_display = ("at", "variant", amount("minor"), amount("compare_at_minor"))
    list_filter = ("currency", "at")
    list_select_related = ("variant",)
    search_ids = ("id", "variant_id", "product_id")
    search_fields = ("variant__sku__exact",)
    search_help_text = "Variant or product by id, or SKU."
    ordering = ("-at",)


@admin.register(ExchangeRate)
class ExchangeRates(Records):
    list_display = ("currency", "rate", "day", "version")
    search_fields = ("currency__iexact",)
    ordering = ("currency",)


@admin.register(Category)
class Categories(Records):
    list_display = ("name", "slug", "parent", "position", "updated_at")
    list_filter = (("parent", admin.EmptyFieldListFilter),)
    list_select_related = ("parent",)
    search_ids = ("id", "parent_id")
    search_fields = ("name__icontains", "slug__exact")
    search_help_text = "Category by id, or its parent by id: those below it; name; slug."
    ordering = ("slug",)
    actions = (delete_category,)


@operation("Delete", final=True)
def delete_brand(brand: Brand, by: Caller, reason: str) -> None:
    taxonomy.delete_brand(reference=str(brand.id))


@admin.register(Brand)
class Brands(Records):
    list_display = ("name", "slug", "created_at", "updated_at")
    search_ids = ("id",)
    search_fields = ("name__icontains", "slug__exact")
    ordering = ("slug",)
    actions = (delete_brand,)


@admin.register(Vendor)
class Vendors(Records):
    """A projection: vendors are acted upon where they are kept."""

    list_display = ("__str__", "name", "status", "version", "updated_at")
    list_filter = ("status",)
    search_ids = ("id",)
    search_fields = ("name__icontains", "slug__exact")
    ordering = ("-id",)


@admin.register(Import)
class Imports(Records):
    list_display = ("created_at", "vendor", "format", "status", "total", "created", "updated", "unchanged", "failed")
    list_filter = ("status", "format", "created_at")
    list_select_related = ("vendor",)
    search_ids = ("id", "vendor_id", "created_by")
    search_fields = ("vendor__slug__exact",)
    search_help_text = "Import, vendor or user by id; the vendor's slug."
    ordering = ("-id",)


@admin.register(Export)
class Exports(Records):
    list_display = ("created_at", "vendor", "format", "status", "total", "done", "size", "attempts", "created_by")
    list_filter = ("status", "format", "created_at")
    list_select_related = ("vendor",)
    search_ids = ("id", "vendor_id", "created_by")
    search_fields = ("vendor__slug__exact",)
    search_help_text = "Export, vendor or user by id; the vendor's slug."
    ordering = ("-id",)


@admin.register(ImageToFetch)
class ImagesToFetch(Records):
    list_display = ("url", "product", "batch", "line", "attempts", "due_at")
    list_select_related = ("product", "batch")
    search_ids = ("id", "product_id", "batch_id")
    search_fields = ("url__exact",)
    search_help_text = "Product or import by id; the address."
    ordering = ("-id",)


@admin.register(DiscardedFile)
class DiscardedFiles(Records):
    list_display = ("name", "due_at", "attempts")
    search_fields = ("name__exact",)
    search_help_text = "The file's name."
    ordering = ("name",)
