"""How vendors and admins find their way among what is theirs, on sale or not; and variants by themselves."""

from typing import Any
from uuid import UUID

import pytest

from catalog_service.actions.variants import VariantInput
from catalog_service.models import Product
from shared.context import new_id
from shared.testing import body, client_as
from tests.factories import make_category, make_product, make_vendor, usd

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"


@pytest.fixture
def own() -> Product:
    """One product of several: a draft, out of stock, two levels down."""
    home = make_category("Home")
    pots = make_category("Pots", home)
    make_product("Blue lamp", category=home, sku="LAMP-1")
    make_product("Blue clay pot", category=home, vendor=make_vendor("Other"), sku="CLAY-9")
    return make_product("Blue clay pot", category=pots, status="draft", stock=0, sku="CLAY-1", by_admin=False)


def ids(query: str, **who: Any) -> list[str]:
    client = client_as("vendor", vendor_id=who["vendor_id"]) if who else client_as("admin")
    path = f"{URL}?vendor=me&{query}" if who else f"/api/v1/admin/products?{query}"
    return [row["id"] for row in body(client.get(path))["results"]]


@pytest.mark.parametrize(
    "query",
    [
        "search=clay+BLUE", "search=clay-1", "category=pots", "in_stock=false", "status=draft",
        "search=c&category=home&status=draft",
    ],
)  # fmt: skip
def test_a_vendor_finds_its_own_whatever_their_status(own: Product, query: str) -> None:
    assert ids(query, vendor_id=own.vendor_id) == [str(own.id)]
    assert str(own.id) not in [row["id"] for row in body(client_as().get(f"{URL}?{query}"))["results"]]


@pytest.mark.parametrize(
    "query", ["search=pot+lamp", "search=LAY-1", "search=%25", "category=nowhere", "category=A%20B"]
)
def test_what_fits_nothing_is_an_empty_list(own: Product, query: str) -> None:
    assert ids(query, vendor_id=own.vendor_id) == []


def test_an_admin_finds_everybodys_and_each_vendors(own: Product) -> None:
    other = make_vendor("Other")

    assert len(ids("search=blue")) == 3
    assert len(ids("search=clay-")) == 2
    assert ids("vendor=other") == ids(f"vendor={other.id}") == ids("search=CLAY-9")
    assert ids("vendor=nobody") == []


def test_ones_own_list_takes_as_many_statements_for_many_as_for_one(
    own: Product, django_assert_num_queries: Any
) -> None:
    for i in range(5):
        make_product(f"Clay {i}", category=own.category)

    with django_assert_num_queries(2):
        assert len(ids("search=clay&category=home&in_stock=true", vendor_id=own.vendor_id)) == 5


def test_stock_is_found_by_sku_and_by_the_name_of_its_product(own: Product) -> None:
    vendor, admin = client_as("vendor", vendor_id=own.vendor_id), client_as("admin")

    def skus(client: Any, search: str) -> list[str]:
        return [row["sku"] for row in body(client.get(f"/api/v1/inventory?search={search}"))["results"]]

    assert skus(vendor, "clay-") == skus(vendor, "pot+clay") == ["CLAY-1"]
    assert skus(vendor, "blue") == ["CLAY-1", "LAMP-1"]
    assert sorted(skus(admin, "clay")) == ["CLAY-1", "CLAY-9"]
    assert skus(admin, "AY-1") == []


def test_variants_are_read_by_themselves_in_their_order_and_in_any_currency() -> None:
    product = make_product(variants=[VariantInput(sku=sku, prices=[usd("5.00")], stock=2) for sku in ("B", "A")])
    url = f"{URL}/{product.slug}/variants"

    listed = body(client_as().get(url))["results"]
    one = client_as().get(f"{url}/{listed[1]['id']}?currency=USD")

    assert [variant["sku"] for variant in listed] == ["B", "A"]
    assert listed == body(client_as().get(f"{URL}/{product.slug}"))["variants"]
    assert body(one) == listed[1]
    assert one["Cache-Control"].startswith("public")


def test_variants_of_what_is_not_on_sale_and_of_other_products_are_absent(own: Product) -> None:
    variant, sibling = own.variants.get(), make_product().variants.get()
    owner = client_as("vendor", vendor_id=own.vendor_id)

    def statuses(product: UUID, variant: UUID) -> list[int]:
        url = f"{URL}/{product}/variants"
        return [client.get(f"{url}/{variant}").status_code for client in (owner, client_as(), client_as("customer"))]

    assert statuses(own.id, variant.id) == [200, 404, 404]
    assert statuses(own.id, sibling.id) == [404, 404, 404]
    assert statuses(sibling.product_id, new_id()) == [404, 404, 404]
    assert client_as().get(f"{URL}/{own.id}/variants").status_code == 404


def test_a_new_variant_is_where_the_answer_says(own: Product) -> None:
    owner = client_as("vendor", vendor_id=own.vendor_id)
    price = {"amount": "5.00", "currency": "USD"}

    made = owner.post(f"{URL}/{own.id}/variants", {"sku": "CLAY-2", "price": price})

    assert body(owner.get(made["Location"]))["id"] == body(made)["id"]
