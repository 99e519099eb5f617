"""Put variants on sale for a time. Nobody has to be there when a sale starts or ends: prices are read by the time."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from catalog_service.actions import offers
from catalog_service.actions.variants import lock_variant, saved
from catalog_service.models import Price, Product, Variant
from shared.errors import Invalid, NotFound
from shared.money import Money

BATCH = 50


@transaction.atomic
def set_sale(
    *,
    product: str,
    variant_id: UUID,
    vendor_id: UUID | None,
    price: Money,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Variant:
    """Ask `price` instead of the variant's price in that currency; one sale a currency, another replaces it. Raises
    NotFound, Invalid (no such price, not below it, over before it starts or already).
    """
    parent, variant = lock_variant(product, variant_id, vendor_id)
    row = _price_to_lower(variant, price)
    _check_times(starts_at, ends_at)
    row.put_on_sale(price, starts_at, ends_at)
    row.save()
    saved(parent)
    return variant


@transaction.atomic
def end_sale(*, product: str, variant_id: UUID, vendor_id: UUID | None, currency: str) -> None:
    """At once, or before it has begun. Raises NotFound."""
    parent, variant = lock_variant(product, variant_id, vendor_id)
    row = variant.prices.filter(currency=currency, sale_minor__isnull=False).first()
    if row is None:
        raise NotFound
    row.end_sale()
    row.save()
    saved(parent)


def turn_prices() -> int:
    """Tell carts, and bring lists up to date, where a sale has started or ended; answers of how many products."""
    turned = 0
    while batch := _turn_batch():
        turned += batch
    return turned


@transaction.atomic
def _turn_batch() -> int:
    due = Product.objects.filter(prices_change_at__lte=timezone.now(), deleted_at__isnull=True)
    rows = due.order_by("prices_change_at").select_for_update(skip_locked=True, no_key=True)
    ids = list(rows.values_list("id", flat=True)[:BATCH])
    if ids:
        offers.product_changed(ids, planned=True)
    return len(ids)


def _price_to_lower(variant: Variant, sale: Money) -> Price:
    row = variant.prices.filter(currency=sale.currency).first()
    if row is None:
        raise Invalid({"price": [f"The variant has no price in {sale.currency}."]})
    if sale.minor >= row.minor:
        raise Invalid({"price": [f"Must be below the price, {row.money}."]})
    return row


def _check_times(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if ends_at and ends_at <= timezone.now():
        raise Invalid({"ends_at": ["Must be in the future."]})
    if starts_at and ends_at and ends_at <= starts_at:
        raise Invalid({"ends_at": ["Must be after the start."]})
