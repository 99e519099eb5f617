"""Shelves that hypothesis thinks up, and what lists of them must say, by a look at every product in plain Python."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from math import floor
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from catalog_service.actions import cards
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import Card, Product
from shared.context import new_id
from shared.money import EXPONENTS, Money, factor
from tests.factories import make_category, make_product, make_vendor

CATEGORIES = {"home": None, "pots": "home", "bowls": "pots", "wood": None}
NOUNS = ("lamp", "chair", "tall lamp", "armchair")
RATES = {"USD": Decimal(1), "EUR": Decimal("0.9173"), "JPY": Decimal("151.37"), "KWD": Decimal("0.3071")}
TAGS, COLOURS, SIZES = ("new", "hot", "eco"), ("red", "blue"), ("M", "L")


@dataclass(eq=False)
class Thing:
    """A product as the oracle knows it. `prices` in minor units of USD and EUR; `others` those of a second variant."""

    name: str
    category: str
    vendor: str
    brand: str | None
    prices: dict[str, int]
    others: dict[str, int]
    compared: bool
    stock: int
    tags: list[str]
    featured: bool
    colour: str | None
    size: str
    rating: Decimal
    sold: int
    active: bool
    row: Product = field(init=False)

    @property
    def id(self) -> str:
        return str(self.row.id)

    @property
    def categories(self) -> list[str]:
        place: str | None = self.category
        way = []
        while place:
            way.append(place)
            place = CATEGORIES[place]
        return way


THINGS = st.builds(
    Thing,
    name=st.sampled_from(NOUNS),
    category=st.sampled_from(list(CATEGORIES)),
    vendor=st.sampled_from(["kiln", "mill"]),
    brand=st.sampled_from([None, "acme", "zenith"]),
    prices=st.dictionaries(st.sampled_from(["USD", "EUR"]), st.integers(100, 105), min_size=1),
    others=st.just({}) | st.dictionaries(st.sampled_from(["USD", "EUR", "KWD"]), st.integers(90, 105), max_size=2),
    compared=st.booleans(),
    stock=st.integers(0, 1),
    tags=st.lists(st.sampled_from(TAGS), unique=True),
    featured=st.booleans(),
    colour=st.sampled_from([None, *COLOURS]),
    size=st.sampled_from(SIZES),
    rating=st.sampled_from([Decimal(0), Decimal("3.5"), Decimal("4.5")]),
    sold=st.integers(0, 2),
    active=st.booleans() | st.just(True),
)
SHELVES = st.lists(THINGS, min_size=1, max_size=9)


@contextmanager
def shelf(things: list[Thing]) -> Iterator[None]:
    """The things as products, for one example."""
    with for_a_while():
        for thing in things:
            put(thing)
        yield


@contextmanager
def for_a_while() -> Iterator[None]:
    """Whatever is done meanwhile is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def put(thing: Thing) -> None:
    variants = [
        VariantInput(
            sku=str(new_id()),
            prices=[
                PriceInput(Money(minor, currency), Money(minor + 50, currency) if thing.compared else None)
                for currency, minor in prices.items()
            ],
            stock=thing.stock,
            options={"size": thing.size},
        )
        for prices in (thing.prices, thing.others)
        if prices
    ]
    row = make_product(
        thing.name,
        category=make_category(thing.category),
        vendor=make_vendor(thing.vendor),
        brand=thing.brand,
        tags=thing.tags,
        featured=thing.featured,
        specifications={"colour": thing.colour} if thing.colour else {},
        variants=variants,
        status=None if thing.active else "draft",
    )
    Product.objects.filter(id=row.id).update(rating_average=thing.rating)
    cards.refresh([row.id], with_stock=False)
    Card.objects.filter(product=row).update(sold=thing.sold)
    thing.row = Product.objects.get(id=row.id)


def matches(thing: Thing, query: dict[str, Any]) -> bool:
    return thing.active and all(TESTS[name](thing, value, query) for name, value in query.items() if name in TESTS)


def exact_price(thing: Thing, query: dict[str, Any]) -> Decimal | None:
    """In minor units, before they are rounded: of the cheapest variant, by its own price or else by the rates."""
    currency, found = query.get("currency", "USD"), []
    for prices in filter(None, (thing.prices, thing.others)):
        if currency in prices:
            found.append(Decimal(prices[currency]))
        elif query.get("converted"):
            base = "USD" if "USD" in prices else min(prices)
            found.append(prices[base] * (factor(RATES, base, currency) or 0))
    return min(found, default=None)


def price(thing: Thing, query: dict[str, Any]) -> Decimal | None:
    """In whole units of the currency."""
    exact, digits = exact_price(thing, query), EXPONENTS[query.get("currency", "USD")]
    return None if exact is None else Decimal(floor(exact + Decimal("0.5"))) / 10**digits


def _priced(thing: Thing, query: dict[str, Any], test: Callable[[Decimal], bool]) -> bool:
    told = price(thing, query)
    return told is not None and test(told)


def _has_attributes(thing: Thing, text: str) -> bool:
    own = {"colour": thing.colour, "size": thing.size}
    wanted: dict[str, list[str]] = {}
    for pair in text.split(","):
        wanted.setdefault(pair.split(":")[0], []).append(pair.split(":")[1])
    return all(own[name] in values for name, values in wanted.items())


def _found(thing: Thing, text: str) -> bool:
    words = [
        *thing.name.split(),
        thing.brand or "",
        *thing.categories,
        *thing.tags,
        thing.colour or "",
        thing.size.lower(),
    ]
    return all(any(word.startswith(wanted) for word in words) for wanted in text.split())


TESTS: dict[str, Callable[[Thing, Any, dict[str, Any]], bool]] = {
    "category": lambda thing, value, _: value in thing.categories,
    "brand": lambda thing, value, _: thing.brand in value.split(","),
    "vendor": lambda thing, value, _: thing.vendor == value,
    "min_price": lambda thing, value, query: _priced(thing, query, lambda price: price >= Decimal(value)),
    "max_price": lambda thing, value, query: _priced(thing, query, lambda price: price <= Decimal(value)),
    "in_stock": lambda thing, value, _: (thing.stock > 0) == value,
    "rating": lambda thing, value, _: thing.rating >= Decimal(value),
    "featured": lambda thing, value, _: thing.featured == value,
    "on_sale": lambda thing, value, query: on_sale(thing, query) == value,
    "tags": lambda thing, value, _: set(value.split(",")) <= set(thing.tags),
    "attributes": lambda thing, value, _: _has_attributes(thing, value),
    "search": lambda thing, value, _: _found(thing, value),
}


def on_sale(thing: Thing, query: dict[str, Any]) -> bool:
    return thing.compared and price(thing, query) is not None


def ordered(things: list[Thing], ordering: str, query: dict[str, Any]) -> list[str]:
    keys: dict[str, Callable[[Thing], Any]] = {
        "newest": lambda thing: (thing.row.created_at, thing.row.id),
        "price": lambda thing: (exact_price(thing, query), thing.row.id),
        "-price": lambda thing: (exact_price(thing, query), thing.row.id),
        "name": lambda thing: (thing.name, thing.row.id),
        "rating": lambda thing: (thing.rating, thing.row.id),
        "bestselling": lambda thing: (thing.sold, thing.row.id),
    }
    if "price" in ordering:
        things = [thing for thing in things if price(thing, query) is not None]
    return [thing.id for thing in sorted(things, key=keys[ordering], reverse=ordering not in ("price", "name"))]


def counted(
    things: list[Thing], query: dict[str, Any], asked: str, values: Callable[[Thing], list[Any]]
) -> Counter[str]:
    """Of a facet of which one may choose several values: as if nothing had been chosen of it."""
    others = {name: value for name, value in query.items() if name != asked}
    return Counter(str(value) for thing in things if matches(thing, others) for value in values(thing))
