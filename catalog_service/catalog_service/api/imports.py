"""Files of products, handed in and watched."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import imports as writing
from catalog_service.api.lists import (
    PageQuery,
    answer_page,
    owner_of,
    page_of,
    parameters,
    read_query,
    scope_of,
)
from catalog_service.models import Import
from catalog_service.queries import imports as reading
from shared.auth import CATALOGUE, caller_of, roles
from shared.http import Shape, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS


class NewImport(Shape):
    file = serializers.FileField(help_text="UTF-8.")
    format = serializers.ChoiceField(Import.Format.choices)
    currency = serializers.ChoiceField(sorted(EXPONENTS), required=False, help_text="Of Shopify's bare prices.")
    category = serializers.CharField(
        max_length=220, required=False, help_text="Slug or id: where products go whose own category is not known."
    )
    vendor_id = serializers.UUIDField(
        required=False, help_text="For admins: whose products these are. Without it each line names its vendor."
    )

    def validate_file(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > settings.IMPORT_MAX_BYTES:
            raise serializers.ValidationError(f"At most {settings.IMPORT_MAX_BYTES} bytes.")
        return upload


class RemarkShape(Shape):
    line = serializers.IntegerField()
    field = serializers.CharField()
    message = serializers.CharField()


class ImportShape(Shape):
    id = serializers.UUIDField()
    format = serializers.ChoiceField(Import.Format.choices)
    status = serializers.ChoiceField(Import.Status.choices)
    total = serializers.IntegerField(help_text="Products in the file; 0 until it has been read.")
    done = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    images_waiting = serializers.IntegerField(help_text="Pictures behind URLs that are still to be fetched.")
    created_at = serializers.DateTimeField()
    heartbeat_at = serializers.DateTimeField(help_text="When it last moved.")
    errors = RemarkShape(many=True)  # type: ignore[assignment]
    notes = RemarkShape(many=True, help_text="What was left out, such as images that could not be fetched.")


def summary_body(batch: Import) -> dict[str, Any]:
    return {
        "id": str(batch.id),
        "format": batch.format,
        "status": batch.status,
        "total": batch.total or 0,
        "done": batch.done,
        "created": batch.created,
        "updated": batch.updated,
        "unchanged": batch.unchanged,
        "failed": batch.failed,
        "created_at": batch.created_at,
        "heartbeat_at": batch.updated_at,
    }


def import_body(batch: Import) -> dict[str, Any]:
    waiting = batch.images_to_fetch.count()
    return {**summary_body(batch), "images_waiting": waiting, "errors": batch.errors, "notes": batch.notes}


class ImportSummaryShape(Shape):
    id = serializers.UUIDField()
    format = serializers.ChoiceField(Import.Format.choices)
    status = serializers.ChoiceField(Import.Status.choices)
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    heartbeat_at = serializers.DateTimeField()


class Imports(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        parameters=parameters(PageQuery),
        responses=page_of(ImportSummaryShape),
        tags=["imports"],
        operation_id="imports",
    )
    def get(self, request: Request) -> Response:
        query = read_query(PageQuery, request)
        page = reading.list_imports(vendor_id=scope_of(request), cursor=query.get("cursor"), limit=query["limit"])
        return answer_page(request, page, summary_body)

    @extend_schema(
        request={"multipart/form-data": NewImport},
        responses={202: ImportShape},
        tags=["imports"],
        operation_id="import_create",
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """The worker takes it from here: ask `GET imports/{id}` how it is doing."""
        given = read(NewImport, request.data)
        batch = writing.queue_import(
            vendor_id=_owner(request, given.get("vendor_id")),
            by_admin=caller_of(request).is_admin,
            actor_id=caller_of(request).id,
            file=given["file"],
            format_=given["format"],
            currency=given.get("currency", settings.DEFAULT_CURRENCY),
            category=given.get("category"),
        )
        headers = {"Location": f"/api/v1/imports/{batch.id}"}
        return Response(import_body(batch), status=status.HTTP_202_ACCEPTED, headers=headers)


def _owner(request: Request, vendor_id: UUID | None) -> UUID | None:
    return None if caller_of(request).is_admin and vendor_id is None else owner_of(request, vendor_id)


class ImportDetail(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(responses=ImportShape, tags=["imports"], operation_id="import")
    def get(self, request: Request, import_id: UUID) -> Response:
        return Response(import_body(reading.find_import(import_id, vendor_id=scope_of(request))))
