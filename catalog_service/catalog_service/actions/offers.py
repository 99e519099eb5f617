"""Keep the products' cards and search texts, and tell carts what each variant is as an offer."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import connection
from django.db.models import Q

from catalog_service.models import StockItem, Variant
from catalog_service.models.images import media_url
from catalog_service.models.inventory import Change, Level
from shared.contracts.catalog import OfferChanged
from shared.messages import MoneyData
from shared.outbox import publish

_DROP_PRICES = "DELETE FROM product_price WHERE product_id = ANY(%s)"

_CARD_PRICES = """
    INSERT INTO product_price (product_id, currency, minor, compare_at_minor)
    SELECT DISTINCT ON (variant.product_id, price.currency)
        variant.product_id, price.currency, price.minor, price.compare_at_minor
    FROM variant JOIN price ON price.variant_id = variant.id
    WHERE variant.product_id = ANY(%s) AND variant.deleted_at IS NULL
    ORDER BY variant.product_id, price.currency, price.minor, price.compare_at_minor NULLS LAST
"""

_CARDS = """
    UPDATE product SET
        prices = coalesce((
            SELECT jsonb_object_agg(
                currency, jsonb_build_object('minor', minor, 'compare_at', compare_at_minor))
            FROM product_price WHERE product_id = product.id), '{}'),
        image = coalesce((
            SELECT thumbnail FROM image WHERE product_id = product.id AND "primary"), ''),
        search =
            setweight(to_tsvector('english', product.name), 'A') ||
            setweight(to_tsvector('english', concat_ws(' ',
                (SELECT name FROM brand WHERE id = product.brand_id),
                (SELECT name FROM category WHERE id = product.category_id),
                array_to_string(product.tags, ' '))), 'B') ||
            setweight(to_tsvector('simple', coalesce((
                SELECT string_agg(regexp_replace(sku, '[^A-Za-z0-9]+', ' ', 'g'), ' ') FROM variant
                WHERE product_id = product.id AND deleted_at IS NULL), '')), 'B') ||
            setweight(to_tsvector('english', left(product.description, 20000)), 'C')
    WHERE id = ANY(%s)
"""


def refresh_cards(product_ids: Collection[UUID]) -> None:
    """Bring prices, image and search text of these products up to date; the caller has locked them."""
    ids = [list(product_ids)]
    with connection.cursor() as cursor:
        for statement in (_DROP_PRICES, _CARD_PRICES, _CARDS):
            cursor.execute(statement, ids)


def product_changed(product_ids: Collection[UUID], *, gone: Collection[UUID] = ()) -> None:
    """After any change of locked products: their cards, and an OfferChanged for each variant, those just gone too."""
    refresh_cards(product_ids)
    told = Q(product_id__in=product_ids, deleted_at__isnull=True) | Q(id__in=gone)
    retell(Variant.objects.filter(told).values_list("id", flat=True))


def retell(variant_ids: Collection[UUID]) -> None:
    """Tell the present offers although no stock moved. Locks the stock rows, so that versions follow the truth."""
    ids = StockItem.objects.locked(variant_ids)
    if ids:
        tell(StockItem.objects.change({variant_id: Change() for variant_id in ids}))


def tell(levels: Mapping[UUID, Level], variants: Mapping[UUID, Variant] | None = None) -> None:
    """One OfferChanged for each variant; its stock row is locked and `levels` is what it says now."""
    variants = variants if variants is not None else load(levels)
    for variant_id in sorted(levels):
        publish(_offer(variants[variant_id], levels[variant_id]), version=levels[variant_id].version)


def load(variant_ids: Collection[UUID]) -> dict[UUID, Variant]:
    """Variants with product, vendor and prices. To be called after their stock rows are locked, not before."""
    rows = Variant.objects.filter(id__in=variant_ids).select_related("product__vendor").prefetch_related("prices")
    return {row.id: row for row in rows}


def is_for_sale(variant: Variant) -> bool:
    return variant.deleted_at is None and variant.product.is_visible


def _offer(variant: Variant, level: Level) -> OfferChanged:
    product = variant.product
    prices = sorted(variant.prices.all(), key=lambda price: price.currency)
    return OfferChanged(
        variant_id=variant.id,
        product_id=product.id,
        category_id=product.category_id,
        slug=product.slug,
        name=product.name,
        sku=variant.sku,
        options=variant.options,
        image=media_url(product.image),
        vendor_id=product.vendor_id,
        vendor_name=product.vendor.name,
        prices=tuple(MoneyData(minor=price.minor, currency=price.currency) for price in prices),
        available=level.available,
        weight_grams=variant.weight_grams,
        active=is_for_sale(variant),
        version=level.version,
    )
