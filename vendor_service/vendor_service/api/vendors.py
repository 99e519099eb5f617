"""Vendors: as everybody sees them, as their owner does, and as admins do."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared import media
from shared.auth import roles
from shared.http import LineField, Shape, TextField, read
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
    logo = serializers.CharField(allow_null=True, help_text="An address.")
    created_at = serializers.DateTimeField()


class PoliciesShape(Shape):
    shipping = serializers.CharField()
    returns = serializers.CharField()
    privacy = serializers.CharField()


class StorePageShape(VendorShape):
    banner = serializers.CharField(allow_null=True, help_text="An address.")
    policies = PoliciesShape()


class OwnVendorShape(StorePageShape):
    application_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Vendor.Status.choices)
    status_reason = serializers.CharField(help_text="Why it is that, if an admin said.")
    contact_email = serializers.EmailField()
    payout_currency = serializers.CharField()
    commission_basis_points = serializers.IntegerField(help_text="Hundredths of a per cent.")
    updated_at = serializers.DateTimeField()


class AdminVendorShape(OwnVendorShape):
    owner_id = serializers.UUIDField()
    version = serializers.IntegerField()


class PoliciesPatch(Shape):
    shipping = TextField(max_length=10_000, required=False, allow_blank=True)
    returns = TextField(max_length=10_000, required=False, allow_blank=True)
    privacy = TextField(max_length=10_000, required=False, allow_blank=True)


class VendorPatch(Shape):
    name = LineField(min_length=2, max_length=100, required=False)
    description = serializers.CharField(max_length=4_000, required=False, allow_blank=True)
    contact_email = serializers.EmailField(max_length=254, required=False)
    policies = PoliciesPatch(required=False)


class AdminVendorPatch(Shape):
    commission_basis_points = serializers.IntegerField(min_value=0, max_value=10_000, required=False)
    status = serializers.ChoiceField(choices=Vendor.Status.choices, required=False)
    reason = TextField(
        max_length=1_000, required=False, allow_blank=True, help_text="Of a new status; the vendor reads it."
    )


class VendorFilter(Shape):
    status = serializers.ChoiceField(choices=Vendor.Status.choices, required=False, allow_blank=True)


class VendorPage(Cursor):
    ordering = "slug"


def vendor_body(row: Vendor, shape: type[VendorShape]) -> dict[str, Any]:
    """The fields that the shape names, and no others."""
    made = {"logo": media.url(row.logo), "banner": media.url(row.banner), "policies": row.policies}
    names = [str(name) for name in shape().fields]
    return {name: made[name] if name in made else getattr(row, name) for name in names}


def own_body(row: Vendor) -> dict[str, Any]:
    return vendor_body(row, OwnVendorShape)


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
        responses=StorePageShape,
    )
    def get(self, request: Request, vendor: str) -> Response:
        return Response(vendor_body(vendor_queries.active_vendor(vendor), StorePageShape))


class OwnVendorView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_read", tags=["vendors"], summary="Your own vendor", responses=OwnVendorShape
    )
    def get(self, request: Request) -> Response:
        return Response(own_body(vendor_queries.vendor(vendor_of(request))))

    @extend_schema(
        operation_id="vendors_me_change",
        tags=["vendors"],
        summary="Change how you are shown and reached",
        description="For owners and managers. The slug stays, so that links to you stay.",
        request=VendorPatch,
        responses=OwnVendorShape,
    )
    @idempotent()
    def patch(self, request: Request) -> Response:
        vendor_id = vendor_of(request, Right.EDIT)
        changes = read(VendorPatch, request.data)
        policies = {f"{name}_policy": text for name, text in changes.pop("policies", {}).items()}
        row = vendors.change_vendor(vendor_id=vendor_id, changes={**changes, **policies})
        return Response(own_body(row))


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
        description="What a suspended or closed vendor sells is out of sale at once, until it is active again; its "
        "orders go on. 409 `illegal_transition`: a closed vendor can be reactivated, not suspended.",
        request=AdminVendorPatch,
        responses=AdminVendorShape,
    )
    @idempotent()
    def patch(self, request: Request, vendor: UUID) -> Response:
        changes = read(AdminVendorPatch, request.data)
        reason = changes.pop("reason", "")
        row = vendors.change_vendor(vendor_id=vendor, changes=changes, reason=reason)
        return Response(vendor_body(row, AdminVendorShape))
