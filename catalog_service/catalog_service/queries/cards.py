"""Lists of what is on sale: one statement, one walk along the index of the order, from where the last page ended."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from catalog_service.queries import search as port
from catalog_service.queries.filters import MOST, Condition, Filters, Lane, cheapest, conditions, lanes, where
from catalog_service.queries.pages import (
    Page,
    decimal_number,
    exact_amount,
    moment,
    read_cursor,
    whole_number,
    write_cursor,
)
from catalog_service.queries.words import Match, Source, Wanted, understand

COLUMNS = "card.body::text, card.prices::text, card.in_stock"
RELEVANCE = "relevance"


_LIST = f"""
    SELECT {COLUMNS}, {{column}}::text, card.product_id FROM {{source}}
    WHERE {{where}} ORDER BY {{column}} {{way}}, card.product_id {{way}} LIMIT %s
"""  # noqa: S608

_LANE = f"""
    (SELECT {COLUMNS}, price.minor * %s AS asked, price.product_id
    FROM {{source}} JOIN product_price price ON price.product_id = card.product_id
    WHERE {{where}} ORDER BY price.minor {{way}}, price.product_id {{way}} LIMIT %s)
"""  # noqa: S608
_MERGED = "SELECT * FROM ({lanes}) AS every ORDER BY asked {way}, product_id {way} LIMIT %s"


PRICE = "price"


class Order(NamedTuple):
    """`column` is followed by the product's id in the same direction. `parse` reads its value from a cursor."""

    column: str
    descending: bool
    parse: Any


ORDERS = {
    "newest": Order("card.created_at", True, moment),
    "price": Order(PRICE, False, exact_amount),
    "-price": Order(PRICE, True, exact_amount),
    "name": Order("card.name_key", False, str),
    "rating": Order("card.rating", True, decimal_number),
    "bestselling": Order("card.sold", True, whole_number),
}


class Shown(NamedTuple):
    """A card of a list, as JSON texts: `body` and `prices` as in Card. `place` is where it stands in the order."""

    body: str
    prices: str
    in_stock: bool
    place: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page, and what was searched for; `corrected` when that is not what was asked, which finds nothing."""

    page: Page[Shown]
    wanted: Wanted | None = None
    corrected: str | None = None


def list_cards(filters: Filters, *, ordering: str, cursor: str | None, limit: int) -> Found:
    """One statement; a search takes one more, and three more if it has to be corrected. Raises Invalid (cursor)."""
    if not filters.search:
        return Found(_ordered(filters, None, ordering or "newest", cursor, limit))
    wanted = understand(filters.search)
    if wanted is None:
        return Found(Page([], None, None))
    found = _searched(filters, wanted, ordering, cursor, limit)
    if found.page.rows or cursor or (better := port.correct(wanted)) is None:
        return found
    corrected = _searched(filters, better, ordering, cursor, limit)
    return replace(corrected, corrected=better.text) if corrected.page.rows else found


def _searched(filters: Filters, wanted: Wanted, ordering: str, cursor: str | None, limit: int) -> Found:
    if ordering in ("", RELEVANCE):
        return Found(_ranked(filters, wanted, cursor, limit), wanted)
    return Found(_ordered(filters, wanted.anywhere(), ordering, cursor, limit), wanted)


def _ordered(filters: Filters, match: Match | None, ordering: str, cursor: str | None, limit: int) -> Page[Shown]:
    order = ORDERS[ordering]
    name = f"{ordering} {filters.currency}" if order.column == PRICE else ordering
    backwards, *place = read_cursor(cursor, name, [order.parse, UUID]) if cursor else (False,)
    descending = order.descending != backwards
    walk = _by_price if order.column == PRICE else _by_column(order.column)
    statement, values = walk(filters, match, place, descending=descending, limit=limit + 1)
    return _page(_rows(statement, values), name, limit, backwards=backwards, first=not cursor)


def _by_column(column: str) -> Callable[..., tuple[str, list[Any]]]:
    def walk(
        filters: Filters, match: Match | None, place: Sequence[Any], *, descending: bool, limit: int
    ) -> tuple[str, list[Any]]:
        every = [*conditions(filters), *(match.conditions if match else ())]
        source = match.source if match else Source()
        if place:
            every.append(_beyond(column, "card.product_id", descending, place))
        sql, values = where(every)
        way = "DESC" if descending else "ASC"
        statement = _LIST.format(source=source.sql, where=sql, column=column, way=way)
        return statement, [*source.values, *values, limit]

    return walk


def _by_price(
    filters: Filters, match: Match | None, place: Sequence[Any], *, descending: bool, limit: int
) -> tuple[str, list[Any]]:
    """A walk for each currency that prices come from, as far as the page needs; then the best of all of them."""
    every = [cheapest(filters, "price"), *conditions(filters, price=True), *(match.conditions if match else ())]
    source, way = match.source if match else Source(), "DESC" if descending else "ASC"
    parts, values = [], list[Any]()
    for lane in lanes(filters, "price"):
        sql, of_lane = where([*_in_lane(lane, place, descending), *every])
        parts.append(_LANE.format(source=source.sql, where=sql, way=way))
        values += [lane.factor, *source.values, *of_lane, limit]
    return _MERGED.format(lanes=" UNION ALL ".join(parts), way=way), [*values, limit]


def _in_lane(lane: Lane, place: Sequence[Any], descending: bool) -> Iterator[Condition]:
    """A page goes on at an amount in the wished currency, so where it starts in the lane's own has to be worked out."""
    yield Condition("price", lane.sql, lane.values)
    least, greatest = lane.least, lane.greatest
    if place:
        near = int((Decimal(place[0]) / lane.factor).to_integral_value(ROUND_FLOOR))
        least, greatest = (least, min(greatest, near + 1)) if descending else (max(least, near - 1), greatest)
        sql = f"(price.minor * %s, price.product_id) {'<' if descending else '>'} (%s, %s)"
        yield Condition("", sql, (lane.factor, *place))
    yield Condition("price", "price.minor BETWEEN %s AND %s", (max(least, 0), min(greatest, MOST)))


def _ranked(filters: Filters, wanted: Wanted, cursor: str | None, limit: int) -> Page[Shown]:
    """The best tier first, in it what sells best."""
    backwards, *place = read_cursor(cursor, RELEVANCE, [whole_number, whole_number, UUID]) if cursor else (False,)
    statement, values = port.best(wanted, COLUMNS, conditions(filters), limit + 1, place, backwards=backwards)
    return _page(_rows(statement, values), RELEVANCE, limit, backwards=backwards, first=not cursor)


def _beyond(column: str, id_column: str, descending: bool, place: Sequence[Any]) -> Condition:
    """A comparison of rows, which an index starts from."""
    return Condition("", f"({column}, {id_column}) {'<' if descending else '>'} (%s, %s)", tuple(place))


def _rows(statement: str, values: Sequence[Any]) -> list[Shown]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Shown(body, prices, in_stock, place) for body, prices, in_stock, *place in cursor.fetchall()]


def _page(rows: list[Shown], name: str, limit: int, *, backwards: bool, first: bool) -> Page[Shown]:
    """Of one row more than asked for, which says whether there are more."""
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()
    has_next, has_previous = (True, more) if backwards else (more, not first)
    return Page(
        rows=rows,
        next=write_cursor(name, False, *rows[-1].place) if rows and has_next else None,
        previous=write_cursor(name, True, *rows[0].place) if rows and has_previous else None,
    )
