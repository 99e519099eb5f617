"""What the lists of this service have in common: the query they take, the page they answer, who may see it cached."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from catalog_service.queries.pages import Page
from shared.auth import Caller
from shared.http import Shape, read

PUBLIC = {"Cache-Control": "public, max-age=1"}
PRIVATE = {"Cache-Control": "private, no-store"}


class ReadOnly(permissions.BasePermission):
    """Anyone may read. Written as `ReadOnly | roles("vendor", "admin")`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in permissions.SAFE_METHODS


class PageQuery(Shape):
    cursor = serializers.CharField(required=False, max_length=1_000)
    limit = serializers.IntegerField(default=24, min_value=1, max_value=100)


def read_query(shape: type[Shape], request: Request) -> dict[str, Any]:
    """The query parameters the shape knows. Empty ones count as absent, unknown ones are nobody's business."""
    given = {name: request.query_params[name] for name in shape().fields if request.query_params.get(name)}
    query: dict[str, Any] = read(shape, given)
    return query


def parameters(shape: type[Shape]) -> list[OpenApiParameter]:
    """A query shape as OpenAPI sees it."""
    return [OpenApiParameter(name, _kind(field), required=False) for name, field in shape().fields.items()]


def _kind(field: serializers.Field[Any, Any, Any, Any]) -> type:
    if isinstance(field, serializers.BooleanField):
        return bool
    return int if isinstance(field, serializers.IntegerField) else str


def page_of(shape: type[Shape]) -> Any:
    """The OpenAPI shape of a page of these."""
    name = f"{shape.__name__.removesuffix('Shape')}Page"
    link = {"allow_null": True}
    fields = {
        "results": shape(many=True),
        "next": serializers.URLField(**link),
        "previous": serializers.URLField(**link),
    }
    return inline_serializer(name, fields)


def answer_page(
    request: Request, page: Page[Any], present: Callable[[Any], dict[str, Any]], headers: dict[str, str] = PRIVATE
) -> Response:
    def link(cursor: str | None) -> str | None:
        return replace_query_param(request.build_absolute_uri(), "cursor", cursor) if cursor else None

    body = {
        "results": [present(row) for row in page.rows],
        "next": link(page.next),
        "previous": link(page.previous),
    }
    return Response(body, headers=headers)


def scope_of(request: Request) -> UUID | None:
    """Whose rows this writer may touch: its vendor's, or everybody's (None) for an admin."""
    caller = request.user
    assert isinstance(caller, Caller)
    return None if caller.is_admin else caller.vendor_id


def viewer_of(request: Request) -> dict[str, Any]:
    """The arguments that let a product's own people see it before and after it is on sale."""
    caller = request.user
    if not isinstance(caller, Caller):
        return {}
    return {"vendor_id": caller.vendor_id, "is_admin": caller.is_admin}


class FreeJson(serializers.JSONField):
    """An object of the client's own making, small and storable: no NUL, no infinity, no lone surrogate."""

    default_error_messages = {"shape": "Must be an object.", "size": "Too large or too deep.", "text": "Not storable."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("shape")
        try:
            text = json.dumps(data, ensure_ascii=False, allow_nan=False)
            text.encode()
        except RecursionError:
            self.fail("size")
        except ValueError:
            self.fail("text")
        if len(text) > 20_000 or _depth(data) > 5:
            self.fail("size")
        if "\\u0000" in text:
            self.fail("text")
        return data


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(child) for child in children), default=0)
