"""What the products of a category say of themselves: typed attributes, inherited down the tree.

A product's `specifications` are free, but for the names that its category's schema knows: these have the
attribute's type.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from catalog_service.models.taxonomy import Category
from shared.context import new_id

ATTRIBUTE_NAME = r"^[a-z][a-z0-9_]{0,39}$"
MAX_TEXT = 500
MAX_CHOICES = 200


class AttributeQuerySet(models.QuerySet["Attribute"]):
    def of(self, category: Category) -> list["Attribute"]:
        """The category's schema; one statement."""
        return in_order(self.filter(category__in=category.lineage).select_related("category"), category)


def in_order(attributes: Iterable["Attribute"], category: Category) -> list["Attribute"]:
    """Of the category and of all above it, of which the nearest of a name counts. From the root down, by position."""
    depth = {id_: i for i, id_ in enumerate(category.lineage)}
    nearest: dict[str, Attribute] = {}
    for row in sorted(attributes, key=lambda row: depth[row.category_id]):
        nearest[row.name] = row
    return sorted(nearest.values(), key=lambda row: (depth[row.category_id], row.position, row.name))


class Attribute(models.Model):
    """`filterable` ones are counted and filtered by in lists. `choices` is of the kinds `choice` and `choices`."""

    class Kind(models.TextChoices):
        TEXT = "text"
        NUMBER = "number"
        INTEGER = "integer"
        BOOLEAN = "boolean"
        DATE = "date"
        CHOICE = "choice"
        CHOICES = "choices"

    id = models.UUIDField(primary_key=True, default=new_id)
    category = models.ForeignKey(Category, models.CASCADE, related_name="attributes")
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind)
    unit = models.CharField(max_length=20, blank=True)
    choices = ArrayField(models.CharField(max_length=60), default=list)
    required = models.BooleanField(default=False)
    filterable = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AttributeQuerySet.as_manager()

    class Meta:
        db_table = "attribute"
        constraints = (
            models.UniqueConstraint(fields=["category", "name"], name="attribute_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["text", "number", "integer", "boolean", "date", "choice", "choices"]),
                name="attribute_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["choice", "choices"], choices__len__gt=0)
                | (~Q(kind__in=["choice", "choices"]) & Q(choices__len=0)),
                name="attribute_choices_of_its_kind",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def wrong(self, value: Any) -> str | None:
        """Why this is no value of the attribute; None: it is."""
        return None if _FITS[self.kind](self, value) else _WANTED[self.kind].format(", ".join(self.choices))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    """An integer of any length, which float() may not take."""
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_date(value: Any) -> bool:
    """`2026-11-30`, and no other of ISO 8601's ways to write it."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT


def _are_choices(attribute: Attribute, value: Any) -> bool:
    """A list of different ones, each of the choices."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, str) and one in attribute.choices for one in value)
        and len(set(value)) == len(value)
    )


_FITS: dict[str, Callable[[Attribute, Any], bool]] = {
    Attribute.Kind.TEXT: lambda _attribute, value: _is_text(value),
    Attribute.Kind.NUMBER: lambda _attribute, value: _is_number(value),
    Attribute.Kind.INTEGER: lambda _attribute, value: _is_whole(value),
    Attribute.Kind.BOOLEAN: lambda _attribute, value: isinstance(value, bool),
    Attribute.Kind.DATE: lambda _attribute, value: _is_date(value),
    Attribute.Kind.CHOICE: lambda attribute, value: isinstance(value, str) and value in attribute.choices,
    Attribute.Kind.CHOICES: _are_choices,
}

_WANTED: dict[str, str] = {
    Attribute.Kind.TEXT: f"Must be a text of 1 to {MAX_TEXT} characters.",
    Attribute.Kind.NUMBER: "Must be a number.",
    Attribute.Kind.INTEGER: "Must be a whole number.",
    Attribute.Kind.BOOLEAN: "Must be true or false.",
    Attribute.Kind.DATE: "Must be a date, as 2026-11-30.",
    Attribute.Kind.CHOICE: "Must be one of: {}.",
    Attribute.Kind.CHOICES: "Must be a list of different ones of: {}.",
}
