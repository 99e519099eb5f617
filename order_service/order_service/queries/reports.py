"""Reports: read from the projections of `models/reports.py` alone. A period includes its first and its last day.

Rows come as dicts of figures whose names end in `_sum`, for lists to go through page by page.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, DateField, F, QuerySet, Sum, Value
from django.db.models.functions import Trunc

from order_service.models import BuyerMonth, OrderDay, SalesDay

Rows = QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is narrowed to; `vendor_id`: None is everybody's."""

    first: date
    last: date
    currency: str | None = None
    vendor_id: UUID | None = None

    def of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = rows.filter(day__range=(self.first, self.last))
        return rows.filter(currency=self.currency) if self.currency else rows


def _sums(model: type[OrderDay | SalesDay | BuyerMonth]) -> dict[str, Sum]:
    return {f"{name}_sum": Sum(name) for name in model.FIGURES}


def sales_over_time(asked: Asked, by: str) -> Rows:
    """`by`: day, week (from its Monday), month or year, or `all`: one row a currency. The latest first."""
    period = Value(asked.first, DateField()) if by == "all" else Trunc("day", by, output_field=DateField())
    rows = asked.of(OrderDay.objects.filter(vendor_id=asked.vendor_id))
    found: Rows = rows.annotate(period=period).values("period", "currency").annotate(**_sums(OrderDay))
    return found


def sales_by_vendor(asked: Asked) -> Rows:
    rows = asked.of(OrderDay.objects.exclude(vendor_id=None))
    if asked.vendor_id:
        rows = rows.filter(vendor_id=asked.vendor_id)
    found: Rows = rows.values("vendor_id", "currency").annotate(**_sums(OrderDay))
    return found


def sales_by_product(asked: Asked, category_id: UUID | None = None) -> Rows:
    rows = _lines(asked)
    if category_id:
        rows = rows.filter(category_id=category_id)
    return rows.values("product_id", "vendor_id", "currency").annotate(**_sums(SalesDay))


def sales_by_category(asked: Asked) -> Rows:
    """Without how many orders: one order may be of several categories."""
    figures = {name: value for name, value in _sums(SalesDay).items() if name != "orders_sum"}
    return _lines(asked).values("category_id", "currency").annotate(**figures)


def _lines(asked: Asked) -> QuerySet[SalesDay]:
    rows = asked.of(SalesDay.objects.all())
    return rows.filter(vendor_id=asked.vendor_id) if asked.vendor_id else rows


def cohorts(asked: Asked) -> Rows:
    """Buyers by the month of their first order in the currency (of the vendor), and by the month they bought in."""
    rows = BuyerMonth.objects.filter(vendor_id=asked.vendor_id, currency=asked.currency)
    rows = rows.filter(first_month__range=(asked.first.replace(day=1), asked.last))
    return rows.values("first_month", "month").annotate(buyers=Count("id"), **_sums(BuyerMonth))


def sizes_of_cohorts(asked: Asked, months: Iterable[date]) -> dict[date, int]:
    """How many buyers began in each of these months."""
    rows = BuyerMonth.objects.filter(vendor_id=asked.vendor_id, currency=asked.currency, month=F("first_month"))
    found = rows.filter(first_month__in=set(months)).values_list("first_month").annotate(Count("id"))
    return dict(found.order_by())


def product_names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """As they were last sold."""
    rows = SalesDay.objects.filter(product_id__in=set(ids)).order_by("product_id", "-day").distinct("product_id")
    return dict(rows.values_list("product_id", "product_name"))


def vendor_names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """As they were when they last sold something."""
    rows = OrderDay.objects.filter(vendor_id__in=set(ids)).exclude(vendor_name="")
    found: Rows = rows.order_by("vendor_id", "-day").distinct("vendor_id")
    return dict(found.values_list("vendor_id", "vendor_name"))
