"""What is for sale: products and their variants."""

import json
import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog_service.errors import AmbiguousSku, IllegalMove
from catalog_service.models.taxonomy import NAME_LENGTH, SLUG_LENGTH, Brand, Category, id_or_slug
from catalog_service.models.vendors import Vendor
from shared.context import new_id
from shared.errors import NotFound

SKU_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 ._+:#()-]{0,63}$"
WORDS_OF_PATHS = {"adjustments", "locations", "transfers"}
"""They stand where a SKU would in paths of the inventory."""
MAX_SPECIFICATIONS = 20_000
MAX_DEPTH = 5
_NULL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON writes it; a backslash before it is a backslash."""
_VISIBLE = Q(status="active", deleted_at__isnull=True)


def _no_ratings() -> list[int]:
    return [0, 0, 0, 0, 0]


def unstorable(specifications: dict[str, Any]) -> str | None:
    """Why an object of somebody's own making cannot be kept as it is: its size, depth or characters. None: it can."""
    try:
        text = json.dumps(specifications, ensure_ascii=False, allow_nan=False)
        text.encode()
    except RecursionError:
        return "Too deep."
    except (ValueError, TypeError):
        return "Contains what is no JSON text or number."
    if len(text) > MAX_SPECIFICATIONS:
        return f"At most {MAX_SPECIFICATIONS} characters."
    if _NULL.search(text):
        return "Null characters are not allowed."
    return "Too deep." if _depth(specifications) > MAX_DEPTH else None


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(child) for child in children), default=0)


class ProductQuerySet(models.QuerySet["Product"]):
    def visible(self) -> Self:
        """What the public sees: active products of active vendors."""
        return self.filter(_VISIBLE, vendor__status=Vendor.Status.ACTIVE)

    def kept(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def writable_by(self, vendor_id: UUID | None) -> Self:
        """A vendor's own products; None is an admin, who may write all."""
        rows = self.kept()
        return rows if vendor_id is None else rows.filter(vendor_id=vendor_id)

    def named(self, reference: str) -> Self:
        """By id or slug. Raises NotFound for what can be neither."""
        return self.filter(**id_or_slug(reference))

    def one(self) -> "Product":
        """The only row left. Raises NotFound."""
        product = self.first()
        if product is None:
            raise NotFound
        return product


class Product(models.Model):
    """A product with what stands on its card: `prices` (the cheapest variant's, per currency), `image`, ratings.

    `prices` is `{"USD": {"minor": 1250, "compare_at": 1500 | null, "lowest": 1300, "then": [{"from": 1764000000.0,
    "minor": 1500, "compare_at": null}]}}`, where `then` has what sales that start and end will make of it, by seconds
    since 1970, and `lowest` was asked in the 30 days before a reduction. Where variants have their own prices in
    different currencies, `"mixed"` lists the cheapest of each kind: `{"own": ["USD", "EUR"], "minor": …}`, in dollars.
    `prices_change_at` is when carts are told next. `rating_histogram` counts one to five stars.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        IN_REVIEW = "in_review"
        ACTIVE = "active"
        INACTIVE = "inactive"
        ARCHIVED = "archived"

    MOVES = {
        Status.DRAFT: {Status.IN_REVIEW, Status.ACTIVE, Status.ARCHIVED},
        Status.IN_REVIEW: {Status.DRAFT, Status.ACTIVE, Status.ARCHIVED},
        Status.ACTIVE: {Status.INACTIVE, Status.ARCHIVED, Status.DRAFT},
        Status.INACTIVE: {Status.ACTIVE, Status.IN_REVIEW, Status.ARCHIVED, Status.DRAFT},
        Status.ARCHIVED: {Status.DRAFT},
    }

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="products")
    slug = models.CharField(max_length=SLUG_LENGTH + 20, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, related_name="products")
    specifications = models.JSONField(default=dict)
    tags = ArrayField(models.CharField(max_length=50), default=list)
    featured = models.BooleanField(default=False)
    seo_title = models.CharField(max_length=200, blank=True, db_default="")
    seo_description = models.CharField(max_length=500, blank=True, db_default="")
    status = models.CharField(max_length=12, choices=Status, default=Status.DRAFT)
    rejection_reason = models.CharField(max_length=1_000, blank=True)
    approved_at = models.DateTimeField(null=True)
    prices = models.JSONField(default=dict)
    prices_change_at = models.DateTimeField(null=True)
    image = models.CharField(max_length=120, blank=True)
    rating_average = models.DecimalField(max_digits=3, decimal_places=2, default=0)
    rating_count = models.PositiveIntegerField(default=0)
    rating_histogram = ArrayField(models.PositiveIntegerField(), default=_no_ratings, size=5)
    handle = models.CharField(max_length=SLUG_LENGTH, blank=True)
    import_digest = models.CharField(max_length=64, blank=True)
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        db_table = "product"
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["draft", "in_review", "active", "inactive", "archived"]),
                name="product_status_known",
            ),
            models.CheckConstraint(condition=Q(rating_average__range=(0, 5)), name="product_rating_in_range"),
            models.UniqueConstraint(
                fields=["vendor", "handle"],
                name="product_handle_once",
                condition=~Q(handle="") & Q(deleted_at__isnull=True),
            ),
        )
        indexes = (
            models.Index(fields=["created_at", "id"], name="product_by_age"),
            models.Index(fields=["vendor", "created_at", "id"], name="product_of_vendor"),
            models.Index(fields=["status", "created_at", "id"], name="product_of_status"),
            models.Index(
                fields=["prices_change_at"],
                name="product_prices_due",
                condition=Q(prices_change_at__isnull=False, deleted_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return self.slug

    @property
    def is_visible(self) -> bool:
        """Asks the vendor too: select it along."""
        return self.is_on_sale and self.vendor.status == Vendor.Status.ACTIVE

    @property
    def is_on_sale(self) -> bool:
        return self.status == self.Status.ACTIVE and self.deleted_at is None

    def move_to(self, status: str) -> None:
        """Raises IllegalMove. The same status again is no move."""
        if status == self.status:
            return
        if status not in self.MOVES[self.Status(self.status)]:
            raise IllegalMove(f"A product that is {self.status} cannot become {status}.")
        self.status = status

    def submit(self) -> bool:
        """Ask for approval. False when it was asked for already, or was given before: then it is simply active."""
        wanted = self.Status.ACTIVE if self.approved_at else self.Status.IN_REVIEW
        news = wanted == self.Status.IN_REVIEW and self.status != wanted
        self.move_to(wanted)
        return news

    def publish(self) -> None:
        """Put on sale with an admin's authority, from any status that leads there."""
        self.move_to(self.Status.ACTIVE)
        self.approved_at = self.approved_at or timezone.now()
        self.rejection_reason = ""

    def approve(self) -> None:
        self._must_be_in_review()
        self.publish()

    def reject(self, reason: str) -> None:
        """Back to the vendor's drafts, with the reason."""
        self._must_be_in_review()
        self.move_to(self.Status.DRAFT)
        self.rejection_reason = reason

    def _must_be_in_review(self) -> None:
        if self.status != self.Status.IN_REVIEW:
            raise IllegalMove(f"Only a product in review can be decided; this one is {self.status}.")

    def delete_softly(self) -> None:
        self.deleted_at = timezone.now()

    def rate(self, histogram: list[int]) -> None:
        """Take over the numbers of one- to five-star reviews."""
        count = sum(histogram)
        stars = sum((i + 1) * n for i, n in enumerate(histogram))
        self.rating_histogram, self.rating_count = histogram, count
        self.rating_average = round(Decimal(stars) / count, 2) if count else Decimal(0)


class ProductPrice(models.Model):
    """The card's prices as rows: what price filters and price order are read from.

    With `own` null: the cheapest of the prices set in this currency. Else the cheapest variant of those that have
    prices of their own in just these currencies, in the first of them, from which all others are converted. `mixed`:
    the product has several kinds of variants in this sense, so several rows may stand for it.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="card_prices")
    currency = models.CharField(max_length=3)
    own = ArrayField(models.CharField(max_length=3), null=True)
    minor = models.BigIntegerField()
    compare_at_minor = models.BigIntegerField(null=True)
    lowest_minor = models.BigIntegerField(null=True)
    mixed = models.BooleanField(db_default=False)

    class Meta:
        db_table = "product_price"
        constraints = (
            models.UniqueConstraint(
                fields=["product", "currency"], name="product_price_once", condition=Q(own__isnull=True)
            ),
        )
        indexes = (
            models.Index(
                fields=["currency", "minor", "product"], name="product_price_order", condition=Q(own__isnull=True)
            ),
            models.Index(
                fields=["currency", "minor", "product"],
                include=["own"],
                name="product_price_converted",
                condition=Q(own__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.minor} {self.currency}"


class VariantQuerySet(models.QuerySet["Variant"]):
    def kept(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def with_sku(self, sku: str, vendor_id: UUID | None) -> "Variant":
        """The vendor's variant (None: any vendor's). Raises NotFound, AmbiguousSku."""
        if not re.fullmatch(SKU_PATTERN, sku):
            raise NotFound
        rows = self.kept().filter(sku=sku, product__deleted_at__isnull=True)
        found = list((rows if vendor_id is None else rows.filter(vendor_id=vendor_id))[:2])
        if not found:
            raise NotFound
        if len(found) > 1:
            raise AmbiguousSku
        return found[0]

    def called(self, skus: Collection[str]) -> Self:
        """Everybody's variants with one of these SKUs."""
        return self.kept().filter(sku__in=skus, product__deleted_at__isnull=True)


class Variant(models.Model):
    """What is put into a cart. `vendor` repeats the product's, so that a SKU is unique per vendor."""

    id = models.UUIDField(primary_key=True, default=new_id)
    product = models.ForeignKey(Product, models.PROTECT, related_name="variants")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    options = models.JSONField(default=dict)
    barcode = models.CharField(max_length=32, blank=True)
    weight_grams = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True)

    objects = VariantQuerySet.as_manager()

    class Meta:
        db_table = "variant"
        constraints = (
            models.UniqueConstraint(
                fields=["vendor", "sku"], name="variant_sku_once", condition=Q(deleted_at__isnull=True)
            ),
        )
        indexes = (models.Index(fields=["product", "position", "id"], name="variant_of_product"),)

    def __str__(self) -> str:
        return self.sku

    def delete_softly(self) -> None:
        self.deleted_at = timezone.now()

    @property
    def title(self) -> str:
        """The product's name with the options that tell this variant from its siblings."""
        choice = ", ".join(str(value) for value in self.options.values())
        return f"{self.product.name} ({choice})" if choice else self.product.name
