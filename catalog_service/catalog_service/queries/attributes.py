"""Schemas of categories."""

from typing import Any, NamedTuple

from catalog_service.models import Attribute, Category, Product
from catalog_service.models.taxonomy import id_or_slug
from shared.errors import NotFound


class Told(NamedTuple):
    """What a product says of an attribute."""

    attribute: Attribute
    value: Any


def schema_of(reference: str) -> tuple[Category, list[Attribute]]:
    """Raises NotFound."""
    category = Category.objects.filter(**id_or_slug(reference)).first()
    if category is None:
        raise NotFound
    return category, Attribute.objects.of(category)


def told_by(product: Product, schema: list[Attribute]) -> list[Told]:
    """In the schema's order. What was written before the schema and does not fit it is left out."""
    values = product.specifications
    return [
        Told(attribute, values[attribute.name])
        for attribute in schema
        if attribute.name in values and attribute.wrong(values[attribute.name]) is None
    ]
