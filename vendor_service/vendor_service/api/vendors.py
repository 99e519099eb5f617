"""Vendors: as everybody sees them, as their owner does, and as admins do."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import roles
from shared.http import LineField, Shape, read
from shared.idempotency import idempotent
from shared.pagination import Cursor, read_filter
from vendor_service.actions import vendors
from vendor_service.api.callers import AdminView, vendor_of
from vendor_service.models import Vendor
from vendor_service.models.members import Right
from vendor_service.queries import vendors as vendor_queries


class VendorShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField()
    country = serializers.CharField()
    created_at = serializers.DateTimeField()


class OwnVendorShape(VendorShape):
    application_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Vendor.Status.choices)
    contact_email = serializers.EmailField()
    payout_currency = serializers.CharField()
    commission_basis_points = serializers.IntegerField(help_text="Hundredths of a per cent.")
    updated_at = serializers.DateTimeField()


class AdminVendorShape(OwnVendorShape):
    owner_id = serializers.UUIDField()
    version = serializers.IntegerField()


class VendorPatch(Shape):
    name = LineField(min_length=2, max_length=100, required=False)
    description = serializers.CharField(max_length=4_000, required=False, allow_blank=True)
    contact_email = serializers.EmailField(max_length=254, required=False)


class AdminVendorPatch(Shape):
    commission_basis_points = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    status = serializers.ChoiceField(choices=Vendor.Status.choices, required=False)


class VendorFilter(Shape):
    status = serializers.ChoiceField(choices=Vendor.Status.choices, required=False, allow_blank=True)


class VendorPage(Cursor):
    ordering = "slug"


def vendor_body(row: Vendor, shape: type[VendorShape]) -> dict[str, Any]:
    """The fields that the shape names, and no others."""
    return {str(name): getattr(row, str(name)) for name in shape().fields}


class VendorsView(APIView):
    permission_classes = [AllowAny]
    pagination_class = VendorPage

    @extend_schema(
        operation_id="vendors_list",
        tags=["vendors"],
        summary="Who sells here",
        auth=[],
        responses=VendorShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.pagination_class()
        rows = page.paginate_queryset(vendor_queries.vendors(status=Vendor.Status.ACTIVE), request, view=self)
        return page.get_paginated_response([vendor_body(row, VendorShape) for row in rows or []])


class VendorView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="vendors_read",
        tags=["vendors"],
        summary="One vendor, by slug or id",
        auth=[],
        responses=VendorShape,
    )
    def get(self, request: Request, vendor: str) -> Response:
        return Response(vendor_body(vendor_queries.active_vendor(vendor), VendorShape))


class OwnVendorView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_read", tags=["vendors"], summary="Your own vendor", responses=OwnVendorShape
    )
    def get(self, request: Request) -> Response:
        return Response(vendor_body(vendor_queries.vendor(vendor_of(request)), OwnVendorShape))

    @extend_schema(
        operation_id="vendors_me_change",
        tags=["vendors"],
        summary="Change how you are shown and reached",
        description="The slug stays, so that links to you stay.",
        request=VendorPatch,
        responses=OwnVendorShape,
    )
    @idempotent()
    def patch(self, request: Request) -> Response:
        row = vendors.change_vendor(vendor_id=vendor_of(request, Right.EDIT), changes=read(VendorPatch, request.data))
        return Response(vendor_body(row, OwnVendorShape))


class AdminVendorsView(AdminView):
    pagination_class = VendorPage

    @extend_schema(
        operation_id="admin_vendors_list",
        tags=["admin: vendors"],
        summary="All vendors",
        parameters=[VendorFilter],
        responses=AdminVendorShape(many=True),
    )
    def get(self, request: Request) -> Response:
        status = read_filter(VendorFilter, request).get("status", "")
        page = self.pagination_class()
        rows = page.paginate_queryset(vendor_queries.vendors(status=status), request, view=self)
        return page.get_paginated_response([vendor_body(row, AdminVendorShape) for row in rows or []])


class AdminVendorView(AdminView):
    @extend_schema(
        operation_id="admin_vendors_read", tags=["admin: vendors"], summary="One vendor", responses=AdminVendorShape
    )
    def get(self, request: Request, vendor: UUID) -> Response:
        return Response(vendor_body(vendor_queries.vendor(vendor), AdminVendorShape))

    @extend_schema(
        operation_id="admin_vendors_change",
        tags=["admin: vendors"],
        summary="Set the commission; suspend, close or reactivate",
        description="409 `illegal_transition`: a closed vendor can be reactivated, not suspended.",
        request=AdminVendorPatch,
        responses=AdminVendorShape,
    )
    @idempotent()
    def patch(self, request: Request, vendor: UUID) -> Response:
        row = vendors.change_vendor(vendor_id=vendor, changes=read(AdminVendorPatch, request.data))
        return Response(vendor_body(row, AdminVendorShape))
