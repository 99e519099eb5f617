"""What every service's OpenAPI document says that drf-spectacular does not see by itself."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_lib_doc_excludes
from rest_framework import serializers

from shared.http import LineField, MoneyShape, Shape, TextField

_CONTROLS = r"\u0000-\u001f\u007f-\u009f"
LINE = f"^[^{_CONTROLS}]*$"
TEXT = f"^([^{_CONTROLS}]|[\\n\\r\\t])*$"
"""The most of what LineField and TextField refuse: the rest of invisible characters is a long list."""
AMOUNT = r"^-?[0-9]{1,16}(\.[0-9]{1,3})?$"
"""Of money; how many digits may stand after the point is the currency's to say."""
MAY_CONFLICT = {"x-may-conflict": True}
"""For `extensions=` of what only reads: 409 while the state does not allow it. Whoever changes something always may."""


class Schema(AutoSchema):
    """REST_FRAMEWORK's DEFAULT_SCHEMA_CLASS: with the bounds of lists of objects, and of lines and texts."""

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(field, serializers.ListSerializer | serializers.ListField):
            return {**schema, **_length_of(field)}
        return schema

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]
        if isinstance(field, LineField | TextField):
            schema["pattern"] = LINE if isinstance(field, LineField) else TEXT
        if isinstance(field.parent, MoneyShape) and field.field_name == "amount":
            schema["pattern"] = AMOUNT

    def resolve_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """`whole = True` on a shape: a PATCH has to name all of it too."""
        if getattr(serializer, "whole", False):
            serializer.partial = False
        return super().resolve_serializer(serializer, direction, bypass_extensions)


def _length_of(field: Any) -> dict[str, int]:
    least = field.min_length or (0 if field.allow_empty else 1)
    return {**({"minItems": least} if least else {}), **({"maxItems": field.max_length} if field.max_length else {})}


def without_words() -> list[Any]:
    """GET_LIB_DOC_EXCLUDES: classes whose docstrings are for us, not for readers of the document."""
    return [*get_lib_doc_excludes(), Shape, MoneyShape]  # type: ignore[no-untyped-call]
