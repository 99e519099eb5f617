"""Categories and brands: read by everyone, written by admins."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import taxonomy as writing
from catalog_service.api import kept
from catalog_service.api.lists import PUBLIC, PageQuery, page_body, page_of, parameters, read_query
from catalog_service.api.translations import ACCEPT_LANGUAGE, in_language
from catalog_service.models import Brand, Category
from catalog_service.queries import editions
from catalog_service.queries import taxonomy as reading
from shared.auth import roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class CategoryInput(Shape):
    name = LineField(max_length=200)
    slug = serializers.RegexField(SLUG, max_length=200, required=False)
    parent = serializers.CharField(max_length=220, required=False, allow_null=True)  # type: ignore[assignment]
    position = serializers.IntegerField(min_value=0, max_value=1_000_000, required=False)


class BrandInput(Shape):
    name = LineField(max_length=200)
    slug = serializers.RegexField(SLUG, max_length=200, required=False)


class BrandShape(Shape):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class PlaceShape(BrandShape):
    """A category by name only."""


class CategoryShape(Shape):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    position = serializers.IntegerField()


class NodeShape(CategoryShape):
    children = serializers.ListField(child=serializers.DictField(), help_text="Nodes like this one.")


class CategoryTreeShape(Shape):
    results = NodeShape(many=True)


class CategoryDetailShape(CategoryShape):
    breadcrumbs = PlaceShape(many=True, help_text="From the root to this category.")
    children = CategoryShape(many=True)


def place(row: Category | Brand) -> dict[str, Any]:
    return {"id": str(row.id), "slug": row.slug, "name": row.name}


def category_body(row: Category) -> dict[str, Any]:
    return {**place(row), "parent": str(row.parent_id) if row.parent_id else None, "position": row.position}


def _node(node: reading.Node) -> dict[str, Any]:
    return {**category_body(node.category), "children": [_node(child) for child in node.children]}


def _category_with_way(reference: str) -> dict[str, Any]:
    row, way, children = reading.find_category(reference)
    return {
        **category_body(row),
        "breadcrumbs": [place(step) for step in way],
        "children": [category_body(child) for child in children],
    }


def _brands(request: Request) -> dict[str, Any]:
    query = read_query(PageQuery, request)
    page = reading.list_brands(cursor=query.get("cursor"), limit=query["limit"])
    return page_body(request.build_absolute_uri(), page, place)


def _kept(request: Request, body: Callable[[], dict[str, Any]]) -> HttpResponse:
    return kept.answer(
        request, settings.CACHE_TREE_SECONDS, editions.of_tree, lambda: (in_language(request, body(), PUBLIC), None)
    )


class Categories(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[ACCEPT_LANGUAGE], responses=CategoryTreeShape, tags=["categories"], operation_id="category_tree"
    )
    def get(self, request: Request) -> HttpResponse:
        """The whole tree in one answer."""
        return _kept(request, lambda: {"results": [_node(node) for node in reading.category_tree()]})


class CategoryDetail(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[ACCEPT_LANGUAGE], responses=CategoryDetailShape, tags=["categories"], operation_id="category"
    )
    def get(self, request: Request, category: str) -> HttpResponse:
        """A category by slug or id, with the way to it and its children."""
        return _kept(request, lambda: _category_with_way(category))


class Brands(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[*parameters(PageQuery), ACCEPT_LANGUAGE],
        responses=page_of(BrandShape),
        tags=["brands"],
        operation_id="brands",
    )
    def get(self, request: Request) -> HttpResponse:
        """Brands by name."""
        return _kept(request, lambda: _brands(request))


class BrandDetail(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(parameters=[ACCEPT_LANGUAGE], responses=BrandShape, tags=["brands"], operation_id="brand")
    def get(self, request: Request, brand: str) -> HttpResponse:
        return _kept(request, lambda: place(reading.find_brand(brand)))


class AdminCategories(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        request=CategoryInput, responses={201: CategoryShape}, tags=["admin"], operation_id="admin_category_create"
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        category = writing.create_category(**read(CategoryInput, request.data))
        return created(category_body(category), f"/api/v1/categories/{category.slug}")


class AdminCategory(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=CategoryInput, responses=CategoryShape, tags=["admin"], operation_id="admin_category_edit")
    @idempotent()
    def patch(self, request: Request, category: str) -> Response:
        changes = read(CategoryInput, request.data, partial=True)
        return Response(category_body(writing.edit_category(reference=category, changes=changes)))

    @extend_schema(request=CategoryInput, responses=CategoryShape, tags=["admin"], operation_id="admin_category_put")
    @idempotent()
    def put(self, request: Request, category: str) -> Response:
        changes: Any = {"parent": None, "position": 0, **read(CategoryInput, request.data)}
        return Response(category_body(writing.edit_category(reference=category, changes=changes)))

    @extend_schema(request=None, responses={204: None}, tags=["admin"], operation_id="admin_category_delete")
    @idempotent()
    def delete(self, request: Request, category: str) -> Response:
        writing.delete_category(reference=category)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AdminBrands(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=BrandInput, responses={201: BrandShape}, tags=["admin"], operation_id="admin_brand_create")
    @idempotent()
    def post(self, request: Request) -> Response:
        brand = writing.create_brand(**read(BrandInput, request.data))
        return created(place(brand), f"/api/v1/brands/{brand.slug}")


class AdminBrand(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=BrandInput, responses=BrandShape, tags=["admin"], operation_id="admin_brand_edit")
    @idempotent()
    def patch(self, request: Request, brand: str) -> Response:
        changes = read(BrandInput, request.data, partial=True)
        return Response(place(writing.edit_brand(reference=brand, changes=changes)))

    @extend_schema(request=None, responses={204: None}, tags=["admin"], operation_id="admin_brand_delete")
    @idempotent()
    def delete(self, request: Request, brand: str) -> Response:
        writing.delete_brand(reference=brand)
        return Response(status=status.HTTP_204_NO_CONTENT)
