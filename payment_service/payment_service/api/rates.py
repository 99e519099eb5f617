"""Exchange rates: anybody reads them, admins publish those of a day."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions.rates import publish_rates
from payment_service.models import RateTable
from payment_service.queries.rates import rates_of
from shared.auth import roles
from shared.http import Shape, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS

ANYBODY: Any = [{"bearerAuth": []}, {}]
MAX_RATE = 10**9
FIRST_DAY = date(2000, 1, 1)


class ReadOnly(permissions.BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in permissions.SAFE_METHODS


class Rates(serializers.DictField):
    """`{"EUR": "0.92"}`."""

    child = serializers.DecimalField(21, 12, min_value=Decimal("1e-12"), max_value=MAX_RATE)

    def to_internal_value(self, data: Any) -> dict[str, Decimal]:
        rates: dict[str, Decimal] = super().to_internal_value(data)
        if unknown := sorted(set(rates) - EXPONENTS.keys()):
            raise serializers.ValidationError({currency: ["Not a currency traded here."] for currency in unknown})
        if not rates:
            raise serializers.ValidationError("At least one.")
        return rates


class RatesInput(Shape):
    day = serializers.DateField(required=False, help_text="Left out: today, UTC.")
    base = serializers.ChoiceField(sorted(EXPONENTS), default="USD")
    rates = Rates(help_text="What one unit of `base` is worth in each currency; at most 12 digits after the point.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        today = timezone.now().date()
        if not FIRST_DAY <= attrs.setdefault("day", today) <= today:
            raise serializers.ValidationError({"day": [f"From {FIRST_DAY} to today."]})
        if attrs["rates"].get(attrs["base"], 1) != 1:
            raise serializers.ValidationError({"rates": ["The base is worth one of itself."]})
        return attrs


class RatesQuery(Shape):
    day = serializers.DateField(required=False)


class RatesShape(Shape):
    day = serializers.DateField()
    base = serializers.CharField()
    rates = serializers.DictField(child=serializers.CharField(), help_text="Decimal strings by currency.")
    updated_at = serializers.DateTimeField()


def rates_body(table: RateTable) -> dict[str, Any]:
    return {"day": table.day, "base": table.base, "rates": table.rates, "updated_at": table.updated_at}


class RatesView(APIView):
    permission_classes = (ReadOnly | roles("admin"),)

    @extend_schema(
        parameters=[OpenApiParameter("day", date, description="Of this day, or the last before it. Left out: today.")],
        responses=RatesShape,
        auth=ANYBODY,
        tags=["payments"],
        operation_id="exchange_rates",
    )
    def get(self, request: Request) -> Response:
        """By which prices that are not set in a currency are converted to it."""
        given = {"day": day} if (day := request.query_params.get("day")) else {}
        return Response(rates_body(rates_of(read(RatesQuery, given).get("day"))))

    @extend_schema(request=RatesInput, responses=RatesShape, tags=["payments"], operation_id="exchange_rates_publish")
    @idempotent()
    def put(self, request: Request) -> Response:
        """The rates of a day, in the place of any before. Shops show them within a second; a day's can be corrected."""
        given = read(RatesInput, request.data)
        rates = {currency: rate for currency, rate in given["rates"].items() if currency != given["base"]}
        return Response(rates_body(publish_rates(day=given["day"], base=given["base"], rates=rates)))
