"""A product in whole, and the lists of those who write products. What buyers list are cards (queries/cards.py)."""

import json
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from catalog_service.models import Attribute, Brand, Category, Image, Price, Product, StockItem, Variant, Vendor
from catalog_service.models.attributes import in_order
from catalog_service.models.rows import from_json
from catalog_service.models.taxonomy import id_or_slug
from catalog_service.queries.attributes import Told, told_by
from catalog_service.queries.pages import Order, Page, moment, page
from shared import plans
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
    """By id or slug, in one statement. What is not on sale is there for its vendor and admins only. Raises NotFound."""
    ((column, value),) = id_or_slug(reference).items()
    with plans.kept(), connection.cursor() as cursor:
        cursor.execute(_WHOLE.format(column), [value])
        found = cursor.fetchone()
    if found is None:
        raise NotFound
    whole = _whole(json.loads(found[0]))  # not orjson, which takes long integers for floats: specifications are free
    if not (whole.product.is_visible or is_admin or whole.product.vendor_id == vendor_id):
        raise NotFound
    return whole


_WHOLE = """
    SELECT json_build_object(
        'product', product,
        'vendor', vendor,
        'category', category,
        'brand', brand,
        'variants', (
            SELECT json_agg(
                json_build_object(
                    'variant', variant,
                    'stock', stock,
                    'prices', (SELECT json_agg(price ORDER BY id) FROM price WHERE price.variant_id = variant.id)
                )
                ORDER BY variant.position, variant.id
            )
            FROM variant JOIN stock_item stock ON stock.variant_id = variant.id
            WHERE variant.product_id = product.id AND variant.deleted_at IS NULL
        ),
        'images', (
            SELECT json_agg(picture ORDER BY position, id) FROM image picture WHERE picture.product_id = product.id
        ),
        'way', (SELECT json_agg(place) FROM category place WHERE place.id = ANY(category.lineage)),
        'schema', (SELECT json_agg(attribute) FROM attribute WHERE attribute.category_id = ANY(category.lineage))
    )::text
    FROM product
    JOIN known_vendor vendor ON vendor.id = product.vendor_id
    JOIN category ON category.id = product.category_id
    LEFT JOIN brand ON brand.id = product.brand_id
    WHERE product.deleted_at IS NULL AND product.{} = %s
"""


def _whole(told: dict[str, Any]) -> ProductInWhole:
    product = from_json(Product, told["product"])
    product.vendor, product.category = from_json(Vendor, told["vendor"]), from_json(Category, told["category"])
    product.brand = from_json(Brand, told["brand"]) if told["brand"] else None
    way = {place.id: place for place in (from_json(Category, one) for one in told["way"])}
    schema = [from_json(Attribute, one) for one in told["schema"] or ()]
    for attribute in schema:
        attribute.category = way[attribute.category_id]
    return ProductInWhole(
        product=product,
        variants=[_variant(product, **one) for one in told["variants"] or ()],
        images=[from_json(Image, one) for one in told["images"] or ()],
        breadcrumbs=[way[id_] for id_ in product.category.lineage],
        attributes=told_by(product, in_order(schema, product.category)),
    )


def _variant(product: Product, *, variant: Any, stock: Any, prices: Any) -> Variant:
    made = from_json(Variant, variant)
    made.product, made.stock = product, from_json(StockItem, stock)
    found = made.prices.all()
    found._result_cache = [from_json(Price, price) for price in prices or ()]
    made._prefetched_objects_cache = {"prices": found}  # type: ignore[attr-defined]
    return made


def _with_card(rows: QuerySet[Product]) -> QuerySet[Product]:
    card = rows.select_related("vendor", "category", "brand").defer("description", "specifications")
    return card.annotate(in_stock=_in_stock())


def _in_stock() -> Exists:
    return Exists(
        StockItem.objects.filter(product=OuterRef("id"), on_hand__gt=F("reserved"), variant__deleted_at__isnull=True)
    )


def find_variant(variant_id: UUID) -> Variant:
    return Variant.objects.select_related("stock", "product").prefetch_related("prices").get(id=variant_id)
