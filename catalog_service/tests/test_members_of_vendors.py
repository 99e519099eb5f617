"""What each role in a vendor may do here. A member who may not is refused before anything is looked for."""

from typing import Any
from uuid import uuid4

import pytest
from factories import make_product

from shared.context import new_id
from shared.testing import client_as

pytestmark = pytest.mark.django_db
ROLES = ("", "owner", "manager", "staff", "orders", "catalogue", "finance", "of a later release")
CATALOGUE = {"", "owner", "manager", "staff", "catalogue"}
NOTHING = uuid4()


def as_(role: str) -> Any:
    return client_as("customer", "vendor", vendor_id=new_id(), vendor_role=role)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "products"),
        ("patch", f"products/{NOTHING}"),
        ("delete", f"products/{NOTHING}"),
        ("post", f"products/{NOTHING}/variants"),
        ("post", f"products/{NOTHING}/images"),
        ("get", "inventory/SKU-1"),
        ("post", "inventory/SKU-1/adjustments"),
        ("get", "inventory/SKU-1/movements"),
        ("get", "inventory/SKU-1/forecast"),
        ("post", "imports"),
        ("get", "imports"),
        ("post", "exports"),
        ("get", "exports"),
        ("put", f"reviews/{NOTHING}/answer"),
        ("delete", f"reviews/{NOTHING}/answer"),
    ],
)
def test_who_keeps_the_catalogue_may_and_others_may_not(method: str, path: str) -> None:
    answers = {role: getattr(as_(role), method)(f"/api/v1/{path}").status_code for role in ROLES}

    assert {role for role, status in answers.items() if status != 403} == CATALOGUE


def test_what_is_not_on_sale_is_shown_to_who_keeps_the_catalogue_alone() -> None:
    draft = make_product(status="draft")

    def sees(role: str) -> bool:
        member = client_as("customer", "vendor", vendor_id=draft.vendor_id, vendor_role=role)
        return bool(member.get(f"/api/v1/products/{draft.id}").status_code == 200)

    assert {role for role in ROLES if sees(role)} == CATALOGUE


@pytest.mark.parametrize("path", ["products", "categories", "search/popular"])
def test_what_everybody_reads_every_member_reads(path: str) -> None:
    assert {as_(role).get(f"/api/v1/{path}").status_code for role in ROLES} == {200}
