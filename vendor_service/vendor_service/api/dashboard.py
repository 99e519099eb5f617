"""How a vendor is doing, and what waits for it."""

from collections.abc import Mapping, Set
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import MONEY, ORDERS, caller_of, roles
from shared.http import MoneyShape, Shape
from vendor_service.api.callers import vendor_of
from vendor_service.queries import dashboard

OF_ORDERS = {
    "orders_confirmed", "orders_shipped", "orders_cancelled", "returns_requested", "sold",
    "orders_to_ship", "returns_to_decide", "returns_to_receive",
}  # fmt: skip
"""Left out for members whose role opens neither orders nor money, as what it sums up is closed to them elsewhere."""


class SoldShape(Shape):
    currency = serializers.CharField()
    orders = serializers.IntegerField(help_text="Confirmed in the period, and not cancelled since.")
    total = MoneyShape(help_text="Of these orders.")
    refunded = MoneyShape(help_text="In the period, of returns.")


class PeriodShape(Shape):
    since = serializers.DateTimeField()
    orders_confirmed = serializers.IntegerField(required=False)
    orders_shipped = serializers.IntegerField(required=False)
    orders_cancelled = serializers.IntegerField(required=False)
    returns_requested = serializers.IntegerField(required=False)
    reviews = serializers.IntegerField()
    rating = serializers.FloatField(allow_null=True, help_text="The average of these reviews.")
    sold = SoldShape(many=True, required=False)


class PeriodsShape(Shape):
    """Days of UTC, today among them."""

    today = PeriodShape()
    last_7_days = PeriodShape()
    last_30_days = PeriodShape()


class ToDoShape(Shape):
    orders_to_ship = serializers.IntegerField(required=False)
    returns_to_decide = serializers.IntegerField(required=False)
    returns_to_receive = serializers.IntegerField(required=False)
    stock_low = serializers.IntegerField(help_text="Variants.")
    stock_out = serializers.IntegerField(help_text="Variants.")


class DashboardShape(Shape):
    periods = PeriodsShape()
    to_do = ToDoShape()


class DashboardView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_dashboard",
        tags=["vendors"],
        summary="How you are doing, and what waits for you",
        description="Counted from what the other services tell, so it may lag by moments. What is about orders and "
        "returns is left out for members whose role opens neither orders nor money.",
        responses=DashboardShape,
    )
    def get(self, request: Request) -> Response:
        vendor_id = vendor_of(request)
        hidden = set() if caller_of(request).sells(ORDERS, MONEY) else OF_ORDERS
        periods = {name: _without(hidden, figures) for name, figures in dashboard.figures(vendor_id).items()}
        return Response({"periods": periods, "to_do": _without(hidden, dashboard.to_do(vendor_id))})


def _without(hidden: Set[str], figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figure for name, figure in figures.items() if name not in hidden}
