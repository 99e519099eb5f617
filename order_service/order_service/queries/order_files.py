"""Orders as files tell them: JSON Lines, one order a line, and CSV, one row for each line of an order.

In CSV the figures of an order stand in its first row, those of a vendor order in the first row of it, so that a column
can be summed; their numbers and ids stand in every row.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from order_service.models import Order, OrderLine, VendorOrder
from shared.money import Money

Record = dict[str, Any]
TOTALS = ("items_total", "discount_total", "shipping_total", "tax_total", "tax_included", "total")
COUNTS = ("quantity", "shipped_quantity", "cancelled_quantity", "returned_quantity", "refunded_quantity")
AMOUNTS = ("unit_price", "line_total", "discount", "tax", "tax_included")
ADDRESS = ("name", "line1", "line2", "city", "region", "postal_code", "country", "phone")
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n|%＝＋－＠]")
"""What spreadsheets compute, or some of them; wide forms too."""


def orders_with_lines(orders: QuerySet[Order]) -> QuerySet[Order]:
    return orders.prefetch_related(
        Prefetch("vendor_orders", VendorOrder.objects.order_by("id")), *_lines("vendor_orders__")
    )


def parts_with_lines(parts: QuerySet[VendorOrder]) -> QuerySet[VendorOrder]:
    return parts.prefetch_related(None).select_related("order").prefetch_related(*_lines(""))


def _lines(way: str) -> list[Any]:
    return [Prefetch(f"{way}lines", OrderLine.objects.order_by("id"))]


# ── What is told ─────────────────────────────────────────────────────────────────────────────────────────────────────


def order_record(order: Order) -> Record:
    plain = ("id", "number", "status", "cancel_reason", "currency", "email", "buyer_name", "user_id", "locale")
    more = ("payment_method", "payment_status", "shipping_method", "coupon_code", "needs_attention")
    times = ("placed_at", "confirmed_at", "delivered_at", "completed_at")
    return {
        **{name: _plain(getattr(order, name)) for name in (*plain, *times, *more)},
        **_amounts(order, order.currency, TOTALS),
        "store_credit": order.money(order.credit_used).amount,
        "shipping_address": order.shipping_address,
        "billing_address": order.billing_address,
        "vendor_orders": [_part(part, order.currency) for part in order.vendor_orders.all()],
    }


def part_record(part: VendorOrder) -> Record:
    """For its vendor: who it goes to, but not how the buyer is reached, or pays."""
    order = part.order
    plain = ("number", "currency", "placed_at", "confirmed_at", "shipping_method", "shipping_address")
    return {**{name: _plain(getattr(order, name)) for name in plain}, **_part(part, order.currency)}


def _part(part: VendorOrder, currency: str) -> Record:
    return {
        "vendor_order_id": str(part.id),
        "vendor_id": str(part.vendor_id),
        "vendor_name": part.vendor_name,
        "vendor_status": part.status,
        **_amounts(part, currency, (*TOTALS, "commission", "commission_tax")),
        "lines": [_line(line, currency) for line in part.lines.all()],
    }


def _line(line: OrderLine, currency: str) -> Record:
    plain = ("id", "sku", "name", "variant_id", "product_id", "category_id", *COUNTS)
    return {**{name: _plain(getattr(line, name)) for name in plain}, **_amounts(line, currency, AMOUNTS)}


def _amounts(row: object, currency: str, names: Iterable[str]) -> Record:
    return {name: Money(getattr(row, name), currency).amount for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


# ── JSON Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────


def json_line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

ALWAYS = ("number", "currency")
ORDER_ONCE = (
    "id", "status", "cancel_reason", "placed_at", "confirmed_at", "delivered_at", "completed_at", "email", "buyer_name",
    "payment_method", "payment_status", "shipping_method", "coupon_code", *TOTALS, "store_credit",
)  # fmt: skip
OF_PART = ("vendor_order_id", "vendor_id", "vendor_name", "vendor_status")
PART_ONCE = (*TOTALS, "commission", "commission_tax")
OF_LINE = ("sku", "name", "variant_id", "product_id", "category_id", *COUNTS, *AMOUNTS)
PART_ORDER_ONCE = ("placed_at", "confirmed_at", "shipping_method")


def order_header() -> list[str]:
    addresses = [f"{kind}_{name}" for kind in ("shipping", "billing") for name in ADDRESS]
    ours = [f"vendor_{name}" for name in PART_ONCE]
    return [*ALWAYS, *ORDER_ONCE, *addresses, *OF_PART, *ours, *(f"line_{name}" for name in OF_LINE)]


def order_rows(record: Record) -> Iterator[list[Any]]:
    once = [*_of(record, ORDER_ONCE), *_address(record, "shipping_address"), *_address(record, "billing_address")]
    for part in record["vendor_orders"]:
        for row in _part_rows(part):
            yield [*_of(record, ALWAYS), *once, *row]
            once = [""] * len(once)


def part_header() -> list[str]:
    addresses = [f"shipping_{name}" for name in ADDRESS]
    ours = [f"vendor_{name}" for name in PART_ONCE]
    return [*ALWAYS, *PART_ORDER_ONCE, *addresses, *OF_PART, *ours, *(f"line_{name}" for name in OF_LINE)]


def part_rows(record: Record) -> Iterator[list[Any]]:
    once = [*_of(record, PART_ORDER_ONCE), *_address(record, "shipping_address")]
    for row in _part_rows(record):
        yield [*_of(record, ALWAYS), *once, *row]
        once = [""] * len(once)


def _part_rows(part: Record) -> Iterator[list[Any]]:
    once = _of(part, PART_ONCE)
    for line in part["lines"]:
        yield [*_of(part, OF_PART), *once, *_of(line, OF_LINE)]
        once = [""] * len(once)


def _of(record: Record, names: Sequence[str]) -> list[Any]:
    return [record[name] for name in names]


def _address(record: Record, name: str) -> list[Any]:
    return [record[name].get(field, "") for field in ADDRESS]


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def _cell(value: Any) -> str:
    """A spreadsheet would compute what begins like a formula; amounts below zero are numbers, and stay."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
