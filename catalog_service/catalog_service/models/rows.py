"""Rows that the database told as JSON: what stands in many tables comes in one statement. Only bytes cannot."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

Stored = TypeVar("Stored", bound=models.Model)
_AS_TEXT = (models.UUIDField, models.DateTimeField, models.DateField, models.DecimalField)
"""Kinds of columns that JSON has no values for; each knows how to read a text."""


def from_json(model: type[Stored], told: dict[str, Any]) -> Stored:
    """As it would have come from a table. `told` is `to_json(row)`, where the model may lack some columns."""
    names, readers = _columns(model)
    values = [read(told[column]) if read and told[column] is not None else told[column] for column, read in readers]
    return model.from_db("default", names, values)


@cache
def _columns(model: type[models.Model]) -> tuple[list[str], list[tuple[str, Callable[[Any], Any] | None]]]:
    fields = model._meta.concrete_fields
    return [field.attname for field in fields], [(str(field.column), _reader(field)) for field in fields]


def _reader(field: Any) -> Callable[[Any], Any] | None:
    if isinstance(field, models.ForeignKey):
        return _reader(field.target_field)
    if isinstance(field, ArrayField):
        one = _reader(field.base_field)
        return one and (lambda values: [one(value) for value in values])
    return field.to_python if isinstance(field, _AS_TEXT) else None
