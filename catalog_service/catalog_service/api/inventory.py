"""Stock: seen and adjusted by its vendor and by admins."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import inventory as writing
from catalog_service.api.lists import PageQuery, answer_page, page_of, parameters, read_query, scope_of
from catalog_service.models import Movement, StockItem
from catalog_service.models.inventory import MAX_STOCK
from catalog_service.queries import inventory as reading
from shared.auth import caller_of, roles
from shared.http import Shape, created, read
from shared.idempotency import idempotent


class StockQuery(PageQuery):
    vendor = serializers.UUIDField(required=False, help_text="For admins, where several vendors use a SKU.")


class Adjustment(Shape):
    """One of `delta` and `on_hand`."""

    delta = serializers.IntegerField(min_value=-MAX_STOCK, max_value=MAX_STOCK, required=False)
    on_hand = serializers.IntegerField(min_value=0, max_value=MAX_STOCK, required=False)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("delta" in attrs) == ("on_hand" in attrs):
            raise serializers.ValidationError({"delta": ["Give either delta or on_hand."]})
        return attrs


class StockShape(Shape):
    variant_id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    sku = serializers.CharField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField()
    low_at = serializers.IntegerField()


class MovementShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Movement.Kind.choices)
    quantity = serializers.IntegerField()
    on_hand_after = serializers.IntegerField()
    reason = serializers.CharField()
    reference = serializers.UUIDField(allow_null=True, help_text="The order or return.")
    at = serializers.DateTimeField()


def stock_body(item: StockItem) -> dict[str, Any]:
    return {
        "variant_id": str(item.variant_id),
        "product_id": str(item.product_id),
        "sku": item.variant.sku,
        "on_hand": item.on_hand,
        "reserved": item.reserved,
        "available": item.available,
        "low_at": item.low_at,
    }


def movement_body(movement: Movement) -> dict[str, Any]:
    return {
        "id": str(movement.id),
        "kind": movement.kind,
        "quantity": movement.quantity,
        "on_hand_after": movement.on_hand_after,
        "reason": movement.reason,
        "reference": str(movement.reference) if movement.reference else None,
        "at": movement.created_at,
    }


def _stock(request: Request, sku: str) -> StockItem:
    return reading.find_stock(sku, vendor_id=_scope(request))


def _scope(request: Request) -> UUID | None:
    """An admin looks at everybody's, or at the vendor's that the query names."""
    own: UUID | None = scope_of(request)
    return own if own else read_query(StockQuery, request).get("vendor")


class Stock(APIView):
    permission_classes = (roles("vendor", "admin"),)

    @extend_schema(responses=StockShape, tags=["inventory"], operation_id="stock")
    def get(self, request: Request, sku: str) -> Response:
        return Response(stock_body(_stock(request, sku)))


class Adjustments(APIView):
    permission_classes = (roles("vendor", "admin"),)

    @extend_schema(request=Adjustment, responses={201: StockShape}, tags=["inventory"], operation_id="stock_adjust")
    @idempotent()
    def post(self, request: Request, sku: str) -> Response:
        """Add `delta`, or set `on_hand`. 409 `below_reserved` when orders hold more than would be left."""
        adjustment = read(Adjustment, request.data)
        vendor_id = _scope(request)
        writing.adjust_stock(sku=sku, vendor_id=vendor_id, actor_id=caller_of(request).id, **adjustment)
        item = reading.find_stock(sku, vendor_id=vendor_id)
        return created(stock_body(item), f"/api/v1/inventory/{item.variant.sku}/movements")


class Movements(APIView):
    permission_classes = (roles("vendor", "admin"),)

    @extend_schema(
        parameters=parameters(StockQuery),
        responses=page_of(MovementShape),
        tags=["inventory"],
        operation_id="stock_movements",
    )
    def get(self, request: Request, sku: str) -> Response:
        """What led to the present stock, newest first; the quantities sum to `on_hand`."""
        query = read_query(StockQuery, request)
        page = reading.list_movements(_stock(request, sku), cursor=query.get("cursor"), limit=query["limit"])
        return answer_page(request, page, movement_body)
