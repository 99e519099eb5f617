"""Files of orders, asked for, watched and fetched; each by whoever asked for it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import exports as writing
from order_service.api.filters import ChosenFilter, choice_of
from order_service.api.shipments import scope
from order_service.models import OrderExport
from order_service.queries import exports as reading
from shared.auth import ORDERS, caller_of, roles
from shared.http import AsItIs, Shape, read
from shared.idempotency import idempotent
from shared.openapi import MAY_CONFLICT
from shared.pagination import Cursor

TYPES = {OrderExport.Format.CSV: "text/csv; charset=utf-8", OrderExport.Format.JSON_LINES: "application/x-ndjson"}
ASKERS = roles("vendor", "admin", area=ORDERS)


class NewOrderExport(Shape):
    format = serializers.ChoiceField(OrderExport.Format.choices)
    filter = ChosenFilter(required=False)


class OrderExportShape(Shape):
    id = serializers.UUIDField()
    format = serializers.ChoiceField(OrderExport.Format.choices)
    filter = serializers.DictField()
    status = serializers.ChoiceField(OrderExport.Status.choices)
    vendor_id = serializers.UUIDField(allow_null=True, help_text="Null: orders as a whole, of everybody.")
    total = serializers.IntegerField(help_text="Orders there are; of a vendor's export, vendor orders.")
    done = serializers.IntegerField()
    size = serializers.IntegerField(help_text="Bytes written so far.")
    file = serializers.URLField(allow_null=True, help_text="Where to fetch it, with the same token; null until then.")
    created_at = serializers.DateTimeField()
    heartbeat_at = serializers.DateTimeField(help_text="When it last moved.")


def export_body(export: OrderExport) -> dict[str, Any]:
    ready = export.status == OrderExport.Status.SUCCEEDED
    plain = ("id", "format", "filter", "status", "vendor_id", "total", "done", "size", "created_at")
    return {
        **{name: getattr(export, name) for name in plain},
        "file": f"{settings.PUBLIC_URL}/api/v1/order-exports/{export.id}/file" if ready else None,
        "heartbeat_at": export.updated_at,
    }


def _own(request: Request) -> dict[str, Any]:
    return {"user_id": caller_of(request).id, "vendor_id": scope(request)}


class OrderExportsView(APIView):
    permission_classes = [ASKERS]

    @extend_schema(
        operation_id="order_exports_list",
        tags=["order exports"],
        summary="Own exports, newest first",
        responses=OrderExportShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = Cursor()
        rows = page.paginate_queryset(reading.exports_of(**_own(request)), request, view=self)
        return page.get_paginated_response([export_body(export) for export in rows or []])

    @extend_schema(
        operation_id="order_exports_create",
        tags=["order exports"],
        summary="Have orders written to a file: an admin all of them, a vendor its own vendor orders",
        request=NewOrderExport,
        responses={202: OrderExportShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """The worker takes it from here: ask `GET order-exports/{id}` how it is doing. `filter` is what the list would
        be narrowed to: `GET admin/orders` for admins, `GET vendor-orders` for vendors. The file is kept for some days.
        """
        given = read(NewOrderExport, request.data)
        export = writing.queue_export(
            created_by=caller_of(request).id,
            vendor_id=scope(request),
            format_=given["format"],
            wanted=choice_of(request, given.get("filter", {}), "filter"),
        )
        headers = {"Location": f"/api/v1/order-exports/{export.id}"}
        return Response(export_body(export), status=status.HTTP_202_ACCEPTED, headers=headers)


class OrderExportView(APIView):
    permission_classes = [ASKERS]

    @extend_schema(
        operation_id="order_exports_read",
        tags=["order exports"],
        summary="How an export is doing",
        responses=OrderExportShape,
    )
    def get(self, request: Request, order_export: UUID) -> Response:
        return Response(export_body(reading.find_export(order_export, **_own(request))))


class OrderExportFileView(APIView):
    permission_classes = [ASKERS]
    content_negotiation_class = AsItIs

    @extend_schema(
        operation_id="order_exports_file",
        extensions=MAY_CONFLICT,
        tags=["order exports"],
        summary="The file, once `status` is `succeeded`",
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, "application/x-ndjson"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, order_export: UUID) -> StreamingHttpResponse:
        export = reading.find_export(order_export, **_own(request))
        headers = {
            "Content-Length": str(export.size),
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
            "Cache-Control": "private, no-store",
        }
        content_type = TYPES[OrderExport.Format(export.format)]
        return StreamingHttpResponse(reading.file_of(export), content_type=content_type, headers=headers)
