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

_PRICED = "card.product_id IN (SELECT asked.product_id FROM product_price asked WHERE {})"
MOST = 2**62

_CHEAPEST = """
    (NOT {0}.mixed OR {0}.id = (
        SELECT other.id FROM product_price other
        LEFT JOIN (VALUES {1}) AS rate (currency, factor) ON rate.currency = other.currency
        WHERE other.product_id = {0}.product_id AND CASE WHEN other.own IS NULL THEN other.currency = %s
            ELSE rate.factor IS NOT NULL AND %s <> ALL(other.own) END
        ORDER BY other.minor * CASE WHEN other.own IS NULL THEN 1 ELSE rate.factor END, other.id LIMIT 1))
"""


class Condition(NamedTuple):
    """A part of WHERE over `card`. `facet` is what it narrows, so that this facet's own counts can do without it."""

    facet: str
    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """None and empty mean: no matter. Prices are in units of `currency`. Tags must all be there; of brands one, and of
    each attribute one of its values. `factors` are those of the currencies that prices are converted from (Wish).
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
    factors: Mapping[str, Decimal] = field(default_factory=dict)


class Lane(NamedTuple):
    """Prices that stand for products in the filters' currency: those set in it, or those converted from another.

    They are walked along the index of one currency each. `least` and `greatest` are in minor units of the lane's own.
    """

    currency: str
    factor: Decimal
    least: int
    greatest: int
    sql: str
    values: tuple[Any, ...]


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


def conditions(filters: Filters, *, price: bool = False) -> list[Condition]:
    """`price`: a lane's product_price is joined as `price`, the row that stands for the product; the lane knows its
    bounds.
    """
    found = [*_tokens(filters), *(_of_row(filters) if price else _prices(filters))]
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
    if filters.on_sale is not None and not filters.factors:
        sale = _has("on_sale", f"sale:{filters.currency}")
        found.append(sale if filters.on_sale else sale._replace(sql=f"NOT ({sale.sql})"))
    return found


def _has(facet: str, *tokens: str) -> Condition:
    """One of them. A single one is asked for by containment, which PostgreSQL estimates best."""
    return Condition(facet, f"card.tokens {'@>' if len(tokens) == 1 else '&&'} %s::text[]", (list(tokens),))


def lanes(filters: Filters, alias: str, *, facet: str = "price") -> list[Lane]:
    """With `cheapest`, each product that has a price stands in one of them, once."""
    least, greatest = _bounds(filters) if facet == "price" else (0, MOST)
    sql = f"{alias}.own IS NULL AND {alias}.currency = %s"
    own = Lane(filters.currency, Decimal(1), least, greatest, sql, (filters.currency,))
    return [own, *(_converted(filters, source, alias, least, greatest) for source in filters.factors)]


def cheapest(filters: Filters, alias: str) -> Condition:
    """Of the rows that stand for a product in the lanes, the one that asks the least."""
    if not filters.factors:
        return Condition("price", "true")
    pairs = ", ".join(["(%s, %s::numeric)"] * len(filters.factors))
    rates = tuple(value for pair in filters.factors.items() for value in pair)
    return Condition("price", _CHEAPEST.format(alias, pairs), (*rates, filters.currency, filters.currency))


def _converted(filters: Filters, source: str, alias: str, least: int, greatest: int) -> Lane:
    """Bounds such that what is rounded half up to at least 1 lies within those that were asked for."""
    factor = filters.factors[source]
    low = 0 if least <= 1 else _half_above(2 * least - 1, factor)
    high = -1 if greatest < 1 else MOST if greatest == MOST else _half_above(2 * greatest + 1, factor) - 1
    sql = f"{alias}.own IS NOT NULL AND {alias}.currency = %s AND %s <> ALL({alias}.own)"
    return Lane(source, factor, min(low, MOST), min(high, MOST), sql, (source, filters.currency))


def _half_above(doubled: int, factor: Decimal) -> int:
    """The least integer that is not below half of this, divided by the factor: to the last digit."""
    above, below = factor.as_integer_ratio()
    return -(-doubled * below // (2 * above))


def _prices(filters: Filters) -> list[Condition]:
    found = []
    if filters.min_price is not None or filters.max_price is not None:
        found.append(_among("price", filters))
    if filters.on_sale is not None and filters.factors:
        reduced = _among("on_sale", filters, " AND asked.compare_at_minor IS NOT NULL")
        found.append(reduced if filters.on_sale else reduced._replace(sql=f"NOT ({reduced.sql})"))
    return found


def _of_row(filters: Filters) -> list[Condition]:
    if filters.on_sale is None or not filters.factors:
        return []
    return [Condition("on_sale", f"price.compare_at_minor IS {'NOT ' if filters.on_sale else ''}NULL")]


def _among(facet: str, filters: Filters, more: str = "") -> Condition:
    every, only = lanes(filters, "asked", facet=facet), cheapest(filters, "asked")
    any_of = " OR ".join(f"({lane.sql} AND asked.minor BETWEEN %s AND %s)" for lane in every)
    values = [value for lane in every for value in (*lane.values, lane.least, lane.greatest)]
    return Condition(facet, _PRICED.format(f"({any_of}) AND {only.sql}{more}"), (*values, *only.values))


def _bounds(filters: Filters) -> tuple[int, int]:
    exponent = EXPONENTS[filters.currency]
    least, greatest = 0, MOST
    if filters.min_price is not None:
        least = int(filters.min_price.scaleb(exponent).to_integral_value(ROUND_CEILING))
    if filters.max_price is not None:
        greatest = int(filters.max_price.scaleb(exponent).to_integral_value(ROUND_FLOOR))
    return least, greatest


def _id(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
