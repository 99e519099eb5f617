"""The one price that a card shows, of all that its product has."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone

from catalog_service.models.products import Variant
from catalog_service.models.rates import Wish
from shared.money import Money

MIXED = "mixed"


class CardPrice(NamedTuple):
    """`lowest`: of the 30 days before the reduction, if there is one; `original`: what the price is converted from."""

    money: Money
    compare_at: Money | None
    lowest: Money | None
    original: Money | None = None


def price_of(prices: dict[str, Any], wish: Wish) -> CardPrice | None:
    """The cheapest variant's price now: set in the wished currency, or converted; else in a currency that it has."""
    candidates = [one for one in _candidates(prices, wish) if one]
    if candidates:
        return min(candidates, key=lambda one: one.money.minor)
    known = base_of(one for one in prices if one != MIXED)
    return _read(prices[known], known) if known else None


def base_of(currencies: Any) -> str | None:
    """From which of its own prices a variant's other prices are converted."""
    return min(currencies, key=lambda one: (one != settings.DEFAULT_CURRENCY, one), default=None)


def variant_price(variant: Variant, wish: Wish, moment: datetime) -> CardPrice | None:
    """What a variant costs: its own price in the wished currency, or another of its own, converted. None: neither."""
    prices = {price.currency: price for price in variant.prices.all()}
    price = prices.get(wish.currency) or prices.get(base_of(prices) or "")
    return converted(CardPrice(*price.asked(moment)), wish) if price else None


def converted(price: CardPrice, wish: Wish) -> CardPrice | None:
    money = wish.convert(price.money)
    if money is None:
        return None
    if money.currency == price.money.currency:
        return price
    compare_at = wish.convert(price.compare_at) if price.compare_at else None
    lowest = wish.convert(price.lowest) if price.lowest else None
    return CardPrice(money, compare_at if compare_at and compare_at.minor > money.minor else None, lowest, price.money)


def _candidates(prices: dict[str, Any], wish: Wish) -> Iterator[CardPrice | None]:
    if wish.currency in prices:
        yield _read(prices[wish.currency], wish.currency)
    if MIXED in prices:
        for kind in prices[MIXED]:
            if wish.currency not in kind["own"]:
                yield converted(_read(kind, kind["own"][0]), wish)
    elif wish.currency not in prices and (base := base_of(prices)):
        yield converted(_read(prices[base], base), wish)


def _read(entry: dict[str, Any], currency: str) -> CardPrice:
    """A sale starts and ends by the time of day, not when somebody gets round to it."""
    if later := entry.get("then"):
        now = timezone.now().timestamp()
        entry = next((step for step in reversed(later) if step["from"] <= now), entry)
    minor, compare_at, lowest = entry.get("minor"), entry.get("compare_at"), entry.get("lowest")
    assert minor is not None
    return CardPrice(
        Money(minor, currency), compare_at and Money(compare_at, currency), lowest and Money(lowest, currency)
    )
