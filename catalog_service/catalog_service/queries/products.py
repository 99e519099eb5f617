"""Lists of products in one statement, and one product in whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from catalog_service.models import Category, Image, Product, StockItem, Variant
from catalog_service.models.taxonomy import id_or_slug
from catalog_service.queries import search as search_port
from catalog_service.queries.pages import Order, Page, decimal_number, moment, page, whole_number
from catalog_service.queries.taxonomy import breadcrumbs
from shared.errors import NotFound
from shared.money import EXPONENTS

ORDERS = {
    "newest": Order("created_at", descending=True, parse=moment),
    "price": Order("price_minor", parse=whole_number),
    "-price": Order("price_minor", descending=True, parse=whole_number),
    "name": Order("name_key"),
    "rating": Order("rating_average", descending=True, parse=decimal_number),
    "relevance": Order("rank", descending=True, parse=decimal_number),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """None and empty mean: no matter. Prices are in units of `currency`; tags must all be there."""

    currency: str
    search: str = ""
    category: str = ""
    brand: Sequence[str] = ()
    vendor: str = ""
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool | None = None
    rating: Decimal | None = None
    featured: bool | None = None
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ProductInWhole:
    product: Product
    variants: list[Variant]
    images: list[Image]
    breadcrumbs: list[Category]


def list_products(filters: Filters, *, ordering: str, cursor: str | None, limit: int) -> Page[Product]:
    """What the public may see, with `in_stock` on each row."""
    rows = _matching(_with_card(Product.objects.visible()), filters)
    order = ORDERS[ordering or ("relevance" if filters.search else "newest")]
    return page(_prepared(rows, order, filters), order, cursor=cursor, limit=limit)


def list_for_writers(*, vendor_id: UUID | None, status: str, cursor: str | None, limit: int) -> Page[Product]:
    """A vendor's own products in every status; everybody's for None."""
    rows = _with_card(Product.objects.writable_by(vendor_id))
    if status:
        rows = rows.filter(status=status)
    return page(rows, ORDERS["newest"], cursor=cursor, limit=limit)


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
        images=list(product.images.order_by("-primary", "position", "id")),
        breadcrumbs=breadcrumbs(product.category),
    )


def _with_card(rows: QuerySet[Product]) -> QuerySet[Product]:
    in_stock = StockItem.objects.filter(
        product=OuterRef("id"), on_hand__gt=F("reserved"), variant__deleted_at__isnull=True
    )
    card = rows.select_related("vendor", "category", "brand").defer("description", "specifications", "search")
    return card.annotate(in_stock=Exists(in_stock))


def _matching(rows: QuerySet[Any], filters: Filters) -> QuerySet[Product]:
    rows = rows.filter(_place(filters) & _qualities(filters))
    if filters.min_price is not None or filters.max_price is not None:
        rows = _priced(rows, filters.currency).filter(_price_range(filters))
    if filters.in_stock is not None:
        rows = rows.filter(Q(in_stock=filters.in_stock))
    return search_port.matching(rows, filters.search) if filters.search else rows


def _place(filters: Filters) -> Q:
    wanted = Q()
    if filters.category:
        wanted &= Q(category__in=_with_descendants(filters.category))
    if filters.brand:
        wanted &= _any_of("brand", filters.brand)
    if filters.vendor:
        wanted &= _any_of("vendor", [filters.vendor])
    return wanted


def _qualities(filters: Filters) -> Q:
    wanted = Q()
    if filters.rating is not None:
        wanted &= Q(rating_average__gte=filters.rating)
    if filters.featured is not None:
        wanted &= Q(featured=filters.featured)
    if filters.tags:
        wanted &= Q(tags__contains=list(filters.tags))
    return wanted


def _with_descendants(reference: str) -> QuerySet[Category]:
    """Overlap, not containment: every lineage contains the empty array of an unknown category."""
    try:
        named = Category.objects.filter(**id_or_slug(reference)).values("id")
    except NotFound:
        return Category.objects.none()
    return Category.objects.filter(lineage__overlap=ArraySubquery(named))


def _any_of(relation: str, references: Sequence[str]) -> Q:
    wanted = Q(pk__in=[])
    for reference in references:
        try:
            name = id_or_slug(reference)
        except NotFound:
            continue
        wanted |= Q(**{f"{relation}__{field}": value for field, value in name.items()})
    return wanted


def _priced(rows: QuerySet[Product], currency: str) -> QuerySet[Product]:
    """Only what has a price in the currency, with `price_minor`."""
    if "price_minor" in rows.query.annotations:
        return rows
    price = FilteredRelation("card_prices", condition=Q(card_prices__currency=currency))
    return rows.annotate(card_price=price).filter(card_price__isnull=False).annotate(price_minor=F("card_price__minor"))


def _price_range(filters: Filters) -> Q:
    exponent = EXPONENTS[filters.currency]
    wanted = Q()
    if filters.min_price is not None:
        wanted &= Q(price_minor__gte=int(filters.min_price.scaleb(exponent).to_integral_value(ROUND_CEILING)))
    if filters.max_price is not None:
        wanted &= Q(price_minor__lte=int(filters.max_price.scaleb(exponent).to_integral_value(ROUND_FLOOR)))
    return wanted


def _prepared(rows: QuerySet[Product], order: Order, filters: Filters) -> QuerySet[Any]:
    if order.field == "price_minor":
        return _priced(rows, filters.currency)
    if order.field == "name_key":
        return rows.annotate(name_key=Lower("name"))
    return rows


def find_variant(variant_id: UUID) -> Variant:
    return Variant.objects.select_related("stock").prefetch_related("prices").get(id=variant_id)
