"""What the lists of this service have in common: the query they take, the page they answer, who may see it cached."""

import time
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema_field, inline_serializer
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from catalog_service.models.products import unstorable
from catalog_service.queries.pages import Page
from shared.auth import CATALOGUE, Caller, caller_of
from shared.errors import Invalid
from shared.http import Shape, read

PUBLIC = {"Cache-Control": "public, max-age=1, stale-while-revalidate=1"}
PRIVATE = {"Cache-Control": "private, no-store"}
ANYBODY: Any = [{"bearerAuth": []}, {}]
"""For OpenAPI, where `ReadOnly` lets guests in and it cannot see that: with a token, or without."""
TOKEN: Any = [{"bearerAuth": []}]
"""Where a subclass does not."""


class EdgeMiddleware:
    """What everybody gets, NGINX keeps until this second ends, and one second more for whoever comes while another
    request fetches it anew: a page that all look at costs a request a second, and is never two seconds old.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.get("Cache-Control") == PUBLIC["Cache-Control"]:
            response["X-Accel-Expires"] = f"@{int(time.time())}"
        return response


class ReadOnly(permissions.BasePermission):
    """Anyone may read. Written as `ReadOnly | roles(…)`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in permissions.SAFE_METHODS


class Cursor(serializers.CharField):
    """As queries/pages.py writes them: a list in JSON, in letters that addresses bear."""

    pattern = "^W[A-Za-z0-9_-]*=*$"


class PageQuery(Shape):
    cursor = Cursor(required=False, max_length=1_000)
    limit = serializers.IntegerField(default=24, min_value=1, max_value=100)


def read_query(shape: type[Shape], request: Request) -> dict[str, Any]:
    """The query parameters the shape knows. Blank ones count as absent, unknown ones are nobody's business."""
    given = {name: request.query_params[name] for name in _names(shape) if request.query_params.get(name, "").strip()}
    query: dict[str, Any] = read(shape, given)
    return query


@cache
def _names(shape: type[Shape]) -> list[str]:
    return [str(name) for name in shape().fields]


def parameters(shape: type[Shape]) -> list[OpenApiParameter]:
    """A query shape as OpenAPI sees it."""
    return [
        OpenApiParameter(name, _schema(field), required=field.required, description=str(field.help_text or ""))
        for name, field in shape().fields.items()
    ]


def _schema(field: Any) -> dict[str, Any]:
    """What the field takes if it is not empty."""
    found = {"type": "string"} | next(bounds(field) for kind, bounds in _BOUNDS if isinstance(field, kind))
    if field.default not in (serializers.empty, ""):
        found["default"] = field.default
    return {name: value for name, value in found.items() if value is not None}


def _decimal(field: serializers.DecimalField) -> str:
    """Of numbers from 0 to below the greatest, or to the greatest itself if that is one digit."""
    top, places = str(field.max_value), rf"(\.\d{{1,{field.decimal_places}}})?"
    return rf"^([0-{int(top) - 1}]{places}|{top})$" if len(top) == 1 else rf"^\d{{1,{len(top) - 1}}}{places}$"


_BOUNDS: tuple[tuple[type[serializers.Field], Callable[[Any], dict[str, Any]]], ...] = (
    (serializers.BooleanField, lambda field: {"type": "boolean"}),
    (
        serializers.IntegerField,
        lambda field: {"type": "integer", "minimum": field.min_value, "maximum": field.max_value},
    ),
    (serializers.DecimalField, lambda field: {"format": "decimal", "pattern": _decimal(field)}),
    (serializers.ChoiceField, lambda field: {"enum": list(field.choices)}),
    (serializers.UUIDField, lambda field: {"format": "uuid"}),
    (serializers.DateField, lambda field: {"format": "date"}),
    (
        serializers.CharField,
        lambda field: {"maxLength": field.max_length, "pattern": getattr(field, "pattern", None)},
    ),
)


@lru_cache
def page_of(shape: type[Shape]) -> Any:
    """The OpenAPI shape of a page of these."""
    name = f"{shape.__name__.removesuffix('Shape')}Page"
    fields = {
        "results": shape(many=True),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
    }
    return inline_serializer(name, fields)


def answer_page(
    request: Request, page: Page[Any], present: Callable[[Any], dict[str, Any]], headers: dict[str, str] = PRIVATE
) -> Response:
    return Response(page_body(request.build_absolute_uri(), page, present), headers=headers)


def page_body(address: str, page: Page[Any], present: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """`address` is the list's own, with any cursor."""

    def link(cursor: str | None) -> str | None:
        return replace_query_param(address, "cursor", cursor) if cursor else None

    return {
        "results": [present(row) for row in page.rows],
        "next": link(page.next),
        "previous": link(page.previous),
    }


def scope_of(request: Request) -> UUID | None:
    """Whose rows this writer may touch: its vendor's, or everybody's (None) for an admin."""
    caller = caller_of(request)
    return None if caller.is_admin else caller.vendor_id


def owner_of(request: Request, vendor_id: UUID | None) -> UUID:
    """Whose the new rows are. Raises Invalid for a vendor who names another, and an admin who names none."""
    caller = caller_of(request)
    if not caller.is_admin and vendor_id not in (None, caller.vendor_id):
        raise Invalid({"vendor_id": ["Only an admin writes for others."]})
    owner = vendor_id or caller.vendor_id
    if owner is None:
        raise Invalid({"vendor_id": ["Say whose products these are."]})
    return owner


def viewer_of(request: Request) -> dict[str, Any]:
    """The arguments that let a product's own people see it before and after it is on sale: those who keep the
    catalogue for its vendor.
    """
    caller: object = request.user
    if not isinstance(caller, Caller):
        return {}
    return {"vendor_id": caller.vendor_id if caller.sells(CATALOGUE) else None, "is_admin": caller.is_admin}


@extend_schema_field({"type": "object", "additionalProperties": {}})
class FreeJson(serializers.JSONField):
    """An object of the client's own making, within what can be stored."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        problem = unstorable(data) if isinstance(data, dict) else "Must be an object."
        if problem:
            raise serializers.ValidationError(problem)
        return cast(dict[str, Any], data)
