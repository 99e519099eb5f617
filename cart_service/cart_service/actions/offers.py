"""Offers follow catalog."""

import json

from django.db import connection

from cart_service.models.offers import NEWER
from shared.contracts.catalog import OfferChanged
from shared.money import EXPONENTS


def keep_offer(event: OfferChanged) -> None:
    """Remember a variant as catalog tells it, unless something newer is known. Currencies not traded are left out."""
    prices = {price.currency: price.minor for price in event.prices if price.currency in EXPONENTS}
    row = event.model_dump(exclude={"prices", "options", "available"}) | {
        "options": json.dumps(event.options),
        "prices": json.dumps(prices),
        "available": max(event.available, 0),
    }
    with connection.cursor() as cursor:
        cursor.execute(NEWER, row)
