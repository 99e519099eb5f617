"""Tell carts what each variant is as an offer, and keep the shelf's cards at it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from catalog_service.actions import cards
from catalog_service.models import StockItem, Variant
from catalog_service.models.images import media_url
from catalog_service.models.inventory import Level
from catalog_service.models.locations import Change, Place
from shared.contracts.catalog import OfferChanged
from shared.messages import MoneyData
from shared.outbox import publish_all

BATCH = 100
_NOT_OFFERED = [
    f"product__{text}" for text in ("description", "specifications", "seo_title", "seo_description", "rating_histogram")
]
"""What of a product is long, and in no offer."""
_NEXT_PRICES = """
    UPDATE product SET prices_change_at = (SELECT min(at) FROM product_price_steps(product.id, %s, %s))
    WHERE id = ANY(%s) AND (prices_change_at IS NOT NULL OR EXISTS (
        SELECT FROM variant JOIN price ON price.variant_id = variant.id
        WHERE variant.product_id = product.id AND price.sale_minor IS NOT NULL))
"""


def product_changed(product_ids: Collection[UUID], *, gone: Collection[UUID] = (), planned: bool = False) -> None:
    """After any change of locked products: their cards, and an OfferChanged for each variant, those just gone too.

    `planned`: nothing but the time has changed them.
    """
    told = Q(product_id__in=product_ids, deleted_at__isnull=True) | Q(id__in=gone)
    variants = StockItem.objects.locked(Variant.objects.filter(told).values_list("id", flat=True))
    _plan_next(product_ids)
    cards.refresh(product_ids, with_stock=True, planned=planned)
    _tell_again(variants)


def retell(variant_ids: Collection[UUID]) -> None:
    """Tell the present offers although no stock moved. Locks the stock rows, so that versions follow the truth."""
    _tell_again(StockItem.objects.locked(variant_ids))


def tell(levels: Mapping[UUID, Level], variants: Mapping[UUID, Variant] | None = None) -> None:
    """One OfferChanged for each variant; its stock row is locked and `levels` is what it says now. Cards follow."""
    follow(levels)
    variants = variants if variants is not None else load(levels)
    publish_all((offer(variants[i], levels[i]), levels[i].version) for i in sorted(levels))


def follow(levels: Mapping[UUID, Level]) -> None:
    """Cards at once. For who changed the stock as `untold`: however often it changes, carts are told once a second."""
    if crossed := [variant_id for variant_id, level in levels.items() if level.crossed]:
        cards.follow_stock(crossed)


def tell_untold() -> int:
    """By the clock; answers how many there were."""
    told = 0
    while batch := _tell_batch():
        told += batch
    return told


@transaction.atomic
def _tell_batch() -> int:
    stock = StockItem.objects.locked(StockItem.objects.filter(untold=True).values_list("variant_id", flat=True)[:BATCH])
    StockItem.objects.filter(variant_id__in=stock).update(untold=False)
    _tell_again(stock)
    return len(stock)


def _plan_next(product_ids: Collection[UUID]) -> None:
    """When a sale's start or end will change a price the next time; before what is told now is worked out, so that
    nothing falls between.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_PRICES, [timezone.now(), settings.DEFAULT_CURRENCY, sorted(product_ids)])


def _tell_again(variant_ids: Collection[UUID]) -> None:
    if variant_ids:
        tell(StockItem.objects.change({Place(variant_id): Change() for variant_id in variant_ids}))


def load(variant_ids: Collection[UUID]) -> dict[UUID, Variant]:
    """Variants with product, vendor and prices. To be called after their stock rows are locked, not before."""
    rows = Variant.objects.filter(id__in=variant_ids).select_related("product__vendor").prefetch_related("prices")
    return {row.id: row for row in rows.defer(*_NOT_OFFERED)}


def is_for_sale(variant: Variant) -> bool:
    return variant.deleted_at is None and variant.product.is_visible


def offer(variant: Variant, level: Level) -> OfferChanged:
    """Loaded by `load`."""
    product = variant.product
    now = timezone.now()
    prices = [price.asked(now).money for price in sorted(variant.prices.all(), key=lambda price: price.currency)]
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
