"""The audit log, as admins read it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import roles
from shared.http import Shape, written
from shared.pagination import Cursor, read_filter
from user_service.models import AuditEntry
from user_service.queries import audit

IsAdmin = roles("admin")


class EntryShape(Shape):
    entry_id = serializers.UUIDField()
    position = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor_id = serializers.UUIDField(allow_null=True)
    actor_roles = serializers.ListField(child=serializers.CharField())
    action = serializers.CharField()
    subject_kind = serializers.CharField()
    subject_id = serializers.CharField()
    address = serializers.IPAddressField(allow_null=True)
    request_id = serializers.CharField()
    detail = serializers.DictField(child=serializers.CharField())
    previous_hash = serializers.CharField()
    hash = serializers.CharField()


def entry_body(row: AuditEntry) -> dict[str, Any]:
    return {**written(EntryShape, row), "address": row.address or None}


class EntryFilter(Shape):
    actor = serializers.UUIDField(required=False)
    action = serializers.RegexField(
        r"^[a-z_.]+$",
        max_length=100,
        required=False,
        help_text="The beginning: `vendor.` finds `vendor.vendor.change`.",
    )
    subject_kind = serializers.CharField(max_length=40, required=False)
    subject_id = serializers.CharField(max_length=100, required=False)
    until = serializers.DateTimeField(required=False)

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name that Python takes."""
        return {**super().get_fields(), "from": serializers.DateTimeField(required=False)}


class LatestFirst(Cursor):
    ordering = "-position"


class AuditLogView(APIView):
    permission_classes = [IsAdmin]

    @extend_schema(
        operation_id="admin_audit_log",
        tags=["admin"],
        summary="Who did what to whom, from where; latest first",
        parameters=[EntryFilter],
        responses=EntryShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = LatestFirst()
        rows = page.paginate_queryset(audit.entries(read_filter(EntryFilter, request)), request, view=self)
        return page.get_paginated_response([entry_body(row) for row in rows or []])


class VerificationShape(Shape):
    entries = serializers.IntegerField()
    intact = serializers.BooleanField()
    broken_at = serializers.IntegerField(allow_null=True, help_text="The first position that does not follow.")
    head = serializers.CharField(allow_blank=True, help_text="The last hash, of an intact chain.")


class AuditVerificationView(APIView):
    permission_classes = [IsAdmin]

    @extend_schema(
        operation_id="admin_audit_log_verification",
        tags=["admin"],
        summary="Whether the audit log is as it was recorded",
        responses=VerificationShape,
    )
    def get(self, _request: Request) -> Response:
        return Response(written(VerificationShape, audit.verify()))
