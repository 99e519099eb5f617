"""Tax categories and rates, for admins."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import taxes
from order_service.models import TaxCategory, TaxRate
from order_service.queries import taxes as queries
from shared.auth import roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent
from shared.pagination import Cursor, read_filter


class TaxCategoryPatch(Shape):
    name = LineField(max_length=100)
    categories = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=1_000,
        default=list,
        help_text="With what is below them; each in one.",
    )


class TaxCategoryIn(TaxCategoryPatch):
    code = serializers.RegexField(r"^[a-z][a-z0-9_-]{1,39}$")


class TaxCategoryShape(Shape):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    categories = serializers.ListField(child=serializers.UUIDField())


class TaxRatePatch(Shape):
    name = LineField(max_length=100)
    basis_points = serializers.IntegerField(min_value=0, max_value=10_000, help_text="Hundredths of a per cent.")
    inclusive = serializers.BooleanField(default=False, help_text="Prices contain it; if not, it is added to them.")
    on_shipping = serializers.BooleanField(default=True, help_text="Of a rate without tax category.")


class TaxRateIn(TaxRatePatch):
    """`region`: as addresses name it, in any case; left out for the whole country."""

    country = serializers.RegexField(r"^[A-Z]{2}$")
    region = LineField(max_length=100, required=False, allow_blank=True)
    tax_category_id = serializers.UUIDField(required=False, allow_null=True)


class TaxRateShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    country = serializers.CharField()
    region = serializers.CharField(allow_blank=True)
    tax_category_id = serializers.UUIDField(allow_null=True)
    basis_points = serializers.IntegerField()
    inclusive = serializers.BooleanField()
    on_shipping = serializers.BooleanField()


class TaxRateFilter(Shape):
    country = serializers.RegexField(r"^[A-Z]{2}$", required=False)


def tax_category_body(row: TaxCategory) -> dict[str, Any]:
    members = [one.category_id for one in row.members.all()]
    return {"id": row.id, "code": row.code, "name": row.name, "categories": members}


def tax_rate_body(row: TaxRate) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _PLAIN}


_PLAIN = ("id", "name", "country", "region", "tax_category_id", "basis_points", "inclusive", "on_shipping")


class RowPage(Cursor):
    ordering = "-id"


class TaxCategoriesView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="tax_categories_list", tags=["taxes"], summary="All", responses=TaxCategoryShape(many=True)
    )
    def get(self, request: Request) -> Response:
        page = RowPage()
        rows = page.paginate_queryset(queries.tax_categories(), request, view=self)
        return page.get_paginated_response([tax_category_body(row) for row in rows or []])

    @extend_schema(
        operation_id="tax_categories_create",
        tags=["taxes"],
        summary="Make a tax category of the catalogue's categories",
        request=TaxCategoryIn,
        responses={201: TaxCategoryShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        row = taxes.create_tax_category(**read(TaxCategoryIn, request.data))
        return created(tax_category_body(row), f"/api/v1/admin/tax-categories/{row.id}")


class TaxCategoryView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="tax_categories_read", tags=["taxes"], summary="One tax category", responses=TaxCategoryShape
    )
    def get(self, request: Request, tax_category: UUID) -> Response:
        return Response(tax_category_body(queries.tax_category_by_id(tax_category)))

    @extend_schema(
        operation_id="tax_categories_change",
        tags=["taxes"],
        summary="Rename it, or set its categories",
        request=TaxCategoryPatch,
        responses=TaxCategoryShape,
    )
    @idempotent()
    def patch(self, request: Request, tax_category: UUID) -> Response:
        changes = read(TaxCategoryPatch, request.data, partial=True)
        taxes.change_tax_category(tax_category_id=tax_category, changes=changes)
        return Response(tax_category_body(queries.tax_category_by_id(tax_category)))

    @extend_schema(
        operation_id="tax_categories_remove",
        tags=["taxes"],
        summary="Remove it with its rates",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request, tax_category: UUID) -> Response:
        taxes.remove_tax_category(tax_category_id=tax_category)
        return Response(status=204)


class TaxRatesView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="tax_rates_list",
        tags=["taxes"],
        summary="Rates, the newest first",
        responses=TaxRateShape(many=True),
        parameters=[OpenApiParameter("country", {"type": "string", "pattern": "^[A-Z]{2}$"})],
    )
    def get(self, request: Request) -> Response:
        page = RowPage()
        chosen = queries.tax_rates().filter(**read_filter(TaxRateFilter, request))
        rows = page.paginate_queryset(chosen, request, view=self)
        return page.get_paginated_response([tax_rate_body(row) for row in rows or []])

    @extend_schema(
        operation_id="tax_rates_create",
        tags=["taxes"],
        summary="Set a rate of a country or region",
        request=TaxRateIn,
        responses={201: TaxRateShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        row = taxes.create_tax_rate(**read(TaxRateIn, request.data))
        return created(tax_rate_body(row), f"/api/v1/admin/tax-rates/{row.id}")


class TaxRateView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="tax_rates_read", tags=["taxes"], summary="One rate", responses=TaxRateShape)
    def get(self, request: Request, tax_rate: UUID) -> Response:
        return Response(tax_rate_body(queries.tax_rate_by_id(tax_rate)))

    @extend_schema(
        operation_id="tax_rates_change",
        tags=["taxes"],
        summary="Change a rate: orders from now on",
        request=TaxRatePatch,
        responses=TaxRateShape,
    )
    @idempotent()
    def patch(self, request: Request, tax_rate: UUID) -> Response:
        changes = read(TaxRatePatch, request.data, partial=True)
        return Response(tax_rate_body(taxes.change_tax_rate(tax_rate_id=tax_rate, changes=changes)))

    @extend_schema(
        operation_id="tax_rates_remove", tags=["taxes"], summary="Remove a rate", request=None, responses={204: None}
    )
    @idempotent()
    def delete(self, request: Request, tax_rate: UUID) -> Response:
        taxes.remove_tax_rate(tax_rate_id=tax_rate)
        return Response(status=204)
