"""The tree of categories, and brands."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import make_category, make_product

from catalog_service.models import Brand, Category
from shared.context import new_id
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/categories"


def test_the_whole_tree_is_one_statement(django_assert_num_queries: Callable[[int], Any]) -> None:
    root = make_category("Home")
    kitchen = make_category("Kitchen", root)
    make_category("Pots", kitchen)
    make_category("Garden")

    with django_assert_num_queries(1):
        tree = body(client_as().get("/api/v1/categories"))["results"]

    assert [node["slug"] for node in tree] == ["garden", "home"]
    assert tree[1]["children"][0]["children"][0]["slug"] == "pots"


def test_a_category_knows_the_way_to_it() -> None:
    kitchen = make_category("Kitchen", make_category("Home"))
    make_category("Pots", kitchen)

    found = body(client_as().get("/api/v1/categories/kitchen"))

    assert [step["slug"] for step in found["breadcrumbs"]] == ["home", "kitchen"]
    assert [child["slug"] for child in found["children"]] == ["pots"]
    assert body(client_as().get(f"/api/v1/categories/{kitchen.id}"))["slug"] == "kitchen"
    assert client_as().get("/api/v1/categories/%00").status_code == 404


def test_admins_plant_move_and_prune() -> None:
    admin = client_as("admin")

    home = admin.post(URL, {"name": "Home"})
    pots = body(admin.post(URL, {"name": "Pots & Pans", "parent": "home", "position": 3}))
    deep = body(admin.post(URL, {"name": "Lids", "parent": pots["id"]}))
    admin.post(URL, {"name": "Garden"})
    moved = admin.patch(f"{URL}/pots-pans", {"parent": "garden"})

    assert home.status_code == 201
    assert moved.status_code == 200
    way = body(client_as().get(f"/api/v1/categories/{deep['id']}"))["breadcrumbs"]
    assert [step["slug"] for step in way] == ["garden", "pots-pans", "lids"]
    assert body(admin.delete(f"{URL}/garden"))["code"] == "category_in_use"
    assert admin.delete(f"{URL}/lids").status_code == 204


def test_a_category_never_stands_below_itself() -> None:
    home = make_category("Home")
    make_category("Pots", make_category("Kitchen", home))
    admin = client_as("admin")

    for parent in ("pots", "home", "nothing"):
        assert set(body(admin.patch(f"{URL}/home", {"parent": parent}))["errors"]) == {"parent"}
    assert Category.objects.get(slug="home").lineage == [home.id]


def test_a_slug_is_taken_once() -> None:
    admin = client_as("admin")
    make_category("Home")

    assert body(admin.post(URL, {"name": "Other", "slug": "home"}))["code"] == "name_taken"
    assert admin.post(URL, {"name": "Home"}).status_code == 201
    assert admin.post("/api/v1/admin/brands", {"name": "Acme"}).status_code == 201
    assert body(admin.post("/api/v1/admin/brands", {"name": "ACME"}))["code"] == "name_taken"


def test_brands_are_listed_by_name_and_kept_while_products_carry_them() -> None:
    make_product(brand="Zed")
    make_product(brand="zed")
    make_product(brand="Acme")
    admin = client_as("admin")

    assert [brand["name"] for brand in body(client_as().get("/api/v1/brands"))["results"]] == ["Acme", "Zed"]
    assert body(client_as().get("/api/v1/brands/zed"))["name"] == "Zed"
    assert body(admin.delete("/api/v1/admin/brands/zed"))["code"] == "brand_in_use"
    assert Brand.objects.count() == 2


@pytest.mark.parametrize("roles", [(), ("customer",), ("vendor",)])
def test_only_admins_write(roles: tuple[str, ...]) -> None:
    client = client_as(*roles, vendor_id=new_id())

    assert client.post(URL, {"name": "Home"}).status_code in (401, 403)
    assert client.post("/api/v1/admin/brands", {"name": "Acme"}).status_code in (401, 403)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"name": "x" * 201},
        {"name": "\x00"},
        {"name": "A", "slug": "Ä b"},
        {"name": "A", "position": 10**20},
        {"name": "A", "parent": "\x00"},
        {"name": "A", "colour": "red"},
    ],
)
def test_strange_categories_are_refused(wrong: dict[str, Any]) -> None:
    assert client_as("admin").post(URL, wrong).status_code == 400
