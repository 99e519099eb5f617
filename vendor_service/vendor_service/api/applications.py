"""Applications: a user's own, and all of them for admins."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn
from shared.http import LineField, Shape, TextField, created, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS
from shared.pagination import Cursor, read_filter
from vendor_service.actions import applications
from vendor_service.api.callers import AdminView, user_of
from vendor_service.models import Application
from vendor_service.queries import applications as application_queries


class ApplicationIn(Shape):
    """`country` is ISO 3166-1 alpha-2, `payout_currency` ISO 4217."""

    business_name = LineField(min_length=2, max_length=100)
    contact_email = serializers.EmailField(max_length=254)
    country = serializers.RegexField(r"^[A-Z]{2}$", max_length=2)
    payout_currency = serializers.ChoiceField(choices=sorted(EXPONENTS))
    description = serializers.CharField(max_length=4_000, required=False, allow_blank=True)
    phone = serializers.RegexField(r"^\+?[0-9 ()./-]{5,29}$", required=False, allow_blank=True)
    website = serializers.URLField(max_length=300, required=False, allow_blank=True)


class ApplicationShape(Shape):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Application.Status.choices)
    business_name = serializers.CharField()
    contact_email = serializers.EmailField()
    country = serializers.CharField()
    payout_currency = serializers.CharField()
    description = serializers.CharField()
    phone = serializers.CharField()
    website = serializers.CharField()
    reason = serializers.CharField(help_text="Why it was rejected.")
    decided_at = serializers.DateTimeField(allow_null=True)
    vendor_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


class AdminApplicationShape(ApplicationShape):
    user_id = serializers.UUIDField()
    decided_by = serializers.UUIDField(allow_null=True)
    override = serializers.CharField(help_text="Why it was approved although something required was not done.")


class ApproveIn(Shape):
    override = TextField(
        max_length=1_000, required=False, help_text="The reason to approve although something required is not done."
    )


class RejectIn(Shape):
    reason = serializers.CharField(max_length=1_000)


class ApplicationFilter(Shape):
    status = serializers.ChoiceField(choices=Application.Status.choices, required=False, allow_blank=True)


class ApplicationPage(Cursor):
    ordering = "-id"


def application_body(row: Application) -> dict[str, Any]:
    vendor = getattr(row, "vendor", None)
    plain = (
        "id", "status", "business_name", "contact_email", "country", "payout_currency", "description", "phone",
        "website", "reason", "decided_at", "created_at",
    )  # fmt: skip
    return {**{name: getattr(row, name) for name in plain}, "vendor_id": vendor.id if vendor else None}


def admin_body(row: Application) -> dict[str, Any]:
    return {**application_body(row), "user_id": row.user_id, "decided_by": row.decided_by, "override": row.override}


class ApplicationsView(APIView):
    permission_classes = [IsSignedIn]
    pagination_class = ApplicationPage

    @extend_schema(
        operation_id="vendor_applications_list",
        tags=["vendor applications"],
        summary="Your own",
        responses=ApplicationShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.pagination_class()
        rows = page.paginate_queryset(application_queries.applications(user_id=user_of(request)), request, view=self)
        return page.get_paginated_response([application_body(row) for row in rows or []])

    @extend_schema(
        operation_id="vendor_applications_submit",
        tags=["vendor applications"],
        summary="Apply to sell here",
        description="409 `application_open` while an earlier one waits, `already_vendor` for a vendor.",
        request=ApplicationIn,
        responses={201: ApplicationShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        business = applications.Business(**read(ApplicationIn, request.data))
        row = applications.submit(user_id=user_of(request), business=business)
        return created(application_body(row), f"/api/v1/vendor-applications/{row.id}")


class ApplicationView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="vendor_applications_read",
        tags=["vendor applications"],
        summary="One of your own",
        responses=ApplicationShape,
    )
    def get(self, request: Request, application: UUID) -> Response:
        row = application_queries.application(application_id=application, user_id=user_of(request))
        return Response(application_body(row))


class AdminApplicationsView(AdminView):
    pagination_class = ApplicationPage

    @extend_schema(
        operation_id="admin_vendor_applications_list",
        tags=["admin: vendors"],
        summary="All applications",
        parameters=[ApplicationFilter],
        responses=AdminApplicationShape(many=True),
    )
    def get(self, request: Request) -> Response:
        status = read_filter(ApplicationFilter, request).get("status", "")
        page = self.pagination_class()
        rows = page.paginate_queryset(application_queries.applications(status=status), request, view=self)
        return page.get_paginated_response([admin_body(row) for row in rows or []])


class AdminApplicationView(AdminView):
    @extend_schema(
        operation_id="admin_vendor_applications_read",
        tags=["admin: vendors"],
        summary="One application",
        responses=AdminApplicationShape,
    )
    def get(self, request: Request, application: UUID) -> Response:
        return Response(admin_body(application_queries.application(application_id=application)))


class ApproveView(AdminView):
    @extend_schema(
        operation_id="admin_vendor_applications_approve",
        tags=["admin: vendors"],
        summary="Approve: the applicant becomes a vendor",
        description="409 `already_decided` for the second decision, `already_vendor` if the account sells here, "
        "`checklist_incomplete` while something required is not done and no reason is given to approve all the same.",
        request=ApproveIn,
        responses=AdminApplicationShape,
    )
    @idempotent()
    def post(self, request: Request, application: UUID) -> Response:
        override = read(ApproveIn, request.data).get("override", "")
        row = applications.approve(application_id=application, admin_id=user_of(request), override=override)
        return Response(admin_body(row))


class RejectView(AdminView):
    @extend_schema(
        operation_id="admin_vendor_applications_reject",
        tags=["admin: vendors"],
        summary="Reject, with the reason that the applicant is told",
        description="409 `already_decided` for the second decision.",
        request=RejectIn,
        responses=AdminApplicationShape,
    )
    @idempotent()
    def post(self, request: Request, application: UUID) -> Response:
        body = read(RejectIn, request.data)
        row = applications.reject(application_id=application, admin_id=user_of(request), reason=body["reason"])
        return Response(admin_body(row))
