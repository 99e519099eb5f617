"""What a list of cards is narrowed by, as SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from catalog_service.models.cards import SEPARATOR
from shared.money import EXPONENTS

_SLUGS = """
    SELECT id, slug FROM category WHERE id = ANY(%s)
    UNION ALL SELECT id, slug FROM brand WHERE id = ANY(%s)
    UNION ALL SELECT id, slug FROM known_vendor WHERE id = ANY(%s)
"""

_PRICED = "card.product_id IN (SELECT asked.product_id FROM product_price asked WHERE asked.currency = %s AND {})"


class Condition(NamedTuple):
    """A part of WHERE over `card`. `facet` is what it narrows, so that this facet's own counts can do without it."""

    facet: str
    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """None and empty mean: no matter. Prices are in units of `currency`. Tags must all be there; of brands one, and of
    each attribute one of its values.
    """

    currency: str
    search: str = ""
    category: str = ""
    brand: Sequence[str] = ()
    vendor: str = ""
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool | None = None
    rating: Decimal | None = None
    featured: bool | None = None
    on_sale: bool | None = None
    tags: Sequence[str] = ()
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def by_slug(filters: Filters) -> Filters:
    """The same filters with slugs for ids; one statement if there are ids at all."""
    ids = [id_ for given in (filters.category, filters.vendor, *filters.brand) if (id_ := _id(given))]
    if not ids:
        return filters
    with connection.cursor() as cursor:
        cursor.execute(_SLUGS, [ids] * 3)
        slugs = {str(id_): slug for id_, slug in cursor.fetchall()}

    def slug(given: str) -> str:
        id_ = _id(given)
        return slugs.get(str(id_), given) if id_ else given

    return replace(
        filters,
        category=slug(filters.category),
        vendor=slug(filters.vendor),
        brand=[slug(brand) for brand in filters.brand],
    )


def conditions(filters: Filters, *, price: str = "") -> list[Condition]:
    """`price` is the alias of a joined product_price in the filters' currency, if there is one."""
    found = [*_tokens(filters), *_prices(filters, price)]
    if filters.in_stock is not None:
        found.append(Condition("in_stock", "card.in_stock" if filters.in_stock else "NOT card.in_stock"))
    if filters.rating is not None:
        found.append(Condition("rating", "card.rating >= %s", (filters.rating,)))
    if filters.featured is not None:
        found.append(Condition("featured", "card.featured" if filters.featured else "NOT card.featured"))
    return found


def where(every: Iterable[Condition]) -> tuple[str, list[Any]]:
    every = list(every)
    sql = " AND ".join(condition.sql for condition in every) or "true"
    return sql, [value for condition in every for value in condition.values]


def _tokens(filters: Filters) -> list[Condition]:
    found = [_has("category", f"category:{filters.category}")] if filters.category else []
    if filters.vendor:
        found.append(_has("vendor", f"vendor:{filters.vendor}"))
    if filters.brand:
        found.append(_has("brand", *(f"brand:{brand}" for brand in filters.brand)))
    found += [_has("tags", f"tag:{tag}") for tag in filters.tags]
    for name, values in filters.attributes.items():
        found.append(_has(f"attribute:{name}", *(f"attribute:{name}{SEPARATOR}{value}" for value in values)))
    if filters.on_sale is not None:
        sale = _has("on_sale", f"sale:{filters.currency}")
        found.append(sale if filters.on_sale else sale._replace(sql=f"NOT ({sale.sql})"))
    return found


def _has(facet: str, *tokens: str) -> Condition:
    """One of them. A single one is asked for by containment, which PostgreSQL estimates best."""
    return Condition(facet, f"card.tokens {'@>' if len(tokens) == 1 else '&&'} %s::text[]", (list(tokens),))


def _prices(filters: Filters, alias: str) -> list[Condition]:
    exponent = EXPONENTS[filters.currency]
    bounds: list[tuple[str, int]] = []
    if filters.min_price is not None:
        bounds.append((">=", int(filters.min_price.scaleb(exponent).to_integral_value(ROUND_CEILING))))
    if filters.max_price is not None:
        bounds.append(("<=", int(filters.max_price.scaleb(exponent).to_integral_value(ROUND_FLOOR))))
    if not bounds:
        return []
    sql = " AND ".join(f"{alias or 'asked'}.minor {comparison} %s" for comparison, _minor in bounds)
    values = tuple(minor for _comparison, minor in bounds)
    if alias:
        return [Condition("price", sql, values)]
    return [Condition("price", _PRICED.format(sql), (filters.currency, *values))]


def _id(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
