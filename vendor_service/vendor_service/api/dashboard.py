"""How a vendor is doing, and what waits for it."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import roles
from shared.http import MoneyShape, Shape
from vendor_service.api.callers import vendor_of
from vendor_service.queries import dashboard


class SoldShape(Shape):
    currency = serializers.CharField()
    orders = serializers.IntegerField(help_text="Confirmed in the period, and not cancelled since.")
    total = MoneyShape(help_text="Of these orders.")
    refunded = MoneyShape(help_text="In the period, of returns.")


class PeriodShape(Shape):
    since = serializers.DateTimeField()
    orders_confirmed = serializers.IntegerField()
    orders_shipped = serializers.IntegerField()
    orders_cancelled = serializers.IntegerField()
    returns_requested = serializers.IntegerField()
    reviews = serializers.IntegerField()
    rating = serializers.FloatField(allow_null=True, help_text="The average of these reviews.")
    sold = SoldShape(many=True)


class PeriodsShape(Shape):
    """Days of UTC, today among them."""

    today = PeriodShape()
    last_7_days = PeriodShape()
    last_30_days = PeriodShape()


class ToDoShape(Shape):
    orders_to_ship = serializers.IntegerField()
    returns_to_decide = serializers.IntegerField()
    returns_to_receive = serializers.IntegerField()
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
        description="Counted from what the other services tell, so it may lag by moments.",
        responses=DashboardShape,
    )
    def get(self, request: Request) -> Response:
        vendor_id = vendor_of(request)
        return Response({"periods": dashboard.figures(vendor_id), "to_do": dashboard.to_do(vendor_id)})
