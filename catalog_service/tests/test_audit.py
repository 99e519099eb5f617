"""What goes to the audit log: what admins decide and write, and stock that somebody adjusts."""

import pytest

from catalog_service.models import Review
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.testing import body, client_as, published
from tests.factories import make_product, make_vendor

pytestmark = pytest.mark.django_db
ADMIN = new_id()
ADMIN_PATH = "/api/v1/admin"


def recorded() -> list[tuple[str, str, str]]:
    return [(entry.action, entry.subject_kind, entry.subject_id) for entry in published(RecordAudit)]


def test_decisions_on_products_and_reviews_are_recorded_with_who_made_them() -> None:
    admin, vendor = client_as("admin", user_id=ADMIN), make_vendor()
    good, bad = (make_product(vendor=vendor, by_admin=False, status="active") for _time in range(2))
    admin.post(f"{ADMIN_PATH}/products/{good.id}/approve")
    admin.post(f"{ADMIN_PATH}/products/{bad.id}/reject", {"reason": "Ada says no."})
    for _time in range(2):
        client_as("customer").post(f"/api/v1/products/{good.id}/reviews", {"rating": 4})
    first, second = Review.objects.order_by("id")

    admin.post(f"{ADMIN_PATH}/reviews/{first.id}/approve")
    admin.post(f"{ADMIN_PATH}/reviews/{second.id}/reject", {"reason": "Ada says no."})

    assert recorded() == [
        ("catalog.product.approve", "product", str(good.id)),
        ("catalog.product.reject", "product", str(bad.id)),
        ("catalog.review.approve", "review", str(first.id)),
        ("catalog.review.reject", "review", str(second.id)),
    ]
    assert {(entry.actor_id, entry.actor_roles) for entry in published(RecordAudit)} == {(ADMIN, ("admin",))}
    assert "Ada" not in " ".join(entry.model_dump_json() for entry in published(RecordAudit))


@pytest.mark.parametrize(("kind", "path"), [("category", "categories"), ("brand", "brands")])
def test_the_taxonomys_changes_are_recorded(kind: str, path: str) -> None:
    admin = client_as("admin", user_id=ADMIN)

    made = body(admin.post(f"{ADMIN_PATH}/{path}", {"name": "Home"}))
    admin.patch(f"{ADMIN_PATH}/{path}/home", {"name": "House"})
    admin.post(f"{ADMIN_PATH}/{path}", {"name": "Other", "slug": "home"})
    admin.delete(f"{ADMIN_PATH}/{path}/home")

    verbs = ("create", "edit", "delete")
    assert recorded() == [(f"catalog.{kind}.{verb}", kind, made["id"]) for verb in verbs]


def test_an_admins_hand_in_a_product_is_recorded_and_its_vendors_is_not() -> None:
    product = make_product()
    path = f"/api/v1/products/{product.id}"

    client_as("vendor", vendor_id=product.vendor_id).patch(path, {"name": "Own name"})
    client_as("admin", user_id=ADMIN).patch(path, {"featured": True})
    client_as("admin", user_id=ADMIN).delete(path)

    assert [action for action, _kind, _id in recorded()] == ["catalog.product.edit", "catalog.product.delete"]


def test_stock_that_somebody_adjusts_is_recorded() -> None:
    product = make_product(sku="POT-1")
    owner = new_id()
    own = client_as("vendor", user_id=owner, vendor_id=product.vendor_id)

    own.post("/api/v1/inventory/POT-1/adjustments", {"delta": -3, "reason": "broken"})
    own.post("/api/v1/inventory/POT-1/adjustments", {"delta": -100})

    (entry,) = published(RecordAudit)
    assert (entry.action, entry.actor_id) == ("catalog.stock.adjust", owner)
    assert entry.detail == {"sku": "POT-1", "vendor": str(product.vendor_id), "on_hand": "7"}
