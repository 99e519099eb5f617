"""The operators' pages: what is for sale and what stands in the way, stock and its holds, what buyers think."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from catalog_service.actions import moderation, products, revisions, synonyms, taxonomy
from catalog_service.actions.products import ProductChanges
from catalog_service.models import (
    BoughtTogether,
    Brand,
    Category,
    DailySales,
    DiscardedFile,
    ExchangeRate,
    Export,
    Image,
    ImageToFetch,
    Import,
    Location,
    Movement,
    Price,
    PriceChange,
    Product,
    Purchase,
    Reservation,
    ReservationLine,
    ReservationPlace,
    Review,
    ReviewFlag,
    ReviewVote,
    Revision,
    Sale,
    SearchCount,
    StockItem,
    StockLevel,
    Synonym,
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


# ── Products ─────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Supply(admin.SimpleListFilter):
    title = parameter_name = "supply"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("low", "running low"), ("out", "none available"), ("held", "held by orders")]

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


# ── Reviews ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("Approve")
def approve_review(review: Review, by: Caller, reason: str) -> None:
    moderation.approve_review(review_id=review.id)


@operation("Reject", needs_reason=True)
def reject_review(review: Review, by: Caller, reason: str) -> None:
    moderation.reject_review(review_id=review.id, reason=reason)


@admin.register(Review)
class Reviews(Records):
    list_display = ("created_at", "product", "rating", "title", "status", "open_flags", "spam_score", "user_id")
    list_filter = ("status", "rating", "verified_purchase", "created_at")
    list_select_related = ("product",)
    search_ids = ("id", "product_id", "user_id")
    search_fields = ("product__slug__exact",)
    search_help_text = "Review, product or author by id; the product's slug."
    ordering = ("-id",)
    actions = (approve_review, reject_review)


@admin.register(ReviewFlag)
class ReviewFlags(Records):
    list_display = ("created_at", "review", "reason", "detail", "user_id", "resolved_at")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "reason", "created_at")
    list_select_related = ("review",)
    search_ids = ("id", "review_id", "user_id")
    search_fields = ("pk__exact",)
    search_help_text = "Review or who flagged it by id."
    ordering = ("-id",)


@admin.register(ReviewVote)
class ReviewVotes(Records):
    list_display = ("created_at", "review", "user_id", "helpful")
    list_filter = ("helpful", "created_at")
    list_select_related = ("review",)
    search_ids = ("id", "review_id", "user_id")
    search_fields = ("pk__exact",)
    search_help_text = "Review or voter by id."
    ordering = ("-id",)


@admin.register(Purchase)
class Purchases(Records):
    list_display = ("delivered_at", "user_id", "product_id", "order_id")
    list_filter = ("delivered_at",)
    search_ids = ("id", "user_id", "product_id", "order_id")
    search_help_text = "User, product or order by id."
    ordering = ("-id",)


# ── Recommendations ──────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Search ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("Delete", final=True)
def delete_synonym(synonym: Synonym, by: Caller, reason: str) -> None:
    synonyms.delete_synonym(synonym_id=synonym.id)


@admin.register(Synonym)
class Synonyms(Records):
    list_display = ("terms", "created_at", "updated_at")
    search_ids = ("id",)
    search_fields = ("terms__icontains",)
    ordering = ("-created_at", "-id")
    actions = (delete_synonym,)


@admin.register(SearchCount)
class SearchCounts(Records):
    list_display = ("day", "text", "searches", "fruitless")
    list_filter = ("day",)
    search_ids = ("id",)
    search_fields = ("text__icontains",)
    ordering = ("-day", "-searches", "text")
