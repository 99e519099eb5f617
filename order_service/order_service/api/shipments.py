"""Vendor orders and their parcels, as the vendor handles them."""

from typing import Any
from uuid import UUID

from django.core.validators import URLValidator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service import checkout
from order_service.actions import shipments
from order_service.api.filters import VendorOrderFilter
from order_service.api.shapes import (
    AddressShape,
    ShipmentItemShape,
    ShipmentShape,
    VendorOrderShape,
    shipment_body,
    vendor_order_body,
)
from order_service.models import VendorOrder
from order_service.queries import orders as order_queries
from shared.auth import ORDERS, Caller, roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent
from shared.pagination import Cursor, read_filter


class SomeItemsIn(Shape):
    items = ShipmentItemShape(many=True, required=False, allow_empty=False)

    def validate_items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({item["id"] for item in items}) != len(items):
            raise serializers.ValidationError("Each item once.")
        return items


class HandoverIn(Shape):
    carrier = LineField(max_length=100)
    tracking_number = LineField(max_length=100)
    tracking_url = LineField(
        max_length=500, required=False, validators=[URLValidator(schemes=["http", "https"])], default=""
    )


class ShipmentIn(SomeItemsIn, HandoverIn):
    pass


class CancelPartIn(SomeItemsIn):
    reason = LineField(max_length=200)
    restock = serializers.BooleanField(required=False, default=True)


class OwnVendorOrderShape(VendorOrderShape):
    order_number = serializers.CharField()
    shipping_address = AddressShape()
    created_at = serializers.DateTimeField()


def scope(request: Request) -> UUID | None:
    """Whose vendor orders the caller handles: an admin all (None), a vendor its own."""
    caller = request.user
    assert isinstance(caller, Caller)
    return None if caller.is_admin else caller.vendor_id


def own_body(part: VendorOrder) -> dict[str, Any]:
    return {
        **vendor_order_body(part, part.order.currency),
        "order_number": part.order.number,
        "shipping_address": part.order.shipping_address,
        "created_at": part.created_at,
    }


class VendorOrderPage(Cursor):
    ordering = "-id"


class VendorOrdersView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @extend_schema(
        operation_id="vendor_orders_list",
        tags=["vendor orders"],
        summary="Own vendor orders, newest first",
        parameters=[VendorOrderFilter],
        responses=OwnVendorOrderShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page, wanted = VendorOrderPage(), read_filter(VendorOrderFilter, request)
        rows = page.paginate_queryset(order_queries.chosen_parts(wanted, scope(request)), request, view=self)
        return page.get_paginated_response([own_body(part) for part in rows or []])


class VendorOrderView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @extend_schema(
        operation_id="vendor_orders_read",
        tags=["vendor orders"],
        summary="One vendor order",
        responses=OwnVendorOrderShape,
    )
    def get(self, request: Request, vendor_order: UUID) -> Response:
        return Response(own_body(order_queries.vendor_order_for(vendor_order, vendor_id=scope(request))))


class ShipmentsView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

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
        items = _items(body)
        shipment = shipments.ship_items(
            vendor_order_id=vendor_order, vendor_id=scope(request), **{**body, "items": items}
        )
        return created(shipment_body(shipment), f"/api/v1/vendor-orders/{vendor_order}")


def _items(body: dict[str, Any]) -> dict[UUID, int] | None:
    return {item["id"]: item["quantity"] for item in body["items"]} if "items" in body else None


class PackedShipmentsView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @extend_schema(
        operation_id="vendor_orders_pack",
        tags=["vendor orders"],
        summary="Pack a parcel, to be handed over later: some items, or all that are left",
        request=SomeItemsIn,
        responses={201: ShipmentShape},
    )
    @idempotent()
    def post(self, request: Request, vendor_order: UUID) -> Response:
        items = _items(read(SomeItemsIn, request.data))
        shipment = shipments.pack_items(vendor_order_id=vendor_order, vendor_id=scope(request), items=items)
        return created(shipment_body(shipment), f"/api/v1/vendor-orders/{vendor_order}")


class CancelPartView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @extend_schema(
        operation_id="vendor_orders_cancel",
        tags=["vendor orders"],
        summary="Say what cannot be sent: some items, or all that are left; the buyer is refunded",
        request=CancelPartIn,
        responses=OwnVendorOrderShape,
    )
    @idempotent()
    def post(self, request: Request, vendor_order: UUID) -> Response:
        body = read(CancelPartIn, request.data)
        chosen = {"items": _items(body), "reason": body["reason"], "restock": body["restock"]}
        checkout.cancel_part(vendor_order_id=vendor_order, vendor_id=scope(request), **chosen)
        return Response(own_body(order_queries.vendor_order_for(vendor_order, vendor_id=scope(request))))


class SendView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @extend_schema(
        operation_id="shipments_send",
        tags=["vendor orders"],
        summary="A packed parcel is handed over",
        request=HandoverIn,
        responses=ShipmentShape,
    )
    @idempotent()
    def post(self, request: Request, shipment: UUID) -> Response:
        body = read(HandoverIn, request.data)
        return Response(shipment_body(shipments.send_shipment(shipment_id=shipment, vendor_id=scope(request), **body)))


class LoseView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @extend_schema(
        operation_id="shipments_lose",
        tags=["vendor orders"],
        summary="A parcel never arrived: its items are to be sent again, or cancelled",
        request=None,
        responses=ShipmentShape,
    )
    @idempotent()
    def post(self, request: Request, shipment: UUID) -> Response:
        return Response(shipment_body(shipments.lose_shipment(shipment_id=shipment, vendor_id=scope(request))))


class DeliverView(APIView):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

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
