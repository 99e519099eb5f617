"""A product in whole, and the lists of those who write products. What buyers list are cards (queries/cards.py)."""

from dataclasses import dataclass
from functools import reduce
from operator import and_
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from catalog_service.models import Category, Image, Product, StockItem, Variant, Vendor
from catalog_service.models.taxonomy import id_or_slug
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


def list_for_writers(
    *,
    vendor_id: UUID | None,
    cursor: str | None,
    limit: int,
    status: str = "",
    search: str = "",
    category: str = "",
    vendor: str = "",
    in_stock: bool | None = None,
) -> Page[Product]:
    """A vendor's own products in every status; everybody's for None. `category` (with its descendants) and `vendor` are
    slugs or ids. `search`: every word is in the name, or it is how a SKU begins.
    """
    rows = _with_card(Product.objects.writable_by(vendor_id))
    if status:
        rows = rows.filter(status=status)
    if category:
        rows = rows.filter(category__lineage__overlap=_ids(Category, category))
    if vendor:
        rows = rows.filter(vendor__in=_ids(Vendor, vendor))
    if in_stock is not None:
        rows = rows.filter(_in_stock() if in_stock else ~_in_stock())
    if search:
        found = Variant.objects.kept().filter(sku__istartswith=search)
        rows = rows.filter(named_with(search) | Q(id__in=found.values("product")))
    return page(rows, NEWEST, cursor=cursor, limit=limit)


def named_with(text: str, field: str = "name") -> Q:
    """Every word of the text is in the name."""
    return reduce(and_, (Q(**{f"{field}__icontains": word}) for word in text.split()), Q())


def _ids(model: type[Category] | type[Vendor], reference: str) -> list[UUID]:
    """Of the only row of this slug or id; none where there is no such row."""
    try:
        return list(model._default_manager.filter(**id_or_slug(reference)).values_list("id", flat=True))
    except NotFound:
        return []


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
    card = rows.select_related("vendor", "category", "brand").defer("description", "specifications")
    return card.annotate(in_stock=_in_stock())


def _in_stock() -> Exists:
    return Exists(
        StockItem.objects.filter(product=OuterRef("id"), on_hand__gt=F("reserved"), variant__deleted_at__isnull=True)
    )


def find_variant(variant_id: UUID) -> Variant:
    return Variant.objects.select_related("stock", "product").prefetch_related("prices").get(id=variant_id)
