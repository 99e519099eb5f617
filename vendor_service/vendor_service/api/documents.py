"""Documents that go with an application, for its vendor and admins alone."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn, roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import PdfRenderer, ReplayRenderer, idempotent
from shared.pagination import Cursor
from vendor_service.actions import documents
from vendor_service.api.callers import application_of, user_of
from vendor_service.api.checklists import Nothing, RefuseIn
from vendor_service.models import Document
from vendor_service.queries import applications as application_queries
from vendor_service.queries import documents as document_queries

SUFFIXES = {documents.PDF: "pdf", documents.JPEG: "jpg"}
FILES = {(200, content_type): OpenApiTypes.BINARY for content_type in SUFFIXES}


class DocumentIn(Shape):
    title = LineField(max_length=100, help_text="What it is, for who looks at it.")
    file = serializers.FileField(help_text="A PDF, or a JPEG, PNG or WebP picture, which is encoded anew.")

    def validate_file(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > settings.DOCUMENT_MAX_BYTES:
            raise serializers.ValidationError(f"At most {settings.DOCUMENT_MAX_BYTES} bytes.")
        return upload


class DocumentShape(Shape):
    id = serializers.UUIDField()
    title = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    status = serializers.ChoiceField(choices=Document.Status.choices)
    reason = serializers.CharField(help_text="Why it was refused.")
    decided_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class DocumentPage(Cursor):
    ordering = "id"


class JpegRenderer(ReplayRenderer):
    media_type = documents.JPEG
    format = "jpg"


def document_body(row: Document) -> dict[str, Any]:
    return {str(name): getattr(row, str(name)) for name in DocumentShape().fields}


def file_response(document: Document, content: bytes) -> HttpResponse:
    """To be saved, not shown: nothing in it runs, or is taken for anything else. Its name is ours."""
    headers = {
        "Content-Disposition": f'attachment; filename="document-{document.id}.{SUFFIXES[document.content_type]}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type=document.content_type, headers=headers)


class DocumentsView(APIView):
    permission_classes = [IsSignedIn]
    parser_classes = [MultiPartParser]
    pagination_class = DocumentPage

    @extend_schema(
        operation_id="vendor_applications_documents_list",
        tags=["vendor applications"],
        summary="Documents of your application",
        responses=DocumentShape(many=True),
    )
    def get(self, request: Request, application: UUID) -> Response:
        page = self.pagination_class()
        rows = document_queries.documents(application_of(request, application).id)
        shown = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response([document_body(row) for row in shown or []])

    @extend_schema(
        operation_id="vendor_applications_documents_add",
        tags=["vendor applications"],
        summary="Add a document",
        description="For you and the marketplace's admins alone. 409 `too_many_documents`, `already_decided` after a "
        "rejection.",
        request={"multipart/form-data": DocumentIn},
        responses={201: DocumentShape},
    )
    @idempotent()
    def post(self, request: Request, application: UUID) -> Response:
        owner = application_of(request, application)
        body = read(DocumentIn, request.data)
        row = documents.add(application_id=owner.id, user_id=user_of(request), title=body["title"], upload=body["file"])
        return created(document_body(row), f"/api/v1/vendor-applications/{owner.id}/documents/{row.id}")


class DocumentView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="vendor_applications_documents_read",
        tags=["vendor applications"],
        summary="What became of a document",
        responses=DocumentShape,
    )
    def get(self, request: Request, application: UUID, document: UUID) -> Response:
        owner = application_of(request, application)
        return Response(document_body(document_queries.document(application_id=owner.id, document_id=document)))

    @extend_schema(
        operation_id="vendor_applications_documents_remove",
        tags=["vendor applications"],
        summary="Remove a document that nobody has decided on",
        description="409 `document_decided`.",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, application: UUID, document: UUID) -> Response:
        documents.remove(application_id=application_of(request, application).id, document_id=document)
        return Response(status=204)


class DocumentFileView(APIView):
    permission_classes = [IsSignedIn]
    renderer_classes = [ReplayRenderer, PdfRenderer, JpegRenderer]

    @extend_schema(
        operation_id="vendor_applications_documents_download",
        tags=["vendor applications"],
        summary="Download a document",
        responses=FILES,
    )
    def get(self, request: Request, application: UUID, document: UUID) -> HttpResponse:
        owner = application_of(request, application)
        row = document_queries.document(application_id=owner.id, document_id=document)
        return file_response(row, document_queries.content(row))


class AdminDocumentsView(APIView):
    permission_classes = [roles("admin")]
    pagination_class = DocumentPage

    @extend_schema(
        operation_id="admin_vendor_applications_documents_list",
        tags=["admin: vendors"],
        summary="Documents of an application",
        responses=DocumentShape(many=True),
    )
    def get(self, request: Request, application: UUID) -> Response:
        page = self.pagination_class()
        owner = application_queries.application(application_id=application)
        rows = page.paginate_queryset(document_queries.documents(owner.id), request, view=self)
        return page.get_paginated_response([document_body(row) for row in rows or []])


class AdminDocumentFileView(APIView):
    permission_classes = [roles("admin")]
    renderer_classes = [ReplayRenderer, PdfRenderer, JpegRenderer]

    @extend_schema(
        operation_id="admin_vendor_applications_documents_download",
        tags=["admin: vendors"],
        summary="Download a document; it is on record who did",
        responses=FILES,
    )
    def get(self, request: Request, application: UUID, document: UUID) -> HttpResponse:
        return file_response(*documents.read_as_admin(application_id=application, document_id=document))


class AcceptDocumentView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_vendor_applications_documents_accept",
        tags=["admin: vendors"],
        summary="Accept a document",
        description="409 `document_decided` for the second decision.",
        request=None,
        responses=DocumentShape,
    )
    @idempotent()
    def post(self, request: Request, application: UUID, document: UUID) -> Response:
        read(Nothing, request.data)
        row = documents.accept(application_id=application, document_id=document, admin_id=user_of(request))
        return Response(document_body(row))


class RefuseDocumentView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_vendor_applications_documents_refuse",
        tags=["admin: vendors"],
        summary="Refuse a document, with the reason that the applicant reads",
        description="409 `document_decided` for the second decision.",
        request=RefuseIn,
        responses=DocumentShape,
    )
    @idempotent()
    def post(self, request: Request, application: UUID, document: UUID) -> Response:
        reason = read(RefuseIn, request.data)["reason"]
        row = documents.refuse(
            application_id=application, document_id=document, admin_id=user_of(request), reason=reason
        )
        return Response(document_body(row))
