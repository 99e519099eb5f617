"""The shelf: what its statements are, and that a card is never older than what it shows."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog_service.actions import cards
from catalog_service.actions.variants import VariantInput
from catalog_service.models import Brand, Card, Category, Movement, Product, Variant, Vendor
from catalog_service.queries import cards as reading
from shared.context import new_id
from shared.testing import body, client_as
from tests.factories import (
    ask,
    confirmed,
    earlier,
    hear,
    make_category,
    make_product,
    make_vendor,
    release,
    usd,
    vendor_changed,
)
from tests.together import run_together

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"


def shown(query: str = "") -> list[Any]:
    results: list[Any] = body(client_as().get(f"{URL}?{query}"))["results"]
    return results


def names(query: str = "") -> list[str]:
    return [card["name"] for card in shown(query)]


@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ("", 2),
        ("ordering=price&category=pots&brand=acme,other&vendor=blue-kiln&tags=clay&min_price=1&in_stock=true", 3),
        ("ordering=-price&attributes=size:M,size:L,colour:red&on_sale=false&rating=0&featured=false", 3),
        ("category={category}&brand={brand}", 3),
        ("search=lamp", 3),
        ("search=lamp&ordering=price&category=pots", 4),
        ("search=lmap", 7),
        ("search=zzzzzz", 5),
        ("search=!!!", 2),
        ("facets=all", 5),
        ("facets=all&brand=acme&attributes=size:M&min_price=1&category=pots", 7),
        ("facets=price&brand=acme", 4),
    ],
)
def test_how_many_statements_a_list_takes(query: str, statements: int, django_assert_num_queries: Any) -> None:
    """One of them asks whether the answer that was kept is still true."""
    for _product in range(3):
        make_product("Lamp", brand="Acme", tags=["clay"])
    query = query.format(category=Category.objects.get().id, brand=Brand.objects.get().id)

    with django_assert_num_queries(statements):
        response = client_as().get(f"{URL}?{query}")

    assert response.status_code == 200


def test_a_card_follows_whatever_it_shows() -> None:
    vendor = make_vendor()
    product = make_product(vendor=vendor, brand="Acme", category=make_category("Bowls", make_category("Clay")))
    admin = client_as("admin")

    admin.patch(f"/api/v1/products/{product.id}", {"name": "Tall pot", "tags": ["new"], "featured": True})
    admin.patch("/api/v1/admin/categories/bowls", {"name": "Dishes", "slug": "dishes"})
    admin.patch("/api/v1/admin/brands/acme", {"name": "Zenith", "slug": "zenith"})
    hear(vendor_changed(vendor.id, name="Red Kiln", slug="red-kiln", version=2))

    (card,) = shown("category=clay&brand=zenith&vendor=red-kiln&tags=new&featured=true&search=zenith")
    assert (card["name"], card["vendor"]["name"]) == ("Tall pot", "Red Kiln")
    assert (card["category"]["name"], card["brand"]["name"]) == ("Dishes", "Zenith")
    assert shown("brand=acme") == shown("category=bowls") == shown("vendor=blue-kiln") == []


def test_a_branch_that_moves_takes_its_products_along() -> None:
    old, new = make_category("Old"), make_category("New")
    make_product(category=make_category("Leaf", make_category("Branch", old)))

    client_as("admin").patch("/api/v1/admin/categories/branch", {"parent": "new"})

    assert names(f"category={old.slug}") == []
    assert names(f"category={new.slug}") == ["Clay pot"]


def test_a_suspended_vendors_products_leave_the_shelf_and_come_back() -> None:
    vendor = make_vendor()
    make_product(vendor=vendor)

    hear(vendor_changed(vendor.id, status="suspended", version=2))
    assert names() == []
    assert not Card.objects.exists()

    hear(vendor_changed(vendor.id, status="active", version=3))
    assert names() == ["Clay pot"]


def test_a_card_is_in_stock_while_any_of_its_variants_is() -> None:
    variants = [VariantInput(sku=sku, prices=[usd("5.00")], stock=1) for sku in "AB"]
    first, second = make_product(variants=variants).variants.order_by("sku")
    order = new_id()

    hear(ask((first, 1)))
    assert names("in_stock=true") == ["Clay pot"]
    hear(ask((second, 1), order_id=order))
    assert names("in_stock=true") == []
    assert shown("in_stock=false")[0]["in_stock"] is False
    hear(release(order))
    assert names("in_stock=true") == ["Clay pot"]


def test_holding_some_of_many_does_not_touch_the_card() -> None:
    variant = make_product(stock=10).variants.get()

    with CaptureQueriesContext(connection) as statements:
        hear(ask((variant, 3)))

    assert not [one for one in statements if " card " in one["sql"]]


def test_bestselling_counts_what_was_sold_lately_less_what_came_back() -> None:
    for name, sold in (("Lamp", 2), ("Chair", 5), ("Table", 3)):
        variant = make_product(name).variants.get()
        order = new_id()
        with earlier(40 if name == "Table" else 0):
            hear(ask((variant, sold), order_id=order))
            hear(confirmed(order))
    chair = Product.objects.get(name="Chair").variants.get()
    Movement.objects.create(variant=chair, kind="return", quantity=4, on_hand_after=9)

    cards.count_sales()

    assert names("ordering=bestselling") == ["Lamp", "Chair", "Table"]
    assert list(Card.objects.order_by("-sold").values_list("sold", flat=True)) == [2, 1, 0]
    assert cards.count_sales() == 0


def test_missing_cards_are_made_and_old_names_are_put_right() -> None:
    gone, stale = make_product("Gone"), make_product("Stale", category=make_category("Bowls"))
    make_product("Draft", status="draft")
    Card.objects.filter(product=gone).delete()
    Category.objects.filter(name="Bowls").update(name="Dishes")

    assert cards.mend() == 2

    assert names("ordering=name") == ["Gone", "Stale"]
    assert shown("ordering=name")[1]["category"]["name"] == "Dishes"
    assert cards.mend() == 0
    assert stale.card.body["name"] == "Stale"


def test_on_sale_is_a_matter_of_the_currency() -> None:
    product = make_product("Lamp")
    client = client_as("vendor", vendor_id=product.vendor_id)
    variant = product.variants.get()
    reduced = {"price": usd("9.00").money.as_json(), "compare_at_price": usd("11.00").money.as_json()}

    client.patch(f"{URL}/{product.id}/variants/{variant.id}", reduced)

    assert names("on_sale=true") == ["Lamp"]
    assert names("on_sale=true&currency=EUR") == names("on_sale=false") == []


def test_attributes_are_those_of_specifications_and_of_options() -> None:
    sizes = [VariantInput(sku=size, prices=[usd("5.00")], options={"Size": size}) for size in ("M", "L")]
    make_product("Shirt", variants=sizes, specifications={"Colour": "red, dark", "washable": True, "care": ["iron"]})
    make_product("Scarf", specifications={"colour": "blue"})

    assert names(r"attributes=colour:red\, dark,size:L") == ["Shirt"]
    assert names(r"attributes=colour:blue,colour:red\, dark&ordering=name") == ["Scarf", "Shirt"]
    assert names("attributes=washable:true,care:iron") == ["Shirt"]
    assert names("attributes=size:L,colour:blue") == []


def test_a_list_knows_the_orders_that_the_api_offers() -> None:
    assert set(reading.ORDERS) == {"newest", "price", "-price", "name", "rating", "bestselling"}


# ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_variants_that_sell_out_at_the_same_moment_leave_no_card_in_stock() -> None:
    variants = [VariantInput(sku=sku, prices=[usd("5.00")], stock=1) for sku in "ABCDEF"]
    rows = list(make_product(variants=variants).variants.all())

    errors = run_together([lambda row=row: hear(ask((row, 1))) for row in rows])

    assert errors == []
    assert names("in_stock=true") == []
    assert names("in_stock=false") == ["Clay pot"]


def sell(variants: list[Variant], start: int) -> None:
    """Hold the last ones of two products at a time; give every second back."""
    for i in range(4):
        order = new_id()
        first, second = variants[(start + i) % 4], variants[(start + i + 1) % 4]
        hear(ask((first, 2), (second, 1), order_id=order))
        if i % 2:
            hear(release(order))


def write(product: Product) -> None:
    for i in range(3):
        changed = client_as("admin").patch(f"{URL}/{product.id}", {"name": f"Pot {i}", "tags": [f"t{i}"]})
        assert changed.status_code == 200, changed.content


def rename() -> None:
    for i in range(3):
        client_as("admin").patch(f"/api/v1/admin/brands/{Brand.objects.get().slug}", {"name": f"Brand {i}"})
        client_as("admin").patch("/api/v1/admin/categories/pots", {"name": f"Pots {i}"})


def suspend(vendor: Vendor) -> None:
    for version, status in enumerate(("suspended", "active", "suspended", "active"), start=2):
        hear(vendor_changed(vendor.id, status=status, version=version))


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_at_once_the_cards_are_as_if_made_anew() -> None:
    vendor = make_vendor()
    products = [make_product(f"Pot {i}", vendor=vendor, brand="Acme", stock=2) for i in range(4)]
    variants = [product.variants.get() for product in products]

    errors = run_together(
        [
            rename,
            lambda: suspend(vendor),
            *(lambda i=i: sell(variants, i) for i in range(4)),
            *(lambda product=product: write(product) for product in products),
        ]
    )

    assert errors == []
    kept = list(Card.objects.order_by("product_id").values())
    cards.refresh([product.id for product in products], with_stock=True)
    assert list(Card.objects.order_by("product_id").values()) == kept
    assert len(kept) == 4


@pytest.mark.django_db(transaction=True)
def test_a_product_made_while_its_vendor_is_suspended_is_not_for_sale() -> None:
    vendor = make_vendor()
    make_category()

    errors = run_together(
        [
            lambda: hear(vendor_changed(vendor.id, status="suspended", version=2)),
            *(lambda i=i: make_product(f"Pot {i}", vendor=vendor) for i in range(5)),
        ]
    )

    assert errors == []
    assert names() == []
