"""What the auditor compares with other services: the offers that are kept here."""

from cart_service.actions.offers import told
from cart_service.models import AbandonedCart, Offer, Wishlist
from shared.contracts.catalog import checksum_of_offers
from shared.evidence import Checks, Page, Row, Topics, kept_of


def offers(page: Page) -> list[Row]:
    """By variant."""
    return [
        {
            "id": row.variant_id,
            "changed_at": row.updated_at,
            "version": row.version,
            "available": row.available,
            "active": row.active,
            "prices": row.prices,
            "checksum": checksum_of_offers([told(row)]),
        }
        for row in page.of(Offer.objects.all(), "variant_id")
    ]


def people(page: Page) -> list[Row]:
    """Of those who were erased."""
    return kept_of(page, {"wishlists": Wishlist.objects.all(), "abandoned carts": AbandonedCart.objects.all()})


TOPICS: Topics = {"offers": offers, "people": people}
CHECKS: Checks = {}
