"""What products of a category tell of themselves."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import attributes as writing
from catalog_service.actions.attributes import AttributeInput
from catalog_service.api.lists import PUBLIC
from catalog_service.api.taxonomy import PlaceShape, place
from catalog_service.models import Attribute, Category
from catalog_service.models.attributes import ATTRIBUTE_NAME, MAX_CHOICES
from catalog_service.queries import attributes as reading
from shared.auth import roles
from shared.http import LineField, Shape, read
from shared.idempotency import idempotent

MAX_ATTRIBUTES = 100
_WITH_CHOICES = (Attribute.Kind.CHOICE, Attribute.Kind.CHOICES)


class AttributeFields(Shape):
    name = serializers.RegexField(ATTRIBUTE_NAME, max_length=40, help_text="As in `specifications`.")
    label = LineField(max_length=100)  # type: ignore[assignment]
    kind = serializers.ChoiceField(Attribute.Kind.choices)
    unit = LineField(max_length=20, required=False, allow_blank=True)
    choices = serializers.ListField(child=LineField(max_length=60), max_length=MAX_CHOICES, required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]
    filterable = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        choices = attrs.get("choices", [])
        if bool(choices) != (attrs["kind"] in _WITH_CHOICES):
            raise serializers.ValidationError({"choices": ["Of the kinds choice and choices, and of these always."]})
        if len(set(choices)) < len(choices):
            raise serializers.ValidationError({"choices": ["Each once."]})
        return attrs


class AttributesInput(Shape):
    attributes = AttributeFields(many=True, max_length=MAX_ATTRIBUTES)  # type: ignore[call-arg]

    def validate_attributes(self, attributes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = [attribute["name"] for attribute in attributes]
        if len(set(names)) < len(names):
            raise serializers.ValidationError("Each name once.")
        return attributes


class AttributeShape(Shape):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(Attribute.Kind.choices)
    unit = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    required = serializers.BooleanField()  # type: ignore[assignment]
    filterable = serializers.BooleanField()
    category = PlaceShape(help_text="Whose it is: the category itself, or one above.")


class AttributesShape(Shape):
    results = AttributeShape(many=True)


class ToldShape(Shape):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.ChoiceField(Attribute.Kind.choices)
    unit = serializers.CharField()
    value = serializers.JSONField()


def attribute_body(row: Attribute) -> dict[str, Any]:
    return {
        "name": row.name,
        "label": row.label,
        "kind": row.kind,
        "unit": row.unit,
        "choices": row.choices,
        "required": row.required,
        "filterable": row.filterable,
        "category": place(row.category),
    }


def told_body(told: reading.Told) -> dict[str, Any]:
    row = told.attribute
    return {"name": row.name, "label": row.label, "kind": row.kind, "unit": row.unit, "value": told.value}


def _schema(attributes: list[Attribute]) -> dict[str, Any]:
    return {"results": [attribute_body(row) for row in attributes]}


class CategoryAttributes(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=AttributesShape, tags=["categories"], operation_id="category_attributes")
    def get(self, request: Request, category: str) -> Response:
        """What `specifications` of its products are checked against: its own attributes, and those of all above it."""
        return Response(_schema(reading.schema_of(category)[1]), headers=PUBLIC)


class AdminCategoryAttributes(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        request=AttributesInput,
        responses=AttributesShape,
        tags=["admin"],
        operation_id="admin_category_attributes",
    )
    @idempotent()
    def put(self, request: Request, category: str) -> Response:
        """The category's own attributes, in this order. Those below inherit them; one of the same name replaces it."""
        given = read(AttributesInput, request.data)["attributes"]
        row: Category = writing.set_attributes(
            category=category, attributes=[AttributeInput(**attribute) for attribute in given]
        )
        return Response(_schema(reading.schema_of(str(row.id))[1]))
