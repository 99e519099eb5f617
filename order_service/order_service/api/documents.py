"""Documents as PDF: for the buyer, and for the vendor's own part."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from order_service.api.attention import RefundShape, refund_body
from order_service.api.checkout import CART_TOKEN
from order_service.api.orders import LINK, visible
from order_service.api.shipments import scope
from order_service.queries import documents
from order_service.queries import orders as order_queries
from shared.auth import ORDERS, roles
from shared.http import Shape, read
from shared.idempotency import PdfRenderer, ReplayRenderer
from shared.openapi import MAY_CONFLICT

PDF = PdfRenderer.media_type


class _Documents(APIView):
    renderer_classes = [ReplayRenderer, PdfRenderer]


def _sheet(document: documents.Document) -> HttpResponse:
    named = {"Content-Disposition": f'inline; filename="{document.name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(document.content, content_type=PDF, headers=named)


def _described(operation_id: str, tag: str, summary: str, *parameters: Any) -> Any:
    return extend_schema(
        operation_id=operation_id,
        tags=[tag],
        summary=summary,
        responses={(200, PDF): OpenApiTypes.BINARY},
        extensions=MAY_CONFLICT,
        parameters=list(parameters),
    )


class InvoiceView(_Documents):
    permission_classes = [AllowAny]

    @_described("orders_invoice", "orders", "The invoice, from the confirmation on", LINK, CART_TOKEN)
    def get(self, request: Request, order: UUID) -> HttpResponse:
        return _sheet(documents.invoice(visible(request, order)))


class CreditNoteView(_Documents):
    permission_classes = [AllowAny]

    @_described("orders_credit_note", "orders", "The credit note of a refund that is done", LINK, CART_TOKEN)
    def get(self, request: Request, order: UUID, refund: UUID) -> HttpResponse:
        return _sheet(documents.credit_note(visible(request, order), refund))


class RefundsShape(Shape):
    results = RefundShape(many=True)


class OrderRefundsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="orders_refunds",
        tags=["orders"],
        summary="What goes back, and what has gone back, of an order's money",
        responses=RefundsShape,
        parameters=[LINK, CART_TOKEN],
    )
    def get(self, request: Request, order: UUID) -> Response:
        found = visible(request, order)
        rows = order_queries.refunds_of(found)
        return Response({"results": [refund_body(refund, found.currency) for refund in rows]})


class ParcelFilter(Shape):
    shipment = serializers.UUIDField(required=False)


PARCEL = OpenApiParameter("shipment", UUID, description="One parcel of it.")


class PackingSlipView(_Documents):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @_described("vendor_orders_packing_slip", "vendor orders", "What belongs into its parcels, or into one", PARCEL)
    def get(self, request: Request, vendor_order: UUID) -> HttpResponse:
        part = order_queries.vendor_order_for(vendor_order, vendor_id=scope(request))
        return _sheet(documents.packing_slip(part, _parcel(request)))


class LabelView(_Documents):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]

    @_described("vendor_orders_label", "vendor orders", "The label of a parcel, or of the latest", PARCEL)
    def get(self, request: Request, vendor_order: UUID) -> HttpResponse:
        part = order_queries.vendor_order_for(vendor_order, vendor_id=scope(request))
        return _sheet(documents.shipping_label(part, _parcel(request)))


def _parcel(request: Request) -> UUID | None:
    query = {name: value for name, value in request.query_params.items() if name != api_settings.URL_FORMAT_OVERRIDE}
    found: UUID | None = read(ParcelFilter, query).get("shipment")
    return found
