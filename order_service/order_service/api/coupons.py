"""Coupons, as admins make them: promotions with a code, in their simplest form."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import coupons
from order_service.api.promotions import not_negative, value_of, worth
from order_service.models import Promotion
from order_service.queries import promotions as queries
from shared.auth import roles
from shared.http import MoneyShape, Shape, created, read
from shared.idempotency import idempotent
from shared.money import Money
from shared.pagination import Cursor

SIMPLE = [choice for choice in Promotion.Kind.choices if choice[0] != Promotion.Kind.BUY_X_GET_Y]


class CouponIn(Shape):
    """`value`: per cent ("10" or 10) for a percentage, money for an amount, left out for free shipping."""

    code = serializers.RegexField(r"^[A-Za-z0-9_-]{2,40}$")
    kind = serializers.ChoiceField(choices=SIMPLE)
    value = serializers.JSONField(required=False, allow_null=True)
    limit = serializers.IntegerField(min_value=1, max_value=1_000_000_000, required=False, allow_null=True)
    per_user_limit = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False, allow_null=True)
    minimum = MoneyShape(required=False, allow_null=True)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    paid_by = serializers.ChoiceField(choices=Promotion.Payer.choices, default=Promotion.Payer.VENDOR)

    def validate_minimum(self, minimum: Money | None) -> Money | None:
        return not_negative(minimum)

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
    paid_by = serializers.ChoiceField(choices=Promotion.Payer.choices)
    redeemed = serializers.IntegerField()


def coupon_body(row: Promotion) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "kind": row.kind,
        "value": value_of(row),
        "limit": row.redemption_limit,
        "per_user_limit": row.per_user_limit,
        "minimum": Money(row.minimum, row.minimum_currency).as_json() if row.minimum else None,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "paid_by": row.paid_by,
        "redeemed": getattr(row, "used", 0),
    }


class CouponPage(Cursor):
    ordering = "-id"


class CouponsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="coupons_list", tags=["coupons"], summary="All", responses=CouponShape(many=True))
    def get(self, request: Request) -> Response:
        page = CouponPage()
        rows = page.paginate_queryset(queries.coupons(), request, view=self)
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
        value = worth(body["kind"], body.pop("value", None))
        row = coupons.create_coupon(**{name: given for name, given in body.items() if given is not None}, **value)
        return created(coupon_body(row), f"/api/v1/coupons/{row.id}")


class CouponView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="coupons_read", tags=["coupons"], summary="One coupon", responses=CouponShape)
    def get(self, request: Request, coupon: UUID) -> Response:
        return Response(coupon_body(queries.coupon_by_id(coupon)))
