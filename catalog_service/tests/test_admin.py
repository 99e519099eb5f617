"""The operators' pages: everything is found and looked at; what they do is what the API's actions do."""

import io
import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog_service.actions.exports import queue_export
from catalog_service.actions.files import discard
from catalog_service.actions.imports import queue_import
from catalog_service.actions.moderation import flag_review
from catalog_service.actions.products import edit_product
from catalog_service.actions.reviews import vote, write_review
from catalog_service.models import (
    BoughtTogether,
    Brand,
    Category,
    ExchangeRate,
    Image,
    ImageToFetch,
    Product,
    Purchase,
    Reservation,
    Review,
    Sale,
    SearchCount,
    Synonym,
)
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.money import EXPONENTS
from shared.testing import FOR_OPERATORS, answers_by_role, lists_of_records, operator_as, published
from tests.factories import (
    ask,
    confirmed,
    hear,
    make_category,
    make_product,
    make_variant,
    make_vendor,
    place_elsewhere,
)

pytestmark = pytest.mark.django_db

ROOT = "/admin/catalog/catalog_service"
PAGES = lists_of_records()
PRODUCTS, REVIEWS, VARIANTS = f"{ROOT}/product/", f"{ROOT}/review/", f"{ROOT}/variant/"
_numbers = itertools.count(1)


def make_everything() -> Product:
    """A row of each model at least, none of which shares its neighbours with those of another call."""
    number = next(_numbers)
    vendor, root = make_vendor(f"Kiln {number}"), make_category(f"Home {number}")
    category = make_category(f"Pots {number}", root)
    product = make_product(f"Clay pot {number}", vendor=vendor, category=category, brand=f"Brand {number}")
    Image.objects.create(product=product, file="a.webp", thumbnail="a-small.webp", primary=True, width=60, height=40)
    hear(ask((product.variants.get(), 2)))
    make_review(product, votes=1)
    edit_product(reference=str(product.id), vendor_id=vendor.id, changes={"name": f"Gold pot {number}"})
    BoughtTogether.objects.create(product=product, other=product, orders=2, lift=1.5, score=0.5)
    Sale.objects.create(order_id=new_id(), product_id=product.id, quantity=1, confirmed_at=timezone.now())
    SearchCount.objects.create(day=timezone.now().date(), text=f"lamp {number}", searches=2)
    Synonym.objects.create(terms=["sofa", f"couch {number}"], keys=["sofa", f"couch {number}"])
    Purchase.objects.create(user_id=new_id(), product_id=product.id, order_id=new_id(), delivered_at=timezone.now())
    whose: Any = {"vendor_id": vendor.id, "by_admin": True, "actor_id": new_id()}
    batch = queue_import(**whose, file=io.BytesIO(b"{}"), format_="jsonl", currency="USD")
    queue_export(**whose, format_="jsonl", currency="USD")
    ImageToFetch.objects.create(product=product, batch=batch, line=1, url="https://a.example/a.png", position=0)
    discard([f"lost-{number}.webp"])
    currency = sorted(EXPONENTS)[number % len(EXPONENTS)]
    ExchangeRate.objects.create(currency=currency, rate=2, day=timezone.now().date(), version=number)
    sell_from_elsewhere(number)
    return product


def sell_from_elsewhere(number: int) -> None:
    """Of a product of its own, whose vendor has a second location."""
    vendor, category = make_vendor(f"Mugs {number}"), make_category(f"Mugs {number}")
    variant = make_product(f"Mug {number}", vendor=vendor, category=category).variants.get()
    place_elsewhere(variant, 10)
    asked = ask((variant, 1))
    hear(asked)
    hear(confirmed(asked.order_id))


def make_review(product: Product, *, votes: int = 0) -> Review:
    review = write_review(product=product.slug, user_id=new_id(), vendor_id=None, rating=2, title="Leaks")
    Review.objects.filter(id=review.id).update(status="approved" if votes else "pending")
    for _time in range(votes):
        vote(review_id=review.id, user_id=new_id(), vendor_id=None, helpful=True)
        flag_review(review_id=review.id, user_id=new_id(), reason="spam")
    return review


def recorded() -> list[tuple[str, str]]:
    return [(entry.action, entry.subject_id) for entry in published(RecordAudit)]


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", PAGES)
def test_every_list_opens_with_each_filter_and_any_search(path: str) -> None:
    make_everything()
    client = operator_as("admin")

    assert client.opened(path) == {200}
    assert client.found_by_odd_terms(path) == 0


@pytest.mark.parametrize("path", PAGES)
def test_no_nonsense_upsets_a_list(path: str) -> None:
    make_everything()

    assert operator_as("admin").upset_by(path) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_record_has_a_page_and_is_found_by_its_id(path: str) -> None:
    make_everything()
    client, record = operator_as("support"), PAGES[path]._default_manager.latest("pk")

    page = client.get(f"{path}{record.pk}/change/")

    assert page.status_code == 200
    assert hasattr(record, "created_at") is ("Created at" in page.content.decode())
    assert client.found(path, record.pk) == 1
    assert client.found(path, new_id()) == 0


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str) -> None:
    client = operator_as("admin")

    make_everything()
    few = client.asked(path)
    make_everything()

    assert client.asked(path) == few


@pytest.mark.parametrize("path", PAGES)
def test_operators_look_and_others_do_not(path: str) -> None:
    assert answers_by_role(path) == FOR_OPERATORS


def test_products_are_found_by_name_slug_and_whoever_sells_them() -> None:
    product, _other = make_everything(), make_everything()
    client = operator_as("support")

    for term in (product.name.upper(), product.slug, product.vendor_id, product.category_id, product.brand_id):
        assert client.found(PRODUCTS, term) == 1
    assert client.found(PRODUCTS, product.vendor_id, status__exact="in_review") == 0


def test_a_variant_is_found_by_its_sku_and_so_are_its_stock_and_its_holds() -> None:
    variant = make_everything().variants.get()
    make_everything()
    client = operator_as("support")

    for name in ("variant", "stockitem", "movement", "reservationline"):
        assert client.found(f"{ROOT}/{name}/", variant.sku) == 1


def test_a_product_s_page_has_its_variants_with_price_and_stock_and_its_pictures() -> None:
    product = make_everything()
    variant = product.variants.get()

    page = operator_as("support").get(f"{PRODUCTS}{product.id}/change/").content.decode()

    for shown in (variant.sku, "12.50 USD", f"{VARIANTS}{variant.id}/change/", "/media/a-small.webp"):
        assert shown in page


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


# ── Acting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


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


@pytest.mark.parametrize("path", PAGES)
def test_support_is_offered_nothing_to_do(path: str) -> None:
    make_everything()
    record, client = PAGES[path]._default_manager.latest("pk"), operator_as("support")

    page = client.get(f"{path}{record.pk}/change/").content.decode()

    assert 'name="action"' not in page + client.get(path).content.decode()


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
