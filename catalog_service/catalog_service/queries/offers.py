"""All offers in the order of their variants, for whoever keeps a copy of them."""

from collections.abc import Iterable
from uuid import UUID

from catalog_service.actions.offers import load, offer
from catalog_service.models import StockItem
from catalog_service.models.inventory import Level
from shared.contracts.catalog import OfferChanged


def offers_after(after: UUID | None, limit: int) -> list[OfferChanged]:
    """As they would be told now, those of variants that are gone too: the next `limit` by variant id.

    Versions are read before what they are versions of: an offer may be newer than its version says, and then its event
    is still on its way; it is never older.
    """
    rows = StockItem.objects.order_by("variant_id")
    if after is not None:
        rows = rows.filter(variant_id__gt=after)
    return list(offers_of(rows[:limit]).values())


def offers_of(rows: Iterable[StockItem]) -> dict[UUID, OfferChanged]:
    """By variant, in the order of the rows, which were read before."""
    stock = {row.variant_id: Level(row.on_hand, row.reserved, row.version) for row in rows}
    variants = load(stock)
    return {variant_id: offer(variants[variant_id], level) for variant_id, level in stock.items()}
