"""A product in whole, and the lists of those who write products. What buyers list are cards (queries/cards.py)."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from catalog_service.models import Category, Image, Product, StockItem, Variant
from catalog_service.queries.attributes import Told, told_by
from catalog_service.queries.pages import Order, Page, moment, page
from catalog_service.queries.taxonomy import breadcrumbs
from shared.errors import NotFound

NEWEST = Order("created_at", descending=True, parse=moment)


@dataclass(frozen=True, slots=True)
class ProductInWhole:
    product: Product
    variants: list[Variant]
    images: list[Image]
    breadcrumbs: list[Category]
    attributes: list[Told]


def list_for_writers(*, vendor_id: UUID | None, status: str, cursor: str | None, limit: int) -> Page[Product]:
    """A vendor's own products in every status; everybody's for None."""
    rows = _with_card(Product.objects.writable_by(vendor_id))
    if status:
        rows = rows.filter(status=status)
    return page(rows, NEWEST, cursor=cursor, limit=limit)


def find_product(reference: str, *, vendor_id: UUID | None = None, is_admin: bool = False) -> ProductInWhole:
    """By id or slug. What is not on sale is there for its vendor and admins only. Raises NotFound."""
    rows = Product.objects.kept().named(reference).select_related("vendor", "category", "brand")
    product = rows.one()
    if not (product.is_visible or is_admin or product.vendor_id == vendor_id):
        raise NotFound
    variants = product.variants.filter(deleted_at__isnull=True).select_related("stock").prefetch_related("prices")
    return ProductInWhole(
        product=product,
        variants=list(variants.order_by("position", "id")),
        images=list(product.images.order_by("position", "id")),
        breadcrumbs=breadcrumbs(product.category),
        attributes=told_by(product),
    )


def _with_card(rows: QuerySet[Product]) -> QuerySet[Product]:
    in_stock = StockItem.objects.filter(
        product=OuterRef("id"), on_hand__gt=F("reserved"), variant__deleted_at__isnull=True
    )
    card = rows.select_related("vendor", "category", "brand").defer("description", "specifications")
    return card.annotate(in_stock=Exists(in_stock))


def find_variant(variant_id: UUID) -> Variant:
    return Variant.objects.select_related("stock", "product").prefetch_related("prices").get(id=variant_id)
