"""Say what products of a category tell of themselves, and hold products to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from catalog_service.actions.taxonomy import lock_tree, refresh_branch
from catalog_service.models import Attribute, Category, Product
from catalog_service.models.taxonomy import id_or_slug
from shared.audit import record
from shared.errors import Invalid, NotFound

INCOMPLETE = (Product.Status.DRAFT, Product.Status.ARCHIVED)
"""What need not have its required attributes yet."""


@dataclass(frozen=True, slots=True)
class AttributeInput:
    name: str
    label: str
    kind: str
    unit: str = ""
    choices: Sequence[str] = ()
    required: bool = False
    filterable: bool = True


@transaction.atomic
def set_attributes(*, category: str, attributes: Sequence[AttributeInput]) -> Category:
    """All of the category's own, in this order; what is not named is gone. Products that were written before stay as
    they are until they are edited. Raises NotFound.
    """
    lock_tree()
    row = Category.objects.filter(**id_or_slug(category)).first()
    if row is None:
        raise NotFound
    before = _hidden(row)
    row.attributes.all().delete()
    Attribute.objects.bulk_create(
        [
            Attribute(category=row, position=i, **{**asdict(new), "choices": list(new.choices)})
            for i, new in enumerate(attributes)
        ]
    )
    if _hidden(row) != before:
        refresh_branch(row)
    names = " ".join(attribute.name for attribute in attributes)
    record(action="catalog.category.attributes", subject_kind="category", subject_id=row.id, names=names[:200])
    return row


def check(category: Category, specifications: Mapping[str, Any], status: str) -> None:
    """Raises Invalid naming every attribute that is missing, or has a value of another type than the schema's."""
    wrong: dict[str, Collection[str]] = {}
    schema = {attribute.name: attribute for attribute in Attribute.objects.of(category)}
    for name, value in specifications.items():
        if name in schema:
            if problem := schema[name].wrong(value):
                wrong[f"specifications.{name}"] = [problem]
        elif name.strip().lower() in schema:
            wrong[f"specifications.{name}"] = [f"This is written {name.strip().lower()} here."]
    if status not in INCOMPLETE:
        missing = [name for name, attribute in schema.items() if attribute.required and name not in specifications]
        wrong |= {f"specifications.{name}": [f"Is required in {category.name}."] for name in missing}
    if wrong:
        raise Invalid({field: list(messages) for field, messages in wrong.items()})


def _hidden(category: Category) -> set[str]:
    """Names that are not to be filtered by."""
    return {attribute.name for attribute in Attribute.objects.of(category) if not attribute.filterable}
