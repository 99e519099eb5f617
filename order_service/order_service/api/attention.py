"""What operators do for an order that the saga cannot help, and money they give back."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import refunds
from order_service.actions.attention import Cause
from order_service.api.shapes import OrderShape, order_body
from order_service.models import Order, Refund
from order_service.queries import orders as order_queries
from shared.auth import roles
from shared.http import LineField, MoneyShape, Shape, created, read
from shared.idempotency import MUST_BE_GIVEN, idempotent
from shared.money import Money
from shared.pagination import Cursor


class AttentionFilter(Shape):
    cause = serializers.ChoiceField(choices=[str(cause) for cause in Cause], required=False)


class AttentionShape(OrderShape):
    needs_attention = serializers.CharField(help_text="What happened.")
    attention_cause = serializers.CharField()
    attention_since = serializers.DateTimeField(allow_null=True)


def _body(order: Order) -> dict[str, Any]:
    names = ("needs_attention", "attention_cause", "attention_since")
    return {**order_body(order), **{name: getattr(order, name) for name in names}}


class LongestWaiting(Cursor):
    ordering = "attention_since"


class AttentionView(APIView):
    permission_classes = [roles("admin", "support")]

    @extend_schema(
        operation_id="admin_orders_attention",
        tags=["admin"],
        summary="Orders that need a human, the longest waiting first",
        parameters=[AttentionFilter],
        responses=AttentionShape(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = {key: value for key, value in request.query_params.items() if key not in {"limit", "cursor"}}
        cause = read(AttentionFilter, wanted).get("cause")
        page = LongestWaiting()
        found: list[Order] = page.paginate_queryset(order_queries.needing_attention(cause), request, view=self) or []
        return page.get_paginated_response([_body(order) for order in found])


class RetryView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_orders_retry",
        tags=["admin"],
        summary="Ask again for the refunds that failed",
        request=None,
        responses=OrderShape,
    )
    @idempotent()
    def post(self, request: Request, order: UUID) -> Response:
        refunds.retry_refunds(order_id=order)
        return Response(order_body(order_queries.order_for(order, user_id=None, is_admin=True)))


class SettleIn(Shape):
    reason = LineField(max_length=200)


class SettleView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_orders_settle",
        tags=["admin"],
        summary="It has been seen to, and how",
        request=SettleIn,
        responses=OrderShape,
    )
    @idempotent()
    def post(self, request: Request, order: UUID) -> Response:
        refunds.settle_attention(order_id=order, reason=read(SettleIn, request.data)["reason"])
        return Response(order_body(order_queries.order_for(order, user_id=None, is_admin=True)))


class RefundIn(Shape):
    """Without `vendor_order_id`: of all vendor orders, by what is left of each."""

    amount = MoneyShape()
    reason = LineField(max_length=200)
    vendor_order_id = serializers.UUIDField(required=False)


class RefundShape(Shape):
    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    return_id = serializers.UUIDField(allow_null=True)
    amount = MoneyShape()
    reason = serializers.CharField()
    status = serializers.ChoiceField(choices=Refund.Status.choices)
    created_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)


def refund_body(refund: Refund, currency: str) -> dict[str, Any]:
    plain = ("id", "order_id", "reason", "status", "created_at", "done_at")
    return {
        **{name: getattr(refund, name) for name in plain},
        "return_id": refund.return_request_id,
        "amount": Money(refund.amount, currency).as_json(),
    }


class RefundsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_orders_refund",
        tags=["admin"],
        summary="Give some of an order's money back, with a reason",
        request=RefundIn,
        responses={201: RefundShape},
        extensions=MUST_BE_GIVEN,
    )
    @idempotent(required=True)
    def post(self, request: Request, order: UUID) -> Response:
        refund = refunds.refund_part(order_id=order, **read(RefundIn, request.data))
        return created(refund_body(refund, refund.order.currency), f"/api/v1/orders/{order}")
