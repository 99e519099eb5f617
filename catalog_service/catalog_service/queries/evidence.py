"""What the auditor compares with other services: holds and sales of stock, offers, and copies that are kept here."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from catalog_service.models import (
    Movement,
    Recommendation,
    Reservation,
    ReservationLine,
    Review,
    Sale,
    Shopper,
    StockItem,
    UserView,
    Vendor,
)
from catalog_service.queries.books import broken_rules
from catalog_service.queries.offers import offers_of
from shared.contracts.catalog import OfferChanged, checksum_of_offers
from shared.evidence import Checks, Page, Row, Topics, kept_of


def reservations(page: Page) -> list[Row]:
    """By order, with what was sold of it: what was held for it, and every movement of a sale to it."""
    rows = list(page.of(Reservation.objects.defer("missing"), "order_id"))
    ids = [row.order_id for row in rows]
    held = list(ReservationLine.objects.filter(reservation_id__in=ids).only("reservation_id", "variant_id", "quantity"))
    sold = Movement.objects.filter(kind=Movement.Kind.SALE, reference__in=ids)
    lines = _by_order((line.reservation_id, line.variant_id, line.quantity) for line in held)
    sales = _by_order(
        (order, variant, -n) for order, variant, n in sold.values_list("reference", "variant_id", "quantity")
    )
    return [
        {
            "id": row.order_id,
            "changed_at": row.updated_at,
            "status": row.status,
            "lines": lines[row.order_id],
            "sold": sales[row.order_id],
        }
        for row in rows
    ]


def _by_order(figures: Iterable[tuple[Any, UUID, int]]) -> defaultdict[Any, Counter[str]]:
    """Order → variant → how many."""
    sums: defaultdict[Any, Counter[str]] = defaultdict(Counter)
    for order_id, variant_id, quantity in figures:
        sums[order_id][str(variant_id)] += quantity
    return sums


def vendors(page: Page) -> list[Row]:
    rows = page.of(Vendor.objects.all())
    return [
        {
            "id": row.id,
            "changed_at": row.updated_at,
            "version": row.version,
            "name": row.name,
            "slug": row.slug,
            "status": row.status,
        }
        for row in rows
    ]


def offers(page: Page) -> list[Row]:
    """By variant, as they would be told now."""
    stock = list(page.of(StockItem.objects.all(), "variant_id"))
    told = offers_of(stock)
    return [{**offer_row(told[row.variant_id]), "changed_at": row.updated_at} for row in stock]


def offer_row(offer: OfferChanged) -> Row:
    return {
        "id": offer.variant_id,
        "version": offer.version,
        "available": offer.available,
        "active": offer.active,
        "prices": {price.currency: price.minor for price in offer.prices},
        "checksum": checksum_of_offers([offer]),
    }


def people(page: Page) -> list[Row]:
    """Of those who were erased."""
    named = Review.objects.exclude(author="")
    return kept_of(
        page,
        {
            "reviews with a name": named,
            "sales": Sale.objects.all(),
            "views": UserView.objects.all(),
            "recommendations": Recommendation.objects.all(),
            "shoppers": Shopper.objects.all(),
        },
    )


TOPICS: Topics = {"reservations": reservations, "vendors": vendors, "offers": offers, "people": people}
CHECKS: Checks = {"stock": broken_rules}
