"""Tax categories and rates, as admins manage them. Orders keep what they were made at."""

from typing import Any
from uuid import UUID

from django.db import transaction

from order_service.errors import refusing
from order_service.models import TaxCategory, TaxedCategory, TaxRate
from order_service.queries.taxes import region_key
from shared.audit import record
from shared.errors import Invalid, NotFound

CATEGORY_TAKEN = {
    "tax_category_code": {"code": ["There is a tax category with this code."]},
    "taxed_category": {"categories": ["Each is in one tax category at most; one of these is in another."]},
}
RATE_TAKEN = {"one_tax_rate_a_place": {"country": ["There is a rate for this place and tax category already."]}}


@transaction.atomic
def create_tax_category(*, code: str, name: str, categories: list[UUID]) -> TaxCategory:
    """`categories`: of the catalogue. Raises Invalid when the code or one of them is taken."""
    with refusing(CATEGORY_TAKEN):
        row = TaxCategory.objects.create(code=code, name=name)
        _write_members(row, categories)
    record(action="order.tax_category.create", subject_kind="tax_category", subject_id=row.id, code=code)
    return row


@transaction.atomic
def change_tax_category(*, tax_category_id: UUID, changes: dict[str, Any]) -> TaxCategory:
    """`changes`: any of name, and categories, all of them. Raises NotFound, Invalid."""
    row = _locked_category(tax_category_id)
    with refusing(CATEGORY_TAKEN):
        if "categories" in changes:
            row.members.all().delete()
            _write_members(row, changes["categories"])
        row.name = changes.get("name", row.name)
        row.save(update_fields=["name"])
    told = {"changed": sorted(changes)}
    record(action="order.tax_category.change", subject_kind="tax_category", subject_id=tax_category_id, **told)
    return row


@transaction.atomic
def remove_tax_category(*, tax_category_id: UUID) -> None:
    """With its rates: its goods are taxed in general from now on. Raises NotFound."""
    _locked_category(tax_category_id).delete()
    record(action="order.tax_category.remove", subject_kind="tax_category", subject_id=tax_category_id)


def _locked_category(tax_category_id: UUID) -> TaxCategory:
    row = TaxCategory.objects.select_for_update().filter(id=tax_category_id).first()
    if row is None:
        raise NotFound()
    return row


def _write_members(row: TaxCategory, categories: list[UUID]) -> None:
    TaxedCategory.objects.bulk_create([TaxedCategory(category_id=one, tax_category=row) for one in set(categories)])


@transaction.atomic
def create_tax_rate(
    *,
    name: str,
    country: str,
    basis_points: int,
    region: str = "",
    tax_category_id: UUID | None = None,
    inclusive: bool = False,
    on_shipping: bool = True,
) -> TaxRate:
    """Raises Invalid when the place has one, or the tax category is not there."""
    if tax_category_id and not TaxCategory.objects.select_for_update(no_key=True).filter(id=tax_category_id).exists():
        raise Invalid({"tax_category_id": ["There is no such tax category."]})
    with refusing(RATE_TAKEN):
        rate = TaxRate.objects.create(
            name=name,
            country=country,
            region=region_key(region),
            tax_category_id=tax_category_id,
            basis_points=basis_points,
            inclusive=inclusive,
            on_shipping=on_shipping,
        )
    told = {"country": country, "region": rate.region, "basis_points": basis_points, "inclusive": inclusive}
    record(action="order.tax_rate.create", subject_kind="tax_rate", subject_id=rate.id, **told)
    return rate


@transaction.atomic
def change_tax_rate(*, tax_rate_id: UUID, changes: dict[str, Any]) -> TaxRate:
    """`changes`: any of name, basis_points, inclusive, on_shipping; orders from now on. Raises NotFound."""
    rate = _locked_rate(tax_rate_id)
    before = rate.basis_points
    for name, value in changes.items():
        setattr(rate, name, value)
    rate.save(update_fields=list(changes))
    told = {"changed": sorted(changes), "before": before, "after": rate.basis_points}
    record(action="order.tax_rate.change", subject_kind="tax_rate", subject_id=tax_rate_id, **told)
    return rate


@transaction.atomic
def remove_tax_rate(*, tax_rate_id: UUID) -> None:
    """Raises NotFound."""
    _locked_rate(tax_rate_id).delete()
    record(action="order.tax_rate.remove", subject_kind="tax_rate", subject_id=tax_rate_id)


def _locked_rate(tax_rate_id: UUID) -> TaxRate:
    rate = TaxRate.objects.select_for_update().filter(id=tax_rate_id).first()
    if rate is None:
        raise NotFound()
    return rate
