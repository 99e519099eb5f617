"""Promotions, as admins make them for the marketplace, and vendors for their own products."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import promotions
from order_service.actions.promotions import Terms
from order_service.models import Promotion
from order_service.queries import promotions as queries
from shared.auth import CATALOGUE, caller_of, roles
from shared.errors import Forbidden, Invalid
from shared.http import LineField, MoneyShape, Shape, created, read
from shared.idempotency import idempotent
from shared.money import Money
from shared.pagination import Cursor

MOST_IDS = 1_000
ALL = 10_000
"""Basis points."""


class IdsField(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.UUIDField(), max_length=MOST_IDS, required=False, **kwargs)


class PromotionPatch(Shape):
    name = LineField(max_length=100, required=False, allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=1_000_000_000, required=False, allow_null=True)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    priority = serializers.IntegerField(min_value=-1_000, max_value=1_000, required=False)
    exclusive = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("starts_at") and attrs.get("ends_at") and attrs["ends_at"] <= attrs["starts_at"]:
            raise serializers.ValidationError({"ends_at": ["Later than starts_at."]})
        return attrs


class OwnPromotionIn(PromotionPatch):
    """Without a `code` it comes by itself. `value`: per cent ("10" or 10) for a percentage, money for an amount, left
    out for free shipping, and for buy_x_get_y the per cent off what is got (100). Lists left out cover everything.
    """

    code = serializers.RegexField(r"^[A-Za-z0-9_-]{2,40}$", required=False, allow_null=True)
    kind = serializers.ChoiceField(choices=Promotion.Kind.choices)
    value = serializers.JSONField(required=False, allow_null=True)
    buy_quantity = serializers.IntegerField(min_value=1, max_value=1_000, required=False)
    get_quantity = serializers.IntegerField(min_value=1, max_value=1_000, required=False)
    minimum = MoneyShape(required=False, allow_null=True)
    products = IdsField()
    categories = IdsField(help_text="Of what is in them or below them.")
    first_order_only = serializers.BooleanField(required=False)
    per_user_limit = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False, allow_null=True)

    def validate_minimum(self, minimum: Money | None) -> Money | None:
        return not_negative(minimum)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        pair = {"buy_quantity", "get_quantity"}
        if attrs["kind"] == Promotion.Kind.BUY_X_GET_Y and (missing := sorted(pair - attrs.keys())):
            raise serializers.ValidationError({name: ["This field is required."] for name in missing})
        if attrs["kind"] != Promotion.Kind.BUY_X_GET_Y and (idle := sorted(pair & attrs.keys())):
            raise serializers.ValidationError({name: ["For buy_x_get_y only."] for name in idle})
        return super().validate(attrs)


class PromotionIn(OwnPromotionIn):
    vendors = IdsField()
    paid_by = serializers.ChoiceField(choices=Promotion.Payer.choices, required=False)


class PromotionShape(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    vendor_id = serializers.UUIDField(allow_null=True)
    paid_by = serializers.ChoiceField(choices=Promotion.Payer.choices)
    kind = serializers.ChoiceField(choices=Promotion.Kind.choices)
    value = serializers.JSONField(allow_null=True)
    buy_quantity = serializers.IntegerField(allow_null=True)
    get_quantity = serializers.IntegerField(allow_null=True)
    minimum = MoneyShape(allow_null=True)
    products = serializers.ListField(child=serializers.UUIDField())
    categories = serializers.ListField(child=serializers.UUIDField())
    vendors = serializers.ListField(child=serializers.UUIDField())
    first_order_only = serializers.BooleanField()
    limit = serializers.IntegerField(allow_null=True)
    per_user_limit = serializers.IntegerField(allow_null=True)
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    priority = serializers.IntegerField()
    exclusive = serializers.BooleanField()
    redeemed = serializers.IntegerField()


def promotion_body(row: Promotion) -> dict[str, Any]:
    """The row comes from a query that counted its uses."""
    plain = (
        "id", "code", "name", "vendor_id", "paid_by", "kind", "products", "categories", "vendors", "first_order_only",
        "per_user_limit", "starts_at", "ends_at", "priority", "exclusive",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in plain},
        "value": value_of(row),
        "buy_quantity": row.buy_quantity or None,
        "get_quantity": row.get_quantity or None,
        "minimum": Money(row.minimum, row.minimum_currency).as_json() if row.minimum else None,
        "limit": row.redemption_limit,
        "redeemed": getattr(row, "used", 0),
    }


def value_of(row: Promotion) -> Any:
    if row.kind == Promotion.Kind.AMOUNT:
        return Money(row.amount, row.currency).as_json()
    if row.kind == Promotion.Kind.FREE_SHIPPING:
        return None
    return f"{row.basis_points // 100}.{row.basis_points % 100:02d}"


def not_negative(minimum: Money | None) -> Money | None:
    if minimum is not None and minimum.minor < 0:
        raise serializers.ValidationError({"amount": ["Not less than nothing."]})
    return minimum


def worth(kind: str, value: Any) -> dict[str, Any]:
    """The terms that the value stands for. Raises Invalid."""
    if kind == Promotion.Kind.FREE_SHIPPING:
        return {}
    if kind == Promotion.Kind.AMOUNT:
        return {"amount": _amount(value)}
    if kind == Promotion.Kind.BUY_X_GET_Y and value is None:
        return {"basis_points": ALL}
    percent = serializers.DecimalField(max_digits=5, decimal_places=2, min_value=Decimal("0.01"), max_value=100)
    try:
        return {"basis_points": int(percent.run_validation(value) * 100)}
    except (serializers.ValidationError, TypeError):
        raise Invalid({"value": ["Per cent, more than 0 and up to 100, at most two digits after the point."]}) from None


def _amount(value: Any) -> Money:
    try:
        amount = MoneyShape().run_validation(value)
    except serializers.ValidationError:
        amount = None
    if not isinstance(amount, Money) or amount.minor <= 0:
        raise Invalid({"value": ['Money, more than nothing: {"amount": "5.00", "currency": "USD"}.']})
    return amount


def terms_of(body: dict[str, Any]) -> Terms:
    given = {name: value for name, value in body.items() if value is not None and name != "value"}
    return Terms(**given, **worth(body["kind"], body.get("value")))


def own_vendor(request: Request) -> UUID:
    """Whose promotions the caller handles. Raises Forbidden for a vendor's account that has no shop yet."""
    vendor_id = caller_of(request).vendor_id
    if vendor_id is None:
        raise Forbidden()
    return vendor_id


class PromotionPage(Cursor):
    ordering = "-id"


def _page(request: Request, view: APIView, rows: Any) -> Response:
    page = PromotionPage()
    chosen: Iterable[Promotion] = page.paginate_queryset(rows, request, view=view) or []
    return page.get_paginated_response([promotion_body(row) for row in chosen])


class AdminPromotionsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_promotions_list",
        tags=["promotions"],
        summary="All promotions, with and without code, the platform's and the vendors'",
        responses=PromotionShape(many=True),
    )
    def get(self, request: Request) -> Response:
        return _page(request, self, queries.promotions())

    @extend_schema(
        operation_id="admin_promotions_create",
        tags=["promotions"],
        summary="Make a promotion, with a code or without",
        request=PromotionIn,
        responses={201: PromotionShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        row = promotions.create_promotion(terms=terms_of(read(PromotionIn, request.data)))
        return created(promotion_body(queries.promotion_by_id(row.id)), f"/api/v1/admin/promotions/{row.id}")


class AdminPromotionView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_promotions_read", tags=["promotions"], summary="One promotion", responses=PromotionShape
    )
    def get(self, request: Request, promotion: UUID) -> Response:
        return Response(promotion_body(queries.promotion_by_id(promotion)))

    @extend_schema(
        operation_id="admin_promotions_change",
        tags=["promotions"],
        summary="Change its name, time, limit and rank; what it gives stays",
        request=PromotionPatch,
        responses=PromotionShape,
    )
    @idempotent()
    def patch(self, request: Request, promotion: UUID) -> Response:
        changes = read(PromotionPatch, request.data, partial=True)
        promotions.change_promotion(promotion_id=promotion, vendor_id=None, changes=changes)
        return Response(promotion_body(queries.promotion_by_id(promotion)))

    @extend_schema(
        operation_id="admin_promotions_end",
        tags=["promotions"],
        summary="End it now; orders that had it keep it",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, promotion: UUID) -> Response:
        promotions.end_promotion(promotion_id=promotion)
        return Response(status=204)


class PromotionsView(APIView):
    permission_classes = [roles("vendor", area=CATALOGUE)]

    @extend_schema(
        operation_id="promotions_list",
        tags=["promotions"],
        summary="Own promotions, newest first",
        responses=PromotionShape(many=True),
    )
    def get(self, request: Request) -> Response:
        return _page(request, self, queries.promotions(vendor_id=own_vendor(request)))

    @extend_schema(
        operation_id="promotions_create",
        tags=["promotions"],
        summary="Make a promotion of own products, at own cost",
        request=OwnPromotionIn,
        responses={201: PromotionShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        terms = terms_of(read(OwnPromotionIn, request.data))
        row = promotions.create_promotion(terms=terms, vendor_id=own_vendor(request))
        return created(promotion_body(queries.promotion_by_id(row.id)), f"/api/v1/promotions/{row.id}")


class PromotionView(APIView):
    permission_classes = [roles("vendor", area=CATALOGUE)]

    @extend_schema(
        operation_id="promotions_read", tags=["promotions"], summary="One own promotion", responses=PromotionShape
    )
    def get(self, request: Request, promotion: UUID) -> Response:
        return Response(promotion_body(queries.promotion_by_id(promotion, vendor_id=own_vendor(request))))

    @extend_schema(
        operation_id="promotions_change",
        tags=["promotions"],
        summary="Change its name, time, limit and rank; what it gives stays",
        request=PromotionPatch,
        responses=PromotionShape,
    )
    @idempotent()
    def patch(self, request: Request, promotion: UUID) -> Response:
        changes, vendor_id = read(PromotionPatch, request.data, partial=True), own_vendor(request)
        promotions.change_promotion(promotion_id=promotion, vendor_id=vendor_id, changes=changes)
        return Response(promotion_body(queries.promotion_by_id(promotion, vendor_id=vendor_id)))

    @extend_schema(
        operation_id="promotions_end",
        tags=["promotions"],
        summary="End it now; orders that had it keep it",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, promotion: UUID) -> Response:
        promotions.end_promotion(promotion_id=promotion, vendor_id=own_vendor(request))
        return Response(status=204)
