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
from order_service.models import Return, ReturnItem
from order_service.queries import returns as return_queries
from shared.auth import ORDERS, Caller, IsSignedIn, roles
from shared.http import Shape, TextField, created, read
from shared.idempotency import idempotent
from shared.pagination import Cursor


class ReturnItemIn(Shape):
    id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    reason = TextField(max_length=500)


class WantedIn(ReturnItemIn):
    """`variant_id`: with an exchange, another one of the same vendor and price."""

    variant_id = serializers.UUIDField(required=False, allow_null=True)


class ReturnIn(Shape):
    items = WantedIn(many=True, allow_empty=False)
    resolution = serializers.ChoiceField(choices=Return.Resolution.choices, required=False, default="refund")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["resolution"] == "refund" and any(item.get("variant_id") for item in attrs["items"]):
            raise serializers.ValidationError({"items": ["Another variant is sent in an exchange."]})
        return attrs


class ReturnItemShape(WantedIn):
    received_quantity = serializers.IntegerField()
    restocked_quantity = serializers.IntegerField()


class ReturnShape(Shape):
    """`replacement_orders`: what is sent in an exchange."""

    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    vendor_order_id = serializers.UUIDField()
    vendor_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Return.Status.choices)
    resolution = serializers.ChoiceField(choices=Return.Resolution.choices)
    decision_reason = serializers.CharField(allow_blank=True)
    instructions = serializers.CharField(allow_blank=True)
    vendor_fault = serializers.BooleanField()
    items = ReturnItemShape(many=True)
    replacement_orders = serializers.ListField(child=serializers.UUIDField())
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
        "resolution": row.resolution,
        "decision_reason": row.decision_reason,
        "instructions": row.instructions,
        "vendor_fault": row.vendor_fault,
        "items": [_item_body(item) for item in row.items.all()],
        "replacement_orders": [exchange.order_id for exchange in row.exchanges.all()],
        "created_at": row.created_at,
    }


def _item_body(item: ReturnItem) -> dict[str, Any]:
    plain = ("quantity", "reason", "variant_id", "received_quantity", "restocked_quantity")
    return {"id": item.line_id, **{name: getattr(item, name) for name in plain}}


class ReturnsOfOrder(Shape):
    results = ReturnShape(many=True)


class OrderReturnsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="orders_returns",
        tags=["returns"],
        summary="What of an order is on its way back, or has come back",
        responses=ReturnsOfOrder,
        parameters=[LINK, CART_TOKEN],
    )
    def get(self, request: Request, order: UUID) -> Response:
        rows = return_queries.returns_of_order(visible(request, order).id)
        return Response({"results": [return_body(row) for row in rows]})

    @extend_schema(
        operation_id="orders_return",
        tags=["returns"],
        summary="Ask to send items back, for their money or for others of the same price",
        request=ReturnIn,
        responses={201: ReturnsAsked},
        parameters=[LINK, CART_TOKEN],
    )
    @idempotent()
    def post(self, request: Request, order: UUID) -> Response:
        found = visible(request, order, CHANGERS)
        body = read(ReturnIn, request.data)
        wanted = [
            returns.Wanted(item["id"], item["quantity"], item["reason"], item.get("variant_id"))
            for item in body["items"]
        ]
        rows = returns.request_return(order_id=found.id, wanted=wanted, exchange=body["resolution"] == "exchange")
        asked = [return_body(row) for row in rows]
        return created({**asked[0], "results": asked}, f"/api/v1/returns/{asked[0]['id']}")


class ReturnPage(Cursor):
    ordering = "-id"


def _mine(request: Request) -> Any:
    caller = request.user
    assert isinstance(caller, Caller)
    if caller.is_admin:
        return return_queries.returns_of()
    if caller.sells(ORDERS):
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


class ApproveIn(Shape):
    instructions = TextField(max_length=2_000, required=False, allow_blank=True, default="")
    vendor_fault = serializers.BooleanField(required=False, default=False)


class ApproveView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @extend_schema(
        operation_id="returns_approve",
        tags=["returns"],
        summary="Let it come, and say how",
        request=ApproveIn,
        responses=ReturnShape,
    )
    @idempotent()
    def post(self, request: Request, return_id: UUID) -> Response:
        body = read(ApproveIn, request.data)
        return Response(return_body(returns.approve_return(return_id=return_id, vendor_id=scope(request), **body)))


class RejectIn(Shape):
    reason = TextField(max_length=500)


class RejectView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

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


class ReceivedIn(Shape):
    id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=0, max_value=1_000_000)
    restock = serializers.BooleanField(required=False, default=True)


class ReceiveIn(Shape):
    """Without `items`: all that was missing. `last`: nothing more will come."""

    restock = serializers.BooleanField(required=False, default=True)
    items = ReceivedIn(many=True, required=False, allow_empty=False)
    last = serializers.BooleanField(required=False, default=False)

    def validate_items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({item["id"] for item in items}) != len(items):
            raise serializers.ValidationError("Each item once.")
        return items


class ReceiveView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @extend_schema(
        operation_id="returns_receive",
        tags=["returns"],
        summary="The goods are here: restock or write off, and refund or replace them",
        request=ReceiveIn,
        responses=ReturnShape,
    )
    @idempotent()
    def post(self, request: Request, return_id: UUID) -> Response:
        body = read(ReceiveIn, request.data)
        if "items" in body:
            body["received"] = {one["id"]: returns.Received(one["quantity"], one["restock"]) for one in body["items"]}
            del body["items"]
        row = returns.receive_return(return_id=return_id, vendor_id=scope(request), **body)
        return Response(return_body(row))
