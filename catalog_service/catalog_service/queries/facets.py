"""How many cards of a list each value of each facet has.

Up to FACETS_EXACT_UP_TO cards are counted one by one. Of more, that many are: the first in the order of a hash, which
is a fair sample, and where the last of them lies in the hash's range tells how many there are in all. So a facet never
costs more than that, however large the catalogue; `exact` says which it was, and estimates are off by a few per cent.

What one may choose several values of, or a bound (brand, an attribute, price, rating, …), is counted as if nothing had
been chosen of it yet; categories and tags narrow, and are counted within what is chosen.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from catalog_service.queries.filters import Condition, Filters, cheapest, conditions, lanes, where
from catalog_service.queries.words import Source, Wanted

FACETS = ("category", "brand", "vendor", "tags", "attributes", "price", "rating", "in_stock", "featured", "on_sale")
NARROWING = ("category", "tags")
MAX_VALUES = 50
MAX_ATTRIBUTES = 20
STARS = (4, 3, 2, 1)
PRICE_RANGES = 5
_HASHES = 2**32

_COUNT = """
    WITH picked AS MATERIALIZED (
        SELECT tokens, in_stock, featured, rating, asked.minor, asked.reduced, shuffle
        FROM {source}{asked} WHERE {where} ORDER BY shuffle LIMIT %s),
    counted AS (
        SELECT CASE WHEN strpos(token, E'\\x1f') > 0 THEN split_part(token, E'\\x1f', 1)
            ELSE split_part(token, ':', 1) END AS kind, token, cards
        FROM (SELECT token, count(*) AS cards FROM picked, unnest(tokens) AS token GROUP BY token) AS every
        WHERE token LIKE ANY(%s::text[])),
    placed AS (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY cards DESC, token) AS place FROM counted)
    SELECT kind, substr(token, length(kind) + 2), cards FROM placed WHERE place <= %s
    UNION ALL SELECT 'in_stock', in_stock::text, count(*) FROM picked GROUP BY in_stock
    UNION ALL SELECT 'featured', featured::text, count(*) FROM picked GROUP BY featured
    UNION ALL SELECT 'on_sale', coalesce(reduced, false)::text, count(*) FROM picked GROUP BY 2
    UNION ALL SELECT 'rating', stars::text, count(*) FROM picked, unnest(%s::int[]) AS stars
        WHERE rating >= stars GROUP BY stars
    UNION ALL SELECT 'price', coalesce(array_to_string(array_agg(minor), ' '), ''), count(minor) FROM picked WHERE %s
    UNION ALL SELECT 'last', max(shuffle)::text, count(*) FROM picked
"""

_ON_CARD = """
    CROSS JOIN LATERAL (
        SELECT (prices -> %s ->> 'minor')::bigint AS minor, tokens @> ARRAY[%s]::text[] AS reduced) AS asked
"""
_OF_ROWS = " LEFT JOIN LATERAL ({}) AS asked ON true"
_OF_LANE = """
    SELECT greatest(1, round(price.minor * %s))::bigint AS minor, price.compare_at_minor IS NOT NULL AS reduced
    FROM product_price price WHERE price.product_id = card.product_id AND {} AND {}
"""

_NAMES = """
    SELECT 'category', slug, name FROM category WHERE slug = ANY(%s)
    UNION ALL SELECT 'brand', slug, name FROM brand WHERE slug = ANY(%s)
    UNION ALL SELECT 'vendor', slug, name FROM known_vendor WHERE slug = ANY(%s)
"""
_PREFIXES = {"category": "category:%", "brand": "brand:%", "vendor": "vendor:%", "tags": "tag:%"}


class Value(NamedTuple):
    value: str
    cards: int


@dataclass(slots=True)
class Sample:
    """What was counted of one set of conditions: `counts` by kind, and every price in minor units."""

    counts: dict[str, list[Value]]
    prices: list[int]
    total: int
    exact: bool


@dataclass(slots=True)
class Facets:
    """`counts` by facet, attributes as `attribute:<name>`; the most frequent first. `names` by kind and slug."""

    total: int = 0
    exact: bool = True
    counts: dict[str, list[Value]] = field(default_factory=dict)
    prices: list[int] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)


def count_facets(filters: Filters, wanted: Wanted | None, asked: Sequence[str]) -> Facets:
    """One statement for the list, one for each facet asked for that something is chosen of, one for names."""
    every, source = conditions(filters), Source()
    if wanted:
        match = wanted.anywhere()
        every, source = [*every, *match.conditions], match.source
    whole = _count(source, every, filters, asked)
    facets = Facets(whole.total, whole.exact, counts=whole.counts, prices=whole.prices)
    for chosen in _chosen(every, asked):
        apart = _count(source, [one for one in every if one.facet != chosen], filters, asked)
        facets.exact &= apart.exact
        facets.counts[chosen] = apart.counts.get(chosen, [])
        facets.prices = apart.prices if chosen == "price" else facets.prices
    facets.names = _names(facets)
    return facets


def nothing() -> Facets:
    return Facets()


def _chosen(every: Iterable[Condition], asked: Sequence[str]) -> set[str]:
    """Facets asked for whose own condition does not count for them."""
    facets = {condition.facet for condition in every} - {"search", ""}
    return {one for one in facets if _asked_as(one) in asked and one not in NARROWING}


def _asked_as(facet: str) -> str:
    return "attributes" if facet.startswith("attribute:") else facet


def _asked(filters: Filters) -> tuple[str, list[Any]]:
    """What a card asks in the wished currency: from itself where that is enough, else from its rows."""
    if not filters.factors:
        return _ON_CARD, [filters.currency, f"sale:{filters.currency}"]
    every, only = lanes(filters, "price"), cheapest(filters, "price")
    parts = " UNION ALL ".join(_OF_LANE.format(lane.sql, only.sql) for lane in every)
    return _OF_ROWS.format(parts), [value for lane in every for value in (lane.factor, *lane.values, *only.values)]


def _count(source: Source, every: Sequence[Condition], filters: Filters, asked: Sequence[str]) -> Sample:
    sql, values = where(every)
    asked_sql, asked_values = _asked(filters)
    most = settings.FACETS_EXACT_UP_TO
    prefixes = [prefix for facet, prefix in _PREFIXES.items() if facet in asked]
    prefixes += ["attribute:%"] if "attributes" in asked else []
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT.format(source=source.sql, asked=asked_sql, where=sql),
            [
                *(*source.values, *asked_values, *values, most + 1, prefixes, MAX_VALUES),
                *(list(STARS), "price" in asked),
            ],
        )
        return _sample(cursor.fetchall(), most)


def _sample(rows: Iterable[tuple[str, str, int]], most: int) -> Sample:
    counts: dict[str, list[Value]] = defaultdict(list)
    for kind, value, cards in rows:
        counts["tags" if kind == "tag" else kind].append(Value(value, cards))
    last, taken = counts.pop("last")[0]
    prices = sorted(map(int, counts.pop("price")[0].value.split()))
    if taken <= most:
        return Sample(counts, prices, taken, exact=True)
    total = round(most * _HASHES / (int(last) + _HASHES // 2 + 1))
    scaled = {
        kind: [Value(value, max(1, round(cards * total / taken))) for value, cards in values]
        for kind, values in counts.items()
    }
    return Sample(scaled, prices, total, exact=False)


def _names(facets: Facets) -> dict[tuple[str, str], str]:
    slugs = [[value for value, _cards in facets.counts.get(kind, [])] for kind in ("category", "brand", "vendor")]
    if not any(slugs):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, slugs)
        return {(kind, slug): name for kind, slug, name in cursor.fetchall()}


class Range(NamedTuple):
    """Prices from `least` to `greatest` in minor units, both included."""

    least: int
    greatest: int
    cards: int


def price_ranges(facets: Facets) -> list[Range]:
    """About equally many cards each, by what was counted; none share a price."""
    prices = facets.prices
    ranges: list[Range] = []
    while prices:
        left = PRICE_RANGES - len(ranges)
        greatest = prices[(len(prices) - 1) // left] if left > 1 else prices[-1]
        inside = [price for price in prices if price <= greatest]
        ranges.append(Range(prices[0], greatest, len(inside)))
        prices = prices[len(inside) :]
    return ranges
