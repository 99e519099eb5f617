"""Coupons, as admins make them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import coupons
from order_service.models import Coupon
from order_service.queries import coupons as coupon_queries
from shared.auth import roles
from shared.errors import Invalid
from shared.http import MoneyShape, Shape, created, read
from shared.idempotency import idempotent
from shared.money import Money
from shared.pagination import Cursor


class CouponIn(Shape):
    """`value`: per cent ("10" or 10) for a percentage, money for an amount, left out for free shipping."""

    code = serializers.RegexField(r"^[A-Za-z0-9_-]{2,40}$")
    kind = serializers.ChoiceField(choices=Coupon.Kind.choices)
    value = serializers.JSONField(required=False, allow_null=True)
    limit = serializers.IntegerField(min_value=1, max_value=1_000_000_000, required=False, allow_null=True)
    per_user_limit = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False, allow_null=True)
    minimum = MoneyShape(required=False, allow_null=True)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)

    def validate_minimum(self, minimum: Money | None) -> Money | None:
        if minimum is not None and minimum.minor < 0:
            raise serializers.ValidationError({"amount": ["Not less than nothing."]})
        return minimum

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("starts_at") and attrs.get("ends_at") and attrs["ends_at"] <= attrs["starts_at"]:
            raise serializers.ValidationError({"ends_at": ["Later than starts_at."]})
        return attrs


class CouponShape(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField()
    kind = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    limit = serializers.IntegerField(allow_null=True)
    per_user_limit = serializers.IntegerField(allow_null=True)
    minimum = MoneyShape(allow_null=True)
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    redeemed = serializers.IntegerField()


def coupon_body(row: Coupon) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "kind": row.kind,
        "value": _value(row),
        "limit": row.redemption_limit,
        "per_user_limit": row.per_user_limit,
        "minimum": Money(row.minimum, row.minimum_currency).as_json() if row.minimum else None,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "redeemed": row.redeemed,
    }


def _value(row: Coupon) -> Any:
    if row.kind == Coupon.Kind.PERCENTAGE:
        return f"{row.basis_points // 100}.{row.basis_points % 100:02d}"
    return Money(row.amount, row.currency).as_json() if row.kind == Coupon.Kind.AMOUNT else None


def _worth(kind: str, value: Any) -> dict[str, Any]:
    """The arguments of create_coupon that the value stands for. Raises Invalid."""
    if kind == Coupon.Kind.FREE_SHIPPING:
        return {}
    if kind == Coupon.Kind.PERCENTAGE:
        percent = serializers.DecimalField(max_digits=5, decimal_places=2, min_value=0, max_value=100)
        try:
            return {"basis_points": int(percent.run_validation(value) * 100)}
        except (serializers.ValidationError, TypeError):
            raise Invalid({"value": ["Per cent, 0 to 100, at most two digits after the point."]}) from None
    try:
        amount = MoneyShape().run_validation(value)
    except serializers.ValidationError:
        amount = None
    if not isinstance(amount, Money) or amount.minor <= 0:
        raise Invalid({"value": ['Money, more than nothing: {"amount": "5.00", "currency": "USD"}.']})
    return {"amount": amount}


class CouponPage(Cursor):
    ordering = "-id"


class CouponsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="coupons_list", tags=["coupons"], summary="All", responses=CouponShape(many=True))
    def get(self, request: Request) -> Response:
        page = CouponPage()
        rows = page.paginate_queryset(coupon_queries.coupons(), request, view=self)
        return page.get_paginated_response([coupon_body(row) for row in rows or []])

    @extend_schema(
        operation_id="coupons_create",
        tags=["coupons"],
        summary="Make a coupon",
        request=CouponIn,
        responses={201: CouponShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        body = read(CouponIn, request.data)
        worth = _worth(body["kind"], body.pop("value", None))
        row = coupons.create_coupon(**{key: value for key, value in body.items() if value is not None}, **worth)
        return created(coupon_body(row), f"/api/v1/coupons/{row.id}")


class CouponView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="coupons_read", tags=["coupons"], summary="One coupon", responses=CouponShape)
    def get(self, request: Request, coupon: UUID) -> Response:
        return Response(coupon_body(coupon_queries.coupon_by_id(coupon)))
