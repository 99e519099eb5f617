"""Returns, from the buyer's wish to the refund."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import returns
from order_service.api.checkout import CART_TOKEN
from order_service.api.orders import CHANGERS, LINK, visible
from order_service.api.shipments import scope
from order_service.models import Return
from order_service.queries import returns as return_queries
from shared.auth import Caller, IsSignedIn, roles
from shared.http import Shape, created, read
from shared.idempotency import idempotent
from shared.pagination import Cursor


class ReturnItemIn(Shape):
    id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    reason = serializers.CharField(max_length=500)


class ReturnIn(Shape):
    items = ReturnItemIn(many=True, allow_empty=False)


class ReturnShape(Shape):
    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    vendor_order_id = serializers.UUIDField()
    vendor_id = serializers.UUIDField()
    status = serializers.CharField()
    decision_reason = serializers.CharField(allow_blank=True)
    items = ReturnItemIn(many=True)
    created_at = serializers.DateTimeField()


class ReturnsAsked(ReturnShape):
    """A return; with items of several vendors `results` has one for each, and the first stands here."""

    results = ReturnShape(many=True)


def return_body(row: Return) -> dict[str, Any]:
    return {
        "id": row.id,
        "order_id": row.vendor_order.order_id,
        "vendor_order_id": row.vendor_order.id,
        "vendor_id": row.vendor_order.vendor_id,
        "status": row.status,
        "decision_reason": row.decision_reason,
        "items": [{"id": item.line_id, "quantity": item.quantity, "reason": item.reason} for item in row.items.all()],
        "created_at": row.created_at,
    }


class OrderReturnsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="orders_return",
        tags=["returns"],
        summary="Ask to send items back",
        request=ReturnIn,
        responses={201: ReturnsAsked},
        parameters=[LINK, CART_TOKEN],
    )
    @idempotent()
    def post(self, request: Request, order: UUID) -> Response:
        found = visible(request, order, CHANGERS)
        body = read(ReturnIn, request.data)
        wanted = [returns.Wanted(item["id"], item["quantity"], item["reason"]) for item in body["items"]]
        asked = [return_body(row) for row in returns.request_return(order_id=found.id, wanted=wanted)]
        return created({**asked[0], "results": asked}, f"/api/v1/returns/{asked[0]['id']}")


class ReturnPage(Cursor):
    ordering = "-id"


def _mine(request: Request) -> Any:
    caller = request.user
    assert isinstance(caller, Caller)
    if caller.is_admin:
        return return_queries.returns_of()
    if caller.vendor_id:
        own = return_queries.returns_of(vendor_id=caller.vendor_id)
        return own | return_queries.returns_of(user_id=caller.id)
    return return_queries.returns_of(user_id=caller.id)


class ReturnsView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="returns_list",
        tags=["returns"],
        summary="Own returns: a buyer's, a vendor's, an admin's all",
        responses=ReturnShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = ReturnPage()
        rows: list[Return] = page.paginate_queryset(_mine(request), request, view=self) or []
        return page.get_paginated_response([return_body(row) for row in rows])


class ReturnView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(operation_id="returns_read", tags=["returns"], summary="One return", responses=ReturnShape)
    def get(self, request: Request, return_id: UUID) -> Response:
        return Response(return_body(return_queries.return_for(return_id, _mine(request))))


class ApproveView(APIView):
    permission_classes = [roles("vendor", "admin")]

    @extend_schema(
        operation_id="returns_approve", tags=["returns"], summary="Let it come", request=None, responses=ReturnShape
    )
    @idempotent()
    def post(self, request: Request, return_id: UUID) -> Response:
        return Response(return_body(returns.approve_return(return_id=return_id, vendor_id=scope(request))))


class RejectIn(Shape):
    reason = serializers.CharField(max_length=500)


class RejectView(APIView):
    permission_classes = [roles("vendor", "admin")]

    @extend_schema(
        operation_id="returns_reject",
        tags=["returns"],
        summary="Refuse it, with a reason",
        request=RejectIn,
        responses=ReturnShape,
    )
    @idempotent()
    def post(self, request: Request, return_id: UUID) -> Response:
        reason = read(RejectIn, request.data)["reason"]
        row = returns.reject_return(return_id=return_id, vendor_id=scope(request), reason=reason)
        return Response(return_body(row))


class ReceiveIn(Shape):
    restock = serializers.BooleanField(required=False, default=True)


class ReceiveView(APIView):
    permission_classes = [roles("vendor", "admin")]

    @extend_schema(
        operation_id="returns_receive",
        tags=["returns"],
        summary="The goods are here: restock them and refund the buyer",
        request=ReceiveIn,
        responses=ReturnShape,
    )
    @idempotent()
    def post(self, request: Request, return_id: UUID) -> Response:
        restock = read(ReceiveIn, request.data)["restock"]
        row = returns.receive_return(return_id=return_id, vendor_id=scope(request), restock=restock)
        return Response(return_body(row))
