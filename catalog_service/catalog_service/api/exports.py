"""Files of products, asked for, watched and fetched."""

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

from catalog_service.actions import exports as writing
from catalog_service.api.lists import PageQuery, answer_page, page_of, parameters, read_query, scope_of
from catalog_service.models import Export
from catalog_service.queries import exports as reading
from shared.auth import CATALOGUE, caller_of, roles
from shared.errors import Invalid
from shared.http import AsItIs, Shape, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS
from shared.openapi import MAY_CONFLICT

TYPES = {Export.Format.SHOPIFY_CSV: "text/csv; charset=utf-8", Export.Format.JSON_LINES: "application/x-ndjson"}


class NewExport(Shape):
    format = serializers.ChoiceField(Export.Format.choices)
    currency = serializers.ChoiceField(
        sorted(EXPONENTS), required=False, help_text="Whose prices stand where Shopify's CSV has its one."
    )
    vendor_id = serializers.UUIDField(required=False, help_text="For admins: whose products. Without it everybody's.")


class ExportShape(Shape):
    id = serializers.UUIDField()
    format = serializers.ChoiceField(Export.Format.choices)
    status = serializers.ChoiceField(Export.Status.choices)
    vendor_id = serializers.UUIDField(allow_null=True, help_text="Null: everybody's products.")
    total = serializers.IntegerField(help_text="Products there are.")
    done = serializers.IntegerField()
    size = serializers.IntegerField(help_text="Bytes written so far.")
    file = serializers.URLField(allow_null=True, help_text="Where to fetch it, with the same token; null until then.")
    created_at = serializers.DateTimeField()
    heartbeat_at = serializers.DateTimeField(help_text="When it last moved.")


def export_body(export: Export) -> dict[str, Any]:
    ready = export.status == Export.Status.SUCCEEDED
    return {
        "id": str(export.id),
        "format": export.format,
        "status": export.status,
        "vendor_id": export.vendor_id and str(export.vendor_id),
        "total": export.total,
        "done": export.done,
        "size": export.size,
        "file": f"{settings.PUBLIC_URL}/api/v1/exports/{export.id}/file" if ready else None,
        "created_at": export.created_at,
        "heartbeat_at": export.updated_at,
    }


class Exports(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(PageQuery), responses=page_of(ExportShape), tags=["exports"], operation_id="exports"
    )
    def get(self, request: Request) -> Response:
        query = read_query(PageQuery, request)
        page = reading.list_exports(vendor_id=scope_of(request), cursor=query.get("cursor"), limit=query["limit"])
        return answer_page(request, page, export_body)

    @extend_schema(request=NewExport, responses={202: ExportShape}, tags=["exports"], operation_id="export_create")
    @idempotent()
    def post(self, request: Request) -> Response:
        """All of a vendor's products in every status; an admin's export may be of everybody's. The worker takes it from
        here: ask `GET exports/{id}` how it is doing. The file is kept for some days, and `POST imports` reads it.
        """
        given = read(NewExport, request.data)
        export = writing.queue_export(
            vendor_id=_whose(request, given.get("vendor_id")),
            by_admin=caller_of(request).is_admin,
            actor_id=caller_of(request).id,
            format_=given["format"],
            currency=given.get("currency", settings.DEFAULT_CURRENCY),
        )
        headers = {"Location": f"/api/v1/exports/{export.id}"}
        return Response(export_body(export), status=status.HTTP_202_ACCEPTED, headers=headers)


def _whose(request: Request, vendor_id: UUID | None) -> UUID | None:
    caller = caller_of(request)
    if not caller.is_admin and vendor_id not in (None, caller.vendor_id):
        raise Invalid({"vendor_id": ["Only an admin exports for others."]})
    if not caller.is_admin and caller.vendor_id is None:
        raise Invalid({"vendor_id": ["You are no vendor."]})
    return vendor_id or scope_of(request)


class ExportDetail(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(responses=ExportShape, tags=["exports"], operation_id="export")
    def get(self, request: Request, export_id: UUID) -> Response:
        return Response(export_body(reading.find_export(export_id, vendor_id=scope_of(request))))


class ExportFile(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)
    content_negotiation_class = AsItIs

    @extend_schema(
        responses={
            (200, "text/csv"): OpenApiTypes.BINARY,
            (200, "application/x-ndjson"): OpenApiTypes.BINARY,
        },
        tags=["exports"],
        operation_id="export_file",
        extensions=MAY_CONFLICT,
    )
    def get(self, request: Request, export_id: UUID) -> StreamingHttpResponse:
        """The file, once `status` is `succeeded`."""
        export = reading.find_export(export_id, vendor_id=scope_of(request))
        headers = {
            "Content-Length": str(export.size),
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
            "Cache-Control": "private, no-store",
        }
        content_type = TYPES[Export.Format(export.format)]
        return StreamingHttpResponse(reading.file_of(export), content_type=content_type, headers=headers)
