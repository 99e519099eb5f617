"""What is asked of who wants to sell here: as applicants and vendors see it, and as admins configure and judge it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn, roles
from shared.http import LineField, Shape, TextField, created, read
from shared.idempotency import idempotent
from shared.pagination import Cursor
from vendor_service.actions import checklists
from vendor_service.api.callers import AdminView, application_of, user_of, vendor_of
from vendor_service.models import Application, ChecklistItem
from vendor_service.queries import applications as application_queries
from vendor_service.queries import checklists as checklist_queries
from vendor_service.queries import vendors as vendor_queries


class EntryShape(Shape):
    id = serializers.UUIDField()
    title = serializers.CharField()
    help = serializers.CharField()
    kind = serializers.ChoiceField(choices=ChecklistItem.Kind.choices)
    required = serializers.BooleanField(help_text="Without it an application is not approved.")  # type: ignore[assignment]
    status = serializers.ChoiceField(choices=["open", "done", "refused"])
    reason = serializers.CharField(help_text="Why it was refused.")
    said_at = serializers.DateTimeField(allow_null=True)


class ChecklistShape(Shape):
    complete = serializers.BooleanField(help_text="Whether all is done that is required.")
    results = EntryShape(many=True)


class ItemPatch(Shape):
    title = LineField(min_length=2, max_length=100, required=False)
    help = TextField(max_length=2_000, required=False, allow_blank=True)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]
    active = serializers.BooleanField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)


class ItemIn(ItemPatch):
    title = LineField(min_length=2, max_length=100)
    kind = serializers.ChoiceField(choices=ChecklistItem.Kind.choices)
    rule = serializers.ChoiceField(
        choices=ChecklistItem.Rule.choices, required=False, help_text="Of what is computed, and only of that."
    )


class ItemShape(Shape):
    id = serializers.UUIDField()
    title = serializers.CharField()
    help = serializers.CharField()
    kind = serializers.ChoiceField(choices=ChecklistItem.Kind.choices)
    rule = serializers.ChoiceField(choices=ChecklistItem.Rule.choices, allow_blank=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    active = serializers.BooleanField()
    position = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class RefuseIn(Shape):
    reason = TextField(max_length=1_000)


class Nothing(Shape):
    """No body."""


class ItemPage(Cursor):
    ordering = ("position", "id")


def checklist_body(application: Application) -> dict[str, Any]:
    entries = checklist_queries.checklist(application)
    return {
        "complete": all(entry.done for entry in entries if entry.item.required),
        "results": [entry_body(entry) for entry in entries],
    }


def entry_body(entry: checklist_queries.Entry) -> dict[str, Any]:
    item, answer = entry.item, entry.answer
    return {
        **{name: getattr(item, name) for name in ("id", "title", "help", "kind", "required")},
        "status": entry.status,
        "reason": answer.reason if answer else "",
        "said_at": answer.said_at if answer else None,
    }


def item_body(row: ChecklistItem) -> dict[str, Any]:
    return {str(name): getattr(row, str(name)) for name in ItemShape().fields}


class ChecklistView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="vendor_applications_checklist",
        tags=["vendor applications"],
        summary="What is asked of you, and how far you are",
        responses=ChecklistShape,
    )
    def get(self, request: Request, application: UUID) -> Response:
        return Response(checklist_body(application_of(request, application)))


class ConfirmView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="vendor_applications_checklist_confirm",
        tags=["vendor applications"],
        summary="Confirm what is attested",
        description="409 `not_this_kind` for what is computed or verified.",
        request=None,
        responses=ChecklistShape,
    )
    @idempotent()
    def post(self, request: Request, application: UUID, checklist_item: UUID) -> Response:
        read(Nothing, request.data)
        row = application_of(request, application)
        checklists.confirm(application_id=row.id, item_id=checklist_item, user_id=user_of(request))
        return Response(checklist_body(row))


class OwnChecklistView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_checklist",
        tags=["vendors"],
        summary="What is asked of your vendor, and how far it is",
        responses=ChecklistShape,
    )
    def get(self, request: Request) -> Response:
        vendor = vendor_queries.vendor(vendor_of(request))
        return Response(checklist_body(application_queries.application(application_id=vendor.application_id)))


class AdminChecklistView(AdminView):
    @extend_schema(
        operation_id="admin_vendor_applications_checklist",
        tags=["admin: vendors"],
        summary="How far an application is",
        responses=ChecklistShape,
    )
    def get(self, request: Request, application: UUID) -> Response:
        return Response(checklist_body(application_queries.application(application_id=application)))


class ApproveItemView(AdminView):
    @extend_schema(
        operation_id="admin_vendor_applications_checklist_approve",
        tags=["admin: vendors"],
        summary="Approve what is verified",
        description="409 `not_this_kind` for what is computed or attested.",
        request=None,
        responses=ChecklistShape,
    )
    @idempotent()
    def post(self, request: Request, application: UUID, checklist_item: UUID) -> Response:
        read(Nothing, request.data)
        checklists.approve(application_id=application, item_id=checklist_item, admin_id=user_of(request))
        return Response(checklist_body(application_queries.application(application_id=application)))


class RefuseItemView(AdminView):
    @extend_schema(
        operation_id="admin_vendor_applications_checklist_refuse",
        tags=["admin: vendors"],
        summary="Refuse what is verified, with the reason that the applicant reads",
        description="409 `not_this_kind` for what is computed or attested.",
        request=RefuseIn,
        responses=ChecklistShape,
    )
    @idempotent()
    def post(self, request: Request, application: UUID, checklist_item: UUID) -> Response:
        reason = read(RefuseIn, request.data)["reason"]
        admin_id = user_of(request)
        checklists.refuse(application_id=application, item_id=checklist_item, admin_id=admin_id, reason=reason)
        return Response(checklist_body(application_queries.application(application_id=application)))


class AdminItemsView(AdminView):
    pagination_class = ItemPage

    @extend_schema(
        operation_id="admin_vendor_checklist_items_list",
        tags=["admin: vendors"],
        summary="What is asked, and what was",
        responses=ItemShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.pagination_class()
        rows = page.paginate_queryset(checklist_queries.items(), request, view=self)
        return page.get_paginated_response([item_body(row) for row in rows or []])

    @extend_schema(
        operation_id="admin_vendor_checklist_items_add",
        tags=["admin: vendors"],
        summary="Ask something of who wants to sell here",
        request=ItemIn,
        responses={201: ItemShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        row = checklists.add_item(given=read(ItemIn, request.data))
        return created(item_body(row), f"/api/v1/admin/vendor-checklist-items/{row.id}")


class AdminItemView(AdminView):
    @extend_schema(
        operation_id="admin_vendor_checklist_items_read",
        tags=["admin: vendors"],
        summary="One item",
        responses=ItemShape,
    )
    def get(self, request: Request, checklist_item: UUID) -> Response:
        return Response(item_body(checklist_queries.item(checklist_item)))

    @extend_schema(
        operation_id="admin_vendor_checklist_items_change",
        tags=["admin: vendors"],
        summary="Change what is asked, or ask it no more",
        request=ItemPatch,
        responses=ItemShape,
    )
    @idempotent()
    def patch(self, request: Request, checklist_item: UUID) -> Response:
        return Response(
            item_body(checklists.change_item(item_id=checklist_item, changes=read(ItemPatch, request.data)))
        )
