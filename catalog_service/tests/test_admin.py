"""What operators filter by and do: what they do on their pages is what the API's actions do."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog_service.actions.products import edit_product
from catalog_service.models import Brand, Category, Product, Reservation, Review
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.testing import lists_of_records, operator_as, published
from tests.everything import make_review
from tests.factories import ask, hear, make_category, make_product, make_variant

pytestmark = pytest.mark.django_db

ROOT = "/admin/catalog/catalog_service"
PAGES = lists_of_records()
PRODUCTS, REVIEWS, VARIANTS = f"{ROOT}/product/", f"{ROOT}/review/", f"{ROOT}/variant/"


@pytest.mark.parametrize(("supply", "count"), [("low", 1), ("out", 1), ("held", 2)])
def test_stock_is_filtered_by_what_is_left(supply: str, count: int) -> None:
    make_variant(stock=100)
    hear(ask((make_variant(stock=10), 1)))
    hear(ask((make_variant(stock=3), 3)))

    assert operator_as("admin").found(f"{ROOT}/stockitem/", "", supply=supply) == count


def test_holds_that_nobody_gave_back_are_found() -> None:
    for _time in range(2):
        hear(ask((make_variant(), 1)))
    late = Reservation.objects.latest("pk")
    Reservation.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

    page = operator_as("admin").get(f"{ROOT}/reservation/", {"overdue": "yes"})

    assert [row.pk for row in page.context["cl"].result_list] == [late.pk]


def recorded() -> list[tuple[str, str]]:
    return [(entry.action, entry.subject_id) for entry in published(RecordAudit)]


def test_products_are_approved_and_refusals_are_told() -> None:
    waiting, active, me = make_product(by_admin=False, status="in_review"), make_product(), new_id()

    told = operator_as("admin", user_id=me).press(PRODUCTS, "approve", waiting, active)

    waiting.refresh_from_db()
    assert waiting.status == "active"
    assert sorted(told) == [
        "Approve: 1", f"{active.slug}: Only a product in review can be decided; this one is active.",
    ]  # fmt: skip
    assert recorded() == [("catalog.product.approve", str(waiting.id))]
    assert published(RecordAudit)[0].actor_id == me


def test_a_rejection_needs_a_reason_which_the_vendor_reads() -> None:
    product, client = make_product(by_admin=False, status="in_review"), operator_as("admin")

    assert client.press(PRODUCTS, "reject", product) == ["Give a reason."]
    assert client.press(PRODUCTS, "reject", product, reason="No pictures.") == ["Reject: 1"]

    product.refresh_from_db()
    assert (product.status, product.rejection_reason) == ("draft", "No pictures.")


@pytest.mark.parametrize(
    ("operation", "field", "value"),
    [
        ("take_off_sale", "status", "inactive"),
        ("archive", "status", "archived"),
        ("put_on_sale", "status", "active"),
        ("feature", "featured", True),
        ("feature_no_more", "featured", False),
    ],
)
def test_products_are_edited_by_the_api_s_rules(operation: str, field: str, value: object) -> None:
    product = make_product(featured=operation == "feature_no_more")
    Product.objects.filter(id=product.id).update(status="inactive" if operation == "put_on_sale" else "active")

    operator_as("admin").press(PRODUCTS, operation, product)

    product.refresh_from_db()
    assert getattr(product, field) == value
    assert recorded() == [("catalog.product.edit", str(product.id))]


def test_what_is_archived_is_not_put_on_sale() -> None:
    product = make_product()
    Product.objects.filter(id=product.id).update(status="archived")

    told = operator_as("admin").press(PRODUCTS, "put_on_sale", product)

    assert told == [f"{product.slug}: A product that is archived cannot become active."]


def test_a_product_is_deleted_once() -> None:
    product, client = make_product(), operator_as("admin")

    assert client.press(PRODUCTS, "delete", product) == ["Delete: 1"]
    assert client.press(PRODUCTS, "delete", product) == [f"{product.slug}: Not found"]
    assert Product.objects.get().deleted_at is not None


def test_reviews_are_judged() -> None:
    good, bad = (make_review(make_product()) for _time in range(2))
    client = operator_as("admin")

    client.press(REVIEWS, "approve_review", good)
    client.press(REVIEWS, "reject_review", bad, reason="An advertisement.")
    told = client.press(REVIEWS, "approve_review", good)

    assert (Review.objects.get(id=good.id).status, Review.objects.get(id=bad.id).status) == ("approved", "rejected")
    assert told == [f"{good}: This has been decided"]
    assert recorded() == [("catalog.review.approve", str(good.id)), ("catalog.review.reject", str(bad.id))]


@pytest.mark.parametrize(("name", "model"), [("category", Category), ("brand", Brand)])
def test_categories_and_brands_are_deleted_when_nothing_carries_them(name: str, model: Any) -> None:
    product, client = make_product(brand="Acme"), operator_as("admin")
    used = getattr(product, name)
    spare = (
        model.objects.get(id=make_category("Spare").id) if name == "category" else Brand.objects.create(name="Spare")
    )

    told = client.press(f"{ROOT}/{name}/", f"delete_{name}", used, spare)

    assert list(model.objects.all()) == [used]
    assert "Delete: 1" in told
    assert len(told) == 2


def test_support_does_nothing_even_so() -> None:
    product = make_product()

    operator_as("support").press(PRODUCTS, "delete", product)

    assert Product.objects.get().deleted_at is None


def test_edits_of_approved_products_are_decided() -> None:
    operator, path = operator_as("admin"), f"{ROOT}/revision/"
    good, bad = make_product("Good"), make_product("Bad")
    for product in (good, bad):
        edit_product(reference=str(product.id), vendor_id=product.vendor_id, changes={"name": "Golden"})

    operator.press(path, "approve_edit", good.revisions.get())
    operator.press(path, "reject_edit", bad.revisions.get(), reason="It is clay.")

    assert list(Product.objects.order_by("id").values_list("name", flat=True)) == ["Golden", "Bad"]
    assert bad.revisions.get().reason == "It is clay."
    assert recorded() == [
        ("catalog.revision.approve", str(good.id)),
        ("catalog.revision.reject", str(bad.id)),
    ]
