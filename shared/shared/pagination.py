"""Lists: `{"results", "next", "previous"}`, keyset cursors, `limit` up to 100."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from shared.errors import Invalid
from shared.http import Shape, read


class Cursor(CursorPagination):
    """DRF's keyset cursor. Subclass with the `ordering` of your list; end it with a unique column."""

    page_size = 24
    page_size_query_param = "limit"
    max_page_size = 100
    ordering: str | tuple[str, ...] = "-id"

    def get_page_size(self, request: Request) -> int:
        """Raises Invalid for a `limit` that is no number from 1 to 100."""
        given = request.query_params.get("limit", str(self.page_size))
        if not (re.fullmatch("[0-9]{1,9}", given) and 1 <= int(given) <= self.max_page_size):
            raise Invalid({"limit": [f"A whole number from 1 to {self.max_page_size}."]})
        return int(given)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """None: `with_paging` tells of them, whether or not a view names its page."""
        return []

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Raises Invalid for a cursor that this list never gave out: its position need not fit the column."""
        try:
            rows: list[Any] | None = super().paginate_queryset(queryset, request, view)
        except (ValidationError, ValueError, DataError):
            raise Invalid({"cursor": ["This cursor is not one of this list's."]}) from None
        return rows


def read_filter(shape: type[Shape], request: Request) -> Any:
    """What a list is narrowed to: the query without its paging. Raises ValidationError naming every wrong field."""
    paging = {Cursor.page_size_query_param, Cursor.cursor_query_param}
    return read(shape, {name: value for name, value in request.query_params.items() if name not in paging})


def with_paging(result: dict[str, Any], **_told: Any) -> dict[str, Any]:
    """POSTPROCESSING_HOOKS: what answers with a next page takes a cursor and a limit."""
    paging = {
        Cursor.cursor_query_param: {"type": "string"},
        Cursor.page_size_query_param: {"type": "integer", "minimum": 1, "maximum": Cursor.max_page_size},
    }
    schemas = result.get("components", {}).get("schemas", {})
    for operation in (path["get"] for path in result["paths"].values() if "get" in path):
        if _is_page(operation, schemas):
            told = operation.setdefault("parameters", [])
            names = {one["name"] for one in told}
            told += [{"in": "query", "name": name, "schema": paging[name]} for name in paging if name not in names]
    return result


def _is_page(operation: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """What drf-spectacular takes for an array is one, too: lists are answered by pages only."""
    content = operation["responses"].get("200", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    found = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    return found.get("type") == "array" or "next" in found.get("properties", {})
