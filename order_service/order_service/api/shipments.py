"""Vendor orders and their parcels, as the vendor handles them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import shipments
from order_service.api.shapes import AddressShape, VendorOrderShape, vendor_order_body
from order_service.models import Shipment, VendorOrder
from order_service.queries import orders as order_queries
from shared.auth import Caller, roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent
from shared.pagination import Cursor


class ShipmentItemShape(Shape):
    id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)


class ShipmentIn(Shape):
    carrier = LineField(max_length=100)
    tracking_number = LineField(max_length=100)
    items = ShipmentItemShape(many=True, required=False, allow_empty=False)

    def validate_items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({item["id"] for item in items}) != len(items):
            raise serializers.ValidationError("Each item once.")
        return items


class ShipmentShape(Shape):
    id = serializers.UUIDField()
    vendor_order_id = serializers.UUIDField()
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    status = serializers.CharField()
    items = ShipmentItemShape(many=True)
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


class OwnVendorOrderShape(VendorOrderShape):
    order_number = serializers.CharField()
    shipping_address = AddressShape()
    shipments = ShipmentShape(many=True)
    created_at = serializers.DateTimeField()


def scope(request: Request) -> UUID | None:
    """Whose vendor orders the caller handles: an admin all (None), a vendor its own."""
    caller = request.user
    assert isinstance(caller, Caller)
    return None if caller.is_admin else caller.vendor_id


def shipment_body(shipment: Shipment) -> dict[str, Any]:
    return {
        "id": shipment.id,
        "vendor_order_id": shipment.vendor_order_id,
        "carrier": shipment.carrier,
        "tracking_number": shipment.tracking_number,
        "status": shipment.status,
        "items": [{"id": item.line_id, "quantity": item.quantity} for item in shipment.items.all()],
        "created_at": shipment.created_at,
        "delivered_at": shipment.delivered_at,
    }


def own_body(part: VendorOrder) -> dict[str, Any]:
    return {
        **vendor_order_body(part, part.order.currency),
        "order_number": part.order.number,
        "shipping_address": part.order.shipping_address,
        "shipments": [shipment_body(shipment) for shipment in part.shipments.all()],
        "created_at": part.created_at,
    }


class VendorOrderPage(Cursor):
    ordering = "-id"


class VendorOrdersView(APIView):
    permission_classes = [roles("vendor", "admin")]

    @extend_schema(
        operation_id="vendor_orders_list",
        tags=["vendor orders"],
        summary="Own vendor orders, newest first",
        responses=OwnVendorOrderShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = VendorOrderPage()
        rows = page.paginate_queryset(order_queries.vendor_orders_of(scope(request)), request, view=self)
        return page.get_paginated_response([own_body(part) for part in rows or []])


class VendorOrderView(APIView):
    permission_classes = [roles("vendor", "admin")]

    @extend_schema(
        operation_id="vendor_orders_read",
        tags=["vendor orders"],
        summary="One vendor order",
        responses=OwnVendorOrderShape,
    )
    def get(self, request: Request, vendor_order: UUID) -> Response:
        return Response(own_body(order_queries.vendor_order_for(vendor_order, vendor_id=scope(request))))


class ShipmentsView(APIView):
    permission_classes = [roles("vendor", "admin")]

    @extend_schema(
        operation_id="vendor_orders_ship",
        tags=["vendor orders"],
        summary="Send a parcel: some items, or all that are left",
        request=ShipmentIn,
        responses={201: ShipmentShape},
    )
    @idempotent()
    def post(self, request: Request, vendor_order: UUID) -> Response:
        body = read(ShipmentIn, request.data)
        items = {item["id"]: item["quantity"] for item in body["items"]} if "items" in body else None
        shipment = shipments.ship_items(
            vendor_order_id=vendor_order,
            vendor_id=scope(request),
            carrier=body["carrier"],
            tracking_number=body["tracking_number"],
            items=items,
        )
        return created(shipment_body(shipment), f"/api/v1/vendor-orders/{vendor_order}")


class DeliverView(APIView):
    permission_classes = [roles("vendor", "admin")]

    @extend_schema(
        operation_id="shipments_deliver",
        tags=["vendor orders"],
        summary="A parcel has arrived",
        request=None,
        responses=ShipmentShape,
    )
    @idempotent()
    def post(self, request: Request, shipment: UUID) -> Response:
        return Response(shipment_body(shipments.deliver_shipment(shipment_id=shipment, vendor_id=scope(request))))
