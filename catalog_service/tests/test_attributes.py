"""Typed attributes of categories, and products that are held to them."""

import io
import json
from typing import Any

import pytest
from factories import make_category, make_product

from catalog_service.actions.attributes import AttributeInput, set_attributes
from catalog_service.actions.imports import queue_import, run_imports
from catalog_service.models import Attribute, Category, Import
from shared.context import new_id
from shared.testing import audited, body, client_as

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"
ADMIN = "/api/v1/admin/categories"
COLOUR = {"name": "colour", "label": "Colour", "kind": "choice", "choices": ["red", "blue"]}
HEIGHT = {"name": "height", "label": "Height", "kind": "number", "unit": "cm", "required": True}


def schema(category: Category, *attributes: dict[str, Any]) -> None:
    response = client_as("admin").put(f"{ADMIN}/{category.slug}/attributes", {"attributes": list(attributes)})
    assert response.status_code == 200, response.content


def pots() -> Category:
    """Home has a colour; pots below it a height, which is required."""
    home = make_category("Home")
    place = make_category("Pots", home)
    schema(home, COLOUR)
    schema(place, HEIGHT)
    return place


def post(specifications: Any, **changes: Any) -> Any:
    product = {
        "name": "Clay pot",
        "category": "pots",
        "variants": [{"sku": f"S-{new_id()}", "price": {"amount": "12.50", "currency": "USD"}}],
        "specifications": specifications,
        **changes,
    }
    return client_as("vendor", vendor_id=new_id()).post(URL, product)


def test_a_schema_is_inherited_down_the_tree_and_the_nearest_of_a_name_counts() -> None:
    place = pots()
    make_category("Cups", place)
    schema(make_category("Lids", place), {**COLOUR, "choices": ["clear"]})

    cups = body(client_as().get("/api/v1/categories/cups/attributes"))["results"]
    lids = body(client_as().get("/api/v1/categories/lids/attributes"))["results"]

    assert [(one["name"], one["category"]["slug"]) for one in cups] == [("colour", "home"), ("height", "pots")]
    assert [(one["name"], one["category"]["slug"]) for one in lids] == [("height", "pots"), ("colour", "lids")]
    assert lids[1]["choices"] == ["clear"]
    assert ("catalog.category.attributes", "category") in audited()


def test_a_product_tells_its_typed_attributes_and_keeps_free_specifications_beside_them() -> None:
    pots()

    made = post({"colour": "red", "height": 20.5, "Glaze": {"inside": "white"}})

    assert made.status_code == 201, made.content
    product = body(made)
    assert product["specifications"] == {"colour": "red", "height": 20.5, "Glaze": {"inside": "white"}}
    assert product["attributes"] == [
        {"name": "colour", "label": "Colour", "kind": "choice", "unit": "", "value": "red"},
        {"name": "height", "label": "Height", "kind": "number", "unit": "cm", "value": 20.5},
    ]


def test_every_wrong_and_missing_attribute_is_named_at_once() -> None:
    pots()

    refused = post({"colour": "green", "Height ": 3})

    assert refused.status_code == 400
    assert set(body(refused)["errors"]) == {
        "specifications.colour",
        "specifications.height",
        "specifications.Height ",
    }


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("text", ["x"], ["", 1, None, ["x"], "x" * 501]),
        ("number", [1, 0.5, -3], ["1", True, None, [1]]),
        ("integer", [3, 3.0, 10**400], [3.5, "3", False]),
        ("date", ["2026-11-30", "0001-01-01"], ["2026-02-30", "20261130", "2026-W48-1", "30.11.2026", "", 20261130]),
        ("boolean", [True, False], [0, "true", None]),
        ("choice", ["a"], ["c", ["a"], None, 1]),
        ("choices", [["a"], ["b", "a"]], ["a", [], ["a", "a"], ["c"], [1], [["a"]]]),
    ],
)
def test_a_value_is_of_its_attributes_kind(kind: str, right: list[Any], wrong: list[Any]) -> None:
    attribute = Attribute(kind=kind, choices=["a", "b"] if kind.startswith("choice") else [])

    assert [attribute.wrong(value) for value in right] == [None] * len(right)
    assert all(attribute.wrong(value) for value in wrong)


def test_a_whole_number_may_be_of_any_length() -> None:
    place = make_category("Pots")
    grains, made_on = {"label": "Grains", "kind": "integer"}, {"label": "Made", "kind": "date"}
    schema(place, {"name": "grains", **grains}, {"name": "made", **made_on})

    made = post({"grains": 10**400, "made": "2026-11-30"})
    refused = post({"grains": 1.5, "made": "yesterday"})

    assert made.status_code == 201, made.content
    assert [one["name"] for one in body(made)["attributes"]] == ["grains", "made"]
    assert set(body(refused)["errors"]) == {"specifications.grains", "specifications.made"}


def test_a_draft_may_lack_what_is_required_until_it_is_submitted() -> None:
    pots()
    vendor_id = new_id()
    seller = client_as("vendor", vendor_id=vendor_id)
    product = make_product(by_admin=True, status="draft", category=Category.objects.get(slug="pots"))
    seller = client_as("vendor", vendor_id=product.vendor_id)
    url = f"{URL}/{product.id}"

    refused = seller.patch(url, {"status": "in_review"})
    half = seller.patch(url, {"specifications": {"colour": 3}})
    whole = seller.patch(url, {"specifications": {"height": 3}, "status": "in_review"})

    assert set(body(refused)["errors"]) == {"specifications.height"}
    assert set(body(half)["errors"]) == {"specifications.colour"}
    assert body(whole)["status"] == "in_review"


def test_a_product_that_moves_is_held_to_the_schema_of_its_new_place() -> None:
    place = pots()
    product = make_product(category=make_category("Garden"))
    admin = client_as("admin")

    refused = admin.patch(f"{URL}/{product.id}", {"category": place.slug})
    moved = admin.patch(f"{URL}/{product.id}", {"category": place.slug, "specifications": {"height": 3}})

    assert set(body(refused)["errors"]) == {"specifications.height"}
    assert body(moved)["category"]["slug"] == "pots"


def test_a_schema_that_changes_leaves_products_alone_until_their_specifications_are_edited() -> None:
    place = pots()
    product = make_product(category=place, specifications={"height": 3, "depth": "much"})
    admin = client_as("admin")

    schema(place, HEIGHT, {"name": "depth", "label": "Depth", "kind": "number"})

    assert body(admin.patch(f"{URL}/{product.id}", {"name": "Tall pot"}))["name"] == "Tall pot"
    assert [one["name"] for one in body(client_as().get(f"{URL}/{product.id}"))["attributes"]] == ["height"]
    refused = admin.patch(f"{URL}/{product.id}", {"specifications": {"height": 4, "depth": "more"}})
    assert set(body(refused)["errors"]) == {"specifications.depth"}


def test_lists_are_filtered_and_counted_by_what_is_filterable_only() -> None:
    place = pots()
    make_product(category=place, specifications={"height": 3, "colour": "red", "glaze": "matt"})
    colours, glazes = (f"{URL}?attributes={pair}" for pair in ("colour:red", "glaze:matt"))
    client = client_as()
    assert [len(body(client.get(url))["results"]) for url in (colours, glazes)] == [1, 1]

    set_attributes(category="home", attributes=[AttributeInput(**{**COLOUR, "filterable": False})])

    assert [len(body(client.get(url))["results"]) for url in (colours, glazes)] == [0, 1]
    facets = body(client.get(f"{URL}?facets=attributes"))["facets"]["attributes"]
    assert {one["name"] for one in facets} == {"height", "glaze"}


def test_a_file_is_held_to_the_schema_row_by_row() -> None:
    pots()
    vendor = make_product(category=make_category("Garden")).vendor
    lines = [
        {
            "handle": handle,
            "name": handle,
            "category": "pots",
            "specifications": specifications,
            "variants": [{"sku": handle, "price": {"amount": "1.00", "currency": "USD"}}],
        }
        for handle, specifications in (("good", {"height": 1}), ("bad", {"height": "tall"}))
    ]
    queue_import(
        vendor_id=vendor.id,
        by_admin=True,
        actor_id=new_id(),
        file=io.BytesIO("\n".join(map(json.dumps, lines)).encode()),
        format_="jsonl",
        currency="USD",
    )

    run_imports()

    batch = Import.objects.get()
    assert (batch.created, batch.failed) == (1, 1)
    assert [(error["line"], error["field"]) for error in batch.errors] == [(2, "specifications.height")]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"attributes": {}},
        {"attributes": [{**HEIGHT, "name": "Height"}]},
        {"attributes": [{**HEIGHT, "name": "\x00"}]},
        {"attributes": [{**HEIGHT, "kind": "colour"}]},
        {"attributes": [{**HEIGHT, "choices": ["a"]}]},
        {"attributes": [{**COLOUR, "choices": []}]},
        {"attributes": [{**COLOUR, "choices": ["a", "a"]}]},
        {"attributes": [HEIGHT, HEIGHT]},
        {"attributes": [{**HEIGHT, "colour": 1}]},
        {"attributes": [{"name": "a"}]},
    ],
)
def test_strange_schemas_are_refused(wrong: dict[str, Any]) -> None:
    make_category("Pots")

    assert client_as("admin").put(f"{ADMIN}/pots/attributes", wrong).status_code == 400


def test_only_admins_write_schemas() -> None:
    make_category("Pots")

    assert client_as().put(f"{ADMIN}/pots/attributes", {"attributes": []}).status_code == 401
    assert client_as("vendor", vendor_id=new_id()).put(f"{ADMIN}/pots/attributes", {}).status_code == 403
    assert client_as("admin").put(f"{ADMIN}/nothing/attributes", {"attributes": []}).status_code == 404
    assert client_as().get("/api/v1/categories/nothing/attributes").status_code == 404
