"""How a price is told, wherever one is: by itself, beside what it was, and what it is converted from."""

from typing import Any

from catalog_service.models.card_prices import CardPrice

FIELDS = ("price", "compare_at_price", "lowest_price_30_days", "converted_from")
LOWEST = "With `compare_at_price`: the least that was asked in the 30 days before this reduction."
CONVERTED = "The price that `price` is converted from by the day's rate, if it is."


def price_body(price: CardPrice | None) -> dict[str, Any]:
    """The fields of a card or variant that tell of its price."""
    told = price or (None, None, None, None)
    return {name: money.as_json() if money else None for name, money in zip(FIELDS, told, strict=True)}
