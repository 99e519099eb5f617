"""Zones, methods and rates of shipping, for admins."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import shipping
from order_service.models import ShippingMethod, ShippingRate, ShippingZone
from order_service.queries import shipping as queries
from shared.auth import roles
from shared.http import LineField, MoneyShape, Shape, created, read
from shared.idempotency import idempotent
from shared.money import Money
from shared.pagination import Cursor, read_filter

HEAVIEST = 100_000_000
"""Grams."""


class PriceShape(MoneyShape):
    """Money, not less than nothing."""

    def to_internal_value(self, data: Any) -> Money:
        money = super().to_internal_value(data)
        if money.minor < 0:
            raise serializers.ValidationError({"amount": ["Not less than nothing."]})
        return money


class ZoneIn(Shape):
    """`countries`: ISO 3166-1 alpha-2, each in one zone. The fallback zone is for all that are in none."""

    name = LineField(max_length=100)
    countries = serializers.ListField(child=serializers.RegexField(r"^[A-Z]{2}$"), max_length=300, default=list)
    is_fallback = serializers.BooleanField(default=False)


class ZoneShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    countries = serializers.ListField(child=serializers.CharField())
    is_fallback = serializers.BooleanField()


class MethodPatch(Shape):
    name = LineField(max_length=100)
    position = serializers.IntegerField(min_value=0, max_value=30_000, default=0)
    active = serializers.BooleanField(default=True)


class MethodIn(MethodPatch):
    """The first active one by `position` is taken when the buyer names none."""

    code = serializers.RegexField(r"^[a-z][a-z0-9_-]{1,19}$")


class MethodShape(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    active = serializers.BooleanField()


class RatePatch(Shape):
    price = PriceShape()
    up_to_grams = serializers.IntegerField(
        min_value=1, max_value=HEAVIEST, required=False, allow_null=True, help_text="The heaviest parcel; null for any."
    )
    free_over = PriceShape(required=False, allow_null=True, help_text="Free for goods worth that, after discounts.")


class RateIn(RatePatch):
    """`vendor_id`: whose own it is; a vendor with own rates for a zone, method and currency has only these there."""

    zone_id = serializers.UUIDField()
    method_id = serializers.UUIDField()
    vendor_id = serializers.UUIDField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("free_over") and attrs["free_over"].currency != attrs["price"].currency:
            raise serializers.ValidationError({"free_over": {"currency": ["The price's currency."]}})
        return attrs


class RateShape(Shape):
    id = serializers.UUIDField()
    zone_id = serializers.UUIDField()
    method_id = serializers.UUIDField()
    vendor_id = serializers.UUIDField(allow_null=True)
    up_to_grams = serializers.IntegerField(allow_null=True)
    price = MoneyShape()
    free_over = MoneyShape(allow_null=True)


class RateFilter(Shape):
    zone_id = serializers.UUIDField(required=False)
    method_id = serializers.UUIDField(required=False)
    vendor_id = serializers.UUIDField(required=False)
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False)


def zone_body(row: ShippingZone) -> dict[str, Any]:
    countries = [one.country for one in row.countries.all()]
    return {"id": row.id, "name": row.name, "countries": countries, "is_fallback": row.is_fallback}


def method_body(row: ShippingMethod) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "code", "name", "position", "active")}


def rate_body(row: ShippingRate) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ("id", "zone_id", "method_id", "vendor_id", "up_to_grams")},
        "price": Money(row.price, row.currency).as_json(),
        "free_over": None if row.free_over is None else Money(row.free_over, row.currency).as_json(),
    }


class RowPage(Cursor):
    ordering = "-id"


class ZonesView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="shipping_zones_list", tags=["shipping"], summary="All zones", responses=ZoneShape(many=True)
    )
    def get(self, request: Request) -> Response:
        page = RowPage()
        rows = page.paginate_queryset(queries.zones(), request, view=self)
        return page.get_paginated_response([zone_body(row) for row in rows or []])

    @extend_schema(
        operation_id="shipping_zones_create",
        tags=["shipping"],
        summary="Make a zone of countries",
        request=ZoneIn,
        responses={201: ZoneShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        row = shipping.create_zone(**read(ZoneIn, request.data))
        return created(zone_body(row), f"/api/v1/admin/shipping-zones/{row.id}")


class ZoneView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="shipping_zones_read", tags=["shipping"], summary="One zone", responses=ZoneShape)
    def get(self, request: Request, zone: UUID) -> Response:
        return Response(zone_body(queries.zone_by_id(zone)))

    @extend_schema(
        operation_id="shipping_zones_change",
        tags=["shipping"],
        summary="Rename a zone, or set its countries",
        request=ZoneIn,
        responses=ZoneShape,
    )
    @idempotent()
    def patch(self, request: Request, zone: UUID) -> Response:
        shipping.change_zone(zone_id=zone, changes=read(ZoneIn, request.data, partial=True))
        return Response(zone_body(queries.zone_by_id(zone)))

    @extend_schema(
        operation_id="shipping_zones_remove",
        tags=["shipping"],
        summary="Remove a zone with its rates",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, zone: UUID) -> Response:
        shipping.remove_zone(zone_id=zone)
        return Response(status=204)


class MethodsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="shipping_methods_list", tags=["shipping"], summary="All methods", responses=MethodShape(many=True)
    )
    def get(self, request: Request) -> Response:
        page = RowPage()
        rows = page.paginate_queryset(queries.methods(), request, view=self)
        return page.get_paginated_response([method_body(row) for row in rows or []])

    @extend_schema(
        operation_id="shipping_methods_create",
        tags=["shipping"],
        summary="Make a method",
        request=MethodIn,
        responses={201: MethodShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        row = shipping.create_method(**read(MethodIn, request.data))
        return created(method_body(row), f"/api/v1/admin/shipping-methods/{row.id}")


class MethodView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="shipping_methods_read", tags=["shipping"], summary="One method", responses=MethodShape)
    def get(self, request: Request, method: UUID) -> Response:
        return Response(method_body(queries.method_by_id(method)))

    @extend_schema(
        operation_id="shipping_methods_change",
        tags=["shipping"],
        summary="Rename, move or switch off a method",
        request=MethodPatch,
        responses=MethodShape,
    )
    @idempotent()
    def patch(self, request: Request, method: UUID) -> Response:
        changes = read(MethodPatch, request.data, partial=True)
        return Response(method_body(shipping.change_method(method_id=method, changes=changes)))

    @extend_schema(
        operation_id="shipping_methods_remove",
        tags=["shipping"],
        summary="Remove a method with its rates",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, method: UUID) -> Response:
        shipping.remove_method(method_id=method)
        return Response(status=204)


class RatesView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="shipping_rates_list",
        tags=["shipping"],
        summary="Rates, the newest first",
        responses=RateShape(many=True),
        parameters=[
            OpenApiParameter("zone_id", UUID),
            OpenApiParameter("method_id", UUID),
            OpenApiParameter("vendor_id", UUID),
            OpenApiParameter("currency", {"type": "string", "pattern": "^[A-Z]{3}$"}),
        ],
    )
    def get(self, request: Request) -> Response:
        page = RowPage()
        chosen = queries.rates().filter(**read_filter(RateFilter, request))
        rows = page.paginate_queryset(chosen, request, view=self)
        return page.get_paginated_response([rate_body(row) for row in rows or []])

    @extend_schema(
        operation_id="shipping_rates_create",
        tags=["shipping"],
        summary="Set a price for parcels up to a weight",
        request=RateIn,
        responses={201: RateShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        row = shipping.create_rate(**read(RateIn, request.data))
        return created(rate_body(row), f"/api/v1/admin/shipping-rates/{row.id}")


class RateView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="shipping_rates_read", tags=["shipping"], summary="One rate", responses=RateShape)
    def get(self, request: Request, rate: UUID) -> Response:
        return Response(rate_body(queries.rate_by_id(rate)))

    @extend_schema(
        operation_id="shipping_rates_change",
        tags=["shipping"],
        summary="Change a rate: orders from now on",
        request=RatePatch,
        responses=RateShape,
    )
    @idempotent()
    def patch(self, request: Request, rate: UUID) -> Response:
        changes = read(RatePatch, request.data, partial=True)
        return Response(rate_body(shipping.change_rate(rate_id=rate, changes=changes)))

    @extend_schema(
        operation_id="shipping_rates_remove",
        tags=["shipping"],
        summary="Remove a rate",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, rate: UUID) -> Response:
        shipping.remove_rate(rate_id=rate)
        return Response(status=204)
