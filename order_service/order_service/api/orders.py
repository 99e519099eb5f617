"""One order: read, cancel, timeline; and the admin's view of all."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service import checkout
from order_service.actions import completion
from order_service.api.checkout import CART_TOKEN, CART_TOKEN_HEADER, OrderPage
from order_service.api.filters import OrderFilter
from order_service.api.shapes import OrderShape, order_body, page_with
from order_service.models import Order
from order_service.queries import orders as order_queries
from order_service.queries import timeline as timelines
from shared.auth import Caller, roles
from shared.http import LineField, MoneyShape, Shape, read
from shared.idempotency import ReplayRenderer, idempotent
from shared.money import Money
from shared.pagination import Cursor, read_filter

LINK = OpenApiParameter("token", str, description="A guest's link to this order.")


READERS, CHANGERS = frozenset({"admin", "support"}), frozenset({"admin"})
BY_ADMIN = "cancelled_by_admin"


def visible(request: Request, order_id: UUID, staff: frozenset[str] = READERS) -> Order:
    """The order, if the caller may see it: its buyer, staff, or who holds a guest's link or the guest's cart token."""
    caller = request.user if isinstance(request.user, Caller) else None
    return order_queries.order_for(
        order_id,
        user_id=caller.id if caller else None,
        is_admin=bool(caller and caller.roles & staff),
        token=request.query_params.get("token"),
        cart_token=request.headers.get(CART_TOKEN_HEADER),
    )


class OrderView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="orders_read",
        tags=["orders"],
        summary="One order",
        responses=OrderShape,
        parameters=[LINK, CART_TOKEN],
    )
    def get(self, request: Request, order: UUID) -> Response:
        return Response(order_body(visible(request, order)))


class CancelView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="orders_cancel",
        tags=["orders"],
        summary="Cancel an order of which nothing has been shipped; what was paid is refunded",
        request=None,
        responses=OrderShape,
        parameters=[LINK, CART_TOKEN],
    )
    @idempotent()
    def post(self, request: Request, order: UUID) -> Response:
        found = visible(request, order, CHANGERS)
        reason = _who_cancels(request, found)
        checkout.cancel_order(order_id=found.id, reason=reason, by_admin=reason == BY_ADMIN)
        return Response(order_body(visible(request, order)))


def _who_cancels(request: Request, order: Order) -> str:
    by_admin = isinstance(request.user, Caller) and request.user.is_admin and request.user.id != order.user_id
    return BY_ADMIN if by_admin else "cancelled_by_buyer"


class HappeningShape(Shape):
    at = serializers.DateTimeField()
    service = serializers.CharField()
    kind = serializers.ChoiceField(choices=["command", "event", "request", "retry", "compensation"])
    name = serializers.CharField()
    detail = serializers.CharField(required=False)
    latency_ms = serializers.FloatField(allow_null=True)


class TimelineShape(Shape):
    results = HappeningShape(many=True)


class PageRenderer(ReplayRenderer):
    """For browsers; what is refused is told as JSON all the same."""

    media_type = "text/html"
    format = "html"


PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class TimelineView(APIView):
    """A page for those who would rather read one."""

    permission_classes = [AllowAny]
    renderer_classes = [ReplayRenderer, PageRenderer]

    @extend_schema(
        operation_id="orders_timeline",
        tags=["orders"],
        summary="Every command, event, retry and compensation of an order, oldest first",
        responses={(200, "application/json"): TimelineShape, (200, "text/html"): OpenApiTypes.STR},
        parameters=[LINK, CART_TOKEN],
    )
    def get(self, request: Request, order: UUID) -> HttpResponse | Response:
        found = visible(request, order)
        happenings = timelines.timeline(found)
        if isinstance(request.accepted_renderer, PageRenderer):
            return _page(request, found, happenings)
        return Response({"results": [_happening(one) for one in happenings]})


def _page(request: Request, order: Order, happenings: list[timelines.Happening]) -> HttpResponse:
    shown = {"order": order, "happenings": happenings}
    page = render(request._request, "order_service/timeline.html", shown)
    page["Content-Security-Policy"] = PAGE_POLICY
    page["Referrer-Policy"], page["Cache-Control"] = "no-referrer", "private, no-store"
    return page


def _happening(one: timelines.Happening) -> dict[str, Any]:
    body = {"at": one.at, "service": one.service, "kind": one.kind, "name": one.name, "latency_ms": one.latency_ms}
    return {**body, "detail": one.detail} if one.detail else body


class AdminOrderShape(OrderShape):
    needs_attention = serializers.CharField(allow_blank=True, help_text="Why an operator has to look; empty if not.")


class OrderListFilter(OrderFilter):
    totals = serializers.BooleanField(default=True, help_text="Count and sum all that fit, on the first page.")


class TotalsShape(Shape):
    """Of all that fit, in one currency."""

    currency = serializers.CharField()
    count = serializers.IntegerField()
    items_total = MoneyShape()
    discount_total = MoneyShape()
    shipping_total = MoneyShape()
    tax_total = MoneyShape()
    tax_included = MoneyShape()
    total = MoneyShape()


class CountedShape(Shape):
    count = serializers.IntegerField()
    currencies = TotalsShape(many=True)


class AdminOrdersView(APIView):
    permission_classes = [roles("admin", "support")]

    @extend_schema(
        operation_id="admin_orders_list",
        tags=["admin"],
        summary="All orders, newest first; with the first page, how many fit and what they sum to",
        parameters=[OrderListFilter],
        responses=page_with("AdminOrderPage", AdminOrderShape, totals=CountedShape(allow_null=True)),
    )
    def get(self, request: Request) -> Response:
        wanted = read_filter(OrderListFilter, request)
        chosen, page = order_queries.chosen(wanted), OrderPage()
        found: list[Order] = page.paginate_queryset(order_queries.whole(chosen), request, view=self) or []
        answer = page.get_paginated_response([_with_attention(order) for order in found])
        counted = wanted["totals"] and Cursor.cursor_query_param not in request.query_params
        answer.data["totals"] = _totals(order_queries.totals_of(chosen)) if counted else None
        return answer


def _with_attention(order: Order) -> dict[str, Any]:
    return {**order_body(order), "needs_attention": order.needs_attention}


def _totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    currencies = [
        {
            "currency": row["currency"],
            "count": row["count"],
            **{name: Money(row[f"{name}_sum"], row["currency"]).as_json() for name in order_queries.SUMMED},
        }
        for row in rows
    ]
    return {"count": sum(row["count"] for row in rows), "currencies": currencies}


class TransitionIn(Shape):
    to = serializers.ChoiceField(choices=["cancelled", "completed"])
    reason = LineField(max_length=40)


class TransitionView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_orders_transition",
        tags=["admin"],
        summary="Move an order, within the rules: cancel it, or complete it before its return window has passed",
        request=TransitionIn,
        responses=OrderShape,
    )
    @idempotent()
    def post(self, request: Request, order: UUID) -> Response:
        body = read(TransitionIn, request.data)
        found = visible(request, order)
        if body["to"] == "completed":
            completion.complete_order(order_id=found.id, reason=body["reason"])
        else:
            checkout.cancel_order(order_id=found.id, reason=body["reason"], by_admin=True)
        return Response(order_body(visible(request, order)))
