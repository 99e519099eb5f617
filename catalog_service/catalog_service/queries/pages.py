"""Keyset pages: the cursor says where the last page ended, by the order's value and the id, so that ties are safe."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from shared.errors import Invalid

Row = TypeVar("Row")
Stored = TypeVar("Stored", bound=Model)


@dataclass(frozen=True, slots=True)
class Order:
    """Rows by `field`, then by id in the same direction. `parse` reads the field's value back from a cursor."""

    field: str
    descending: bool = False
    parse: Callable[[str], Any] = str

    def columns(self, *, backwards: bool) -> list[str]:
        sign = "-" if self.descending != backwards else ""
        return [f"{sign}id"] if self.field == "id" else [f"{sign}{self.field}", f"{sign}id"]

    def beyond(self, value: Any, last_id: str, *, backwards: bool) -> Q:
        comparison = "lt" if self.descending != backwards else "gt"
        if self.field == "id":
            return Q(**{f"id__{comparison}": last_id})
        tie = Q(**{self.field: value, f"id__{comparison}": last_id})
        begins = Q(**{f"{self.field}__{comparison}e": value})  # says nothing new, but an index can start from it
        return begins & (Q(**{f"{self.field}__{comparison}": value}) | tie)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    rows: list[Row]
    next: str | None
    previous: str | None


def page(rows: QuerySet[Stored], order: Order, *, cursor: str | None, limit: int) -> Page[Stored]:
    """One statement. Raises Invalid for a cursor that is not one of this order's."""
    backwards = False
    if cursor:
        backwards, value, last_id = _read(cursor, order)
        rows = rows.filter(order.beyond(value, last_id, backwards=backwards))
    found = list(rows.order_by(*order.columns(backwards=backwards))[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    if backwards:
        found.reverse()
    has_next, has_previous = (bool(cursor), more) if backwards else (more, bool(cursor))
    return Page(
        rows=found,
        next=_cursor(found[-1], order, backwards=False) if found and has_next else None,
        previous=_cursor(found[0], order, backwards=True) if found and has_previous else None,
    )


def _cursor(row: Model, order: Order, *, backwards: bool) -> str:
    return write_cursor(order.field, backwards, getattr(row, order.field), row.pk)


def _read(cursor: str, order: Order) -> tuple[bool, Any, str]:
    backwards, value, last_id = read_cursor(cursor, order.field, [order.parse, UUID])
    return backwards, value, str(last_id)


def write_cursor(list_name: str, backwards: bool, *place: Any) -> str:
    told = [list_name, int(backwards), *map(str, place)]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def read_cursor(cursor: str, list_name: str, parsers: Sequence[Callable[[str], Any]]) -> tuple[Any, ...]:
    """Whether it leads backwards, then the place it was written with. Raises Invalid for what this list never gave."""
    try:
        name, backwards, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if name != list_name or any("\x00" in part for part in place):
            raise ValueError
        parsed = [parse(part) for parse, part in zip(parsers, place, strict=True)]
        "".join(map(str, parsed)).encode()
        return bool(backwards), *parsed
    except (ValueError, TypeError, AttributeError, binascii.Error, InvalidOperation, RecursionError, OverflowError):
        raise Invalid({"cursor": ["This cursor does not belong to this list."]}) from None


def moment(text: str) -> datetime:
    """A time with its zone from a cursor. Raises ValueError."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError
    return time


def whole_number(text: str) -> int:
    """A bigint from a cursor. Raises ValueError."""
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError
    return number


def decimal_number(text: str) -> Decimal:
    """A small decimal from a cursor. Raises ValueError, InvalidOperation."""
    number = exact_amount(text)
    if abs(number) > 1_000_000:
        raise ValueError
    return number


def exact_amount(text: str) -> Decimal:
    """Minor units, as they are before they are rounded, from a cursor. Raises ValueError, InvalidOperation."""
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > 60:
        raise ValueError
    return number
