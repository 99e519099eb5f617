"""What the database tells of a product as JSON is what stands in its tables."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import BinaryField, Model

from catalog_service.models import Attribute, Product
from catalog_service.models.rows import from_json
from catalog_service.queries.products import find_product
from shared.context import new_id
from tests.everything import make_everything

pytestmark = pytest.mark.django_db
BIG = 10**40


def values(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def same(told: Iterable[Model], rows: Iterable[Model]) -> bool:
    told, rows = [values(one) for one in told], [values(one) for one in rows]
    return bool(told) and told == rows and [list(map(type, one.values())) for one in told] == [
        list(map(type, one.values())) for one in rows
    ]  # fmt: skip


def test_a_product_in_whole_is_its_rows() -> None:
    made = make_everything()
    Product.objects.filter(id=made.id).update(specifications={"weight": BIG, "note": "née\n"}, rating_average="4.25")
    Attribute.objects.create(id=new_id(), category=made.category, name="weight", label="Weight", kind="integer")
    product = Product.objects.select_related("vendor", "category", "brand").get(id=made.id)
    variants = list(product.variants.select_related("stock").order_by("position", "id"))

    whole = find_product(str(product.id))

    assert same([whole.product], [product])
    for name in ("vendor", "category", "brand"):
        assert same([getattr(whole.product, name)], [getattr(product, name)]), name
    assert same(whole.variants, variants)
    assert same([one.stock for one in whole.variants], [one.stock for one in variants])
    for told, row in zip(whole.variants, variants, strict=True):
        assert same(told.prices.all(), row.prices.order_by("id"))
    assert same(whole.images, product.images.order_by("position", "id"))
    assert [place.id for place in whole.breadcrumbs] == product.category.lineage
    assert [(one.attribute.name, one.value) for one in whole.attributes] == [("weight", BIG)]


def without_bytes() -> list[type[Model]]:
    """JSON has no place for them."""
    models = apps.get_app_config("catalog_service").get_models()
    return [one for one in models if not any(isinstance(field, BinaryField) for field in one._meta.concrete_fields)]


@pytest.mark.parametrize("model", without_bytes())
def test_every_kind_of_column_is_read_as_from_its_table(model: type[Model]) -> None:
    make_everything()
    rows = list(model._default_manager.order_by("pk"))
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT to_json(row) FROM "{table}" AS row ORDER BY "{key}"')
        told = [one for (one,) in cursor.fetchall()]

    assert [values(from_json(model, one)) for one in told] == [values(row) for row in rows]
