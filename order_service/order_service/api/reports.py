"""Reports of sales: for admins and support of everybody's, for vendors of their own."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.models import OrderDay, SalesDay
from order_service.queries import reports
from order_service.queries.reports import Asked, Rows
from shared.auth import MONEY, ORDERS, caller_of, roles
from shared.http import MoneyShape, Shape
from shared.money import EXPONENTS, Money
from shared.pagination import Cursor, read_filter

STAFF = roles("admin", "support")
COUNTED = {"orders", "units", "refunds"}
"""Figures that are no amounts."""
USUAL_DAYS, USUAL_MONTHS = 30, 12
EARLIEST = date(2000, 1, 1)
MEANING = (
    "A sale is a confirmed order, on the day it was confirmed, at the figures it was confirmed with; what goes back is "
    "a refund, on the day the money went back. Days are UTC's, and counted within a minute or two."
)


class PeriodFilter(Shape):
    """From the first day to the last, both included; the last thirty days if nothing is said."""

    to = serializers.DateField(required=False)

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(required=False), **super().get_fields()}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        last = given.get("to", datetime.now(UTC).date())
        first = given.get("from", self.usual_start(last))
        if not EARLIEST <= first <= last:
            raise serializers.ValidationError({"from": [f"A day from {EARLIEST} to the last one."]})
        return {**given, "from": first, "to": last}

    @staticmethod
    def usual_start(last: date) -> date:
        return max(last, EARLIEST + timedelta(days=USUAL_DAYS)) - timedelta(days=USUAL_DAYS - 1)


class CurrencyFilter(PeriodFilter):
    """Amounts of one currency: those of two cannot be compared."""

    currency = serializers.ChoiceField(sorted(EXPONENTS))


class TimeFilter(PeriodFilter):
    currency = serializers.ChoiceField(sorted(EXPONENTS), required=False, help_text="Without it each by itself.")
    by = serializers.ChoiceField(["day", "week", "month", "year", "all"], default="day")


class ByVendor(Shape):
    vendor_id = serializers.UUIDField(required=False)


class SalesFilter(TimeFilter, ByVendor):
    pass


class RankFilter(CurrencyFilter, ByVendor):
    pass


class ProductsFilter(RankFilter):
    category_id = serializers.UUIDField(required=False)


class CohortsFilter(RankFilter):
    """By the months of first orders; the last twelve if nothing is said."""

    @staticmethod
    def usual_start(last: date) -> date:
        return date(max(last.year - 1, EARLIEST.year), last.month, 1)


class SoldShape(Shape):
    """`total` is items − discount + the tax that is added to them, with shipping where `shipping` is told."""

    currency = serializers.CharField()
    units = serializers.IntegerField()
    items = MoneyShape()
    discount = MoneyShape()
    tax = MoneyShape()
    tax_included = MoneyShape()
    total = MoneyShape()


class OrdersShape(SoldShape):
    """`revenue` is `total` − `refunded`, `average_basket` is `total` by `orders`, rounded half up; null without any."""

    orders = serializers.IntegerField()
    shipping = MoneyShape()
    commission = MoneyShape()
    average_basket = MoneyShape(allow_null=True)
    refunds = serializers.IntegerField()
    refunded = MoneyShape()
    refunded_for_returns = MoneyShape(help_text="What of it is for goods that came back.")
    refunded_tax = MoneyShape()
    refunded_commission = MoneyShape()
    revenue = MoneyShape()


class SalesShape(OrdersShape):
    period = serializers.DateField(help_text="Its first day; for `all` the first that was asked for.")


class VendorSalesShape(OrdersShape):
    vendor_id = serializers.UUIDField()
    vendor_name = serializers.CharField()


class ProductSalesShape(SoldShape):
    product_id = serializers.UUIDField()
    product_name = serializers.CharField()
    vendor_id = serializers.UUIDField()
    orders = serializers.IntegerField()


class CategorySalesShape(SoldShape):
    category_id = serializers.UUIDField(allow_null=True, help_text="Null: of no category when it was bought.")


class CohortShape(Shape):
    """Of those who first bought in `cohort` (in this currency, of this vendor): what they did so many months later."""

    cohort = serializers.DateField(help_text="The first day of the month.")
    months_since = serializers.IntegerField()
    cohort_buyers = serializers.IntegerField()
    buyers = serializers.IntegerField(help_text="How many of them bought in that month.")
    orders = serializers.IntegerField()
    total = MoneyShape()


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class LatestFirst(Cursor):
    ordering = ("-period", "currency")


class MostFirst(Cursor):
    """`by` breaks ties."""

    def __init__(self, by: str) -> None:
        self.ordering = ("-total_sum", by)


class LatestCohortFirst(Cursor):
    ordering = ("-first_month", "month")


def asked_of(query: dict[str, Any], vendor_id: UUID | None) -> Asked:
    return Asked(query["from"], query["to"], query.get("currency"), vendor_id)


def figures_of(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    told = {name: row[f"{name}_sum"] for name in names if f"{name}_sum" in row}
    amounts = {name: Money(value, row["currency"]).as_json() for name, value in told.items() if name not in COUNTED}
    return {"currency": row["currency"], **told, **amounts}


def orders_body(row: dict[str, Any]) -> dict[str, Any]:
    """OrdersShape's content."""
    currency, orders, total = row["currency"], row["orders_sum"], row["total_sum"]
    average = Money((2 * total + orders) // (2 * orders), currency).as_json() if orders else None
    revenue = Money(total - row["refunded_sum"], currency).as_json()
    return {**figures_of(row, OrderDay.FIGURES), "average_basket": average, "revenue": revenue}


def answer(
    view: APIView, request: Request, rows: Rows, page: Cursor, bodies: Callable[[list[Any]], list[dict[str, Any]]]
) -> Response:
    found = page.paginate_queryset(rows, request, view=view) or []
    return page.get_paginated_response(bodies(found))


def sales_bodies(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"period": row["period"], **orders_body(row)} for row in rows]


def product_bodies(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = reports.product_names(row["product_id"] for row in rows)
    return [
        {
            "product_id": row["product_id"],
            "product_name": names.get(row["product_id"], ""),
            "vendor_id": row["vendor_id"],
            **figures_of(row, SalesDay.FIGURES),
        }
        for row in rows
    ]


# ── For admins and support ───────────────────────────────────────────────────────────────────────────────────────────


class SalesView(APIView):
    permission_classes = [STAFF]

    @extend_schema(
        operation_id="admin_reports_sales",
        tags=["reports"],
        summary="Sales, refunds, revenue and average basket over time, the latest first",
        description=MEANING,
        parameters=[SalesFilter],
        responses=SalesShape(many=True),
    )
    def get(self, request: Request) -> Response:
        query = read_filter(SalesFilter, request)
        rows = reports.sales_over_time(asked_of(query, query.get("vendor_id")), query["by"])
        return answer(self, request, rows, LatestFirst(), sales_bodies)


class ProductsView(APIView):
    permission_classes = [STAFF]

    @extend_schema(
        operation_id="admin_reports_products",
        tags=["reports"],
        summary="Sales by product, the most first; without shipping",
        description=MEANING,
        parameters=[ProductsFilter],
        responses=ProductSalesShape(many=True),
    )
    def get(self, request: Request) -> Response:
        query = read_filter(ProductsFilter, request)
        rows = reports.sales_by_product(asked_of(query, query.get("vendor_id")), query.get("category_id"))
        return answer(self, request, rows, MostFirst("product_id"), product_bodies)


class VendorsView(APIView):
    permission_classes = [STAFF]

    @extend_schema(
        operation_id="admin_reports_vendors",
        tags=["reports"],
        summary="Sales, refunds and revenue by vendor, the most first",
        description=MEANING,
        parameters=[RankFilter],
        responses=VendorSalesShape(many=True),
    )
    def get(self, request: Request) -> Response:
        query = read_filter(RankFilter, request)
        rows = reports.sales_by_vendor(asked_of(query, query.get("vendor_id")))
        return answer(self, request, rows, MostFirst("vendor_id"), self._bodies)

    @staticmethod
    def _bodies(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = reports.vendor_names(row["vendor_id"] for row in rows)
        return [
            {"vendor_id": row["vendor_id"], "vendor_name": names.get(row["vendor_id"], ""), **orders_body(row)}
            for row in rows
        ]


class CategoriesView(APIView):
    permission_classes = [STAFF]

    @extend_schema(
        operation_id="admin_reports_categories",
        tags=["reports"],
        summary="Sales by category of the products as they were bought, the most first; without shipping",
        description=MEANING,
        parameters=[RankFilter],
        responses=CategorySalesShape(many=True),
    )
    def get(self, request: Request) -> Response:
        query = read_filter(RankFilter, request)
        rows = reports.sales_by_category(asked_of(query, query.get("vendor_id")))
        return answer(self, request, rows, MostFirst("category_id"), self._bodies)

    @staticmethod
    def _bodies(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"category_id": row["category_id"], **figures_of(row, SalesDay.FIGURES)} for row in rows]


class CohortsView(APIView):
    permission_classes = [STAFF]

    @extend_schema(
        operation_id="admin_reports_cohorts",
        tags=["reports"],
        summary="Buyers by the month of their first order, and how they bought in the months since",
        description=MEANING,
        parameters=[CohortsFilter],
        responses=CohortShape(many=True),
    )
    def get(self, request: Request) -> Response:
        query = read_filter(CohortsFilter, request)
        asked = asked_of(query, query.get("vendor_id"))
        return answer(self, request, reports.cohorts(asked), LatestCohortFirst(), lambda rows: _cohorts(asked, rows))


def _cohorts(asked: Asked, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sizes = reports.sizes_of_cohorts(asked, (row["first_month"] for row in rows))
    return [
        {
            "cohort": row["first_month"],
            "months_since": _months(row["month"]) - _months(row["first_month"]),
            "cohort_buyers": sizes.get(row["first_month"], 0),
            "buyers": row["buyers"],
            "orders": row["orders_sum"],
            "total": Money(row["total_sum"], asked.currency or "").as_json(),
        }
        for row in rows
    ]


def _months(day: date) -> int:
    return 12 * day.year + day.month


# ── For vendors, of their own ────────────────────────────────────────────────────────────────────────────────────────


class OwnSalesView(APIView):
    permission_classes = [roles("vendor", area=(ORDERS, MONEY))]

    @extend_schema(
        operation_id="vendor_reports_sales",
        tags=["reports"],
        summary="Own sales, refunds, revenue and average basket over time, the latest first",
        description=MEANING,
        parameters=[TimeFilter],
        responses=SalesShape(many=True),
    )
    def get(self, request: Request) -> Response:
        query = read_filter(TimeFilter, request)
        rows = reports.sales_over_time(asked_of(query, own_vendor(request)), query["by"])
        return answer(self, request, rows, LatestFirst(), sales_bodies)


class OwnProductsView(APIView):
    permission_classes = [roles("vendor", area=(ORDERS, MONEY))]

    @extend_schema(
        operation_id="vendor_reports_products",
        tags=["reports"],
        summary="Own sales by product, the most first; without shipping",
        description=MEANING,
        parameters=[CurrencyFilter],
        responses=ProductSalesShape(many=True),
    )
    def get(self, request: Request) -> Response:
        rows = reports.sales_by_product(asked_of(read_filter(CurrencyFilter, request), own_vendor(request)))
        return answer(self, request, rows, MostFirst("product_id"), product_bodies)


def own_vendor(request: Request) -> UUID:
    """`roles("vendor")` lets nobody in who has none."""
    vendor_id = caller_of(request).vendor_id
    assert vendor_id is not None
    return vendor_id
