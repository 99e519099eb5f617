"""What the OpenAPI document promises."""

from typing import Any

import pytest

from shared.money import EXPONENTS
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document(django_db_blocker: Any) -> Any:
    with django_db_blocker.unblock():
        return body(client_as().get("/internal/openapi.json"))


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]


def parameters(document: Any, place: str) -> list[Any]:
    every = [one for *_, operation in operations(document) for one in operation.get("parameters", [])]
    return [one for one in every if one["in"] == place]


def test_only_what_guests_may_read_is_open_to_them(document: Any) -> None:
    opened = {(path, method) for path, method, operation in operations(document) if {} in operation["security"]}

    assert ("/api/v1/products/{product}", "get") in opened
    assert not [one for one in opened if "/admin/" in one[0] or one[1] not in ("get", "post")]
    assert [path for path, method in opened if method == "post"] == ["/api/v1/products/{product}/views"]


def test_every_part_of_a_path_has_a_pattern_or_a_format(document: Any) -> None:
    parts = parameters(document, "path")

    assert len(parts) > 50
    assert [one for one in parts if not one["schema"].keys() & {"pattern", "format"}] == []
    assert {one["schema"].get("pattern") for one in parts if one["name"] == "product"} == {"^[A-Za-z0-9_-]+$"}


def test_empty_parameters_of_a_query_count_as_absent_and_the_document_says_so(document: Any) -> None:
    asked = parameters(document, "query")

    assert asked
    assert all(one["allowEmptyValue"] for one in asked)
    assert client_as().get("/api/v1/products?rating=&min_price=&brand=&cursor=&in_stock=&currency=").status_code == 200


def test_lists_and_money_have_their_bounds(document: Any) -> None:
    schemas = document["components"]["schemas"]
    product = schemas["NewProductRequest"]["properties"]

    assert (product["variants"]["minItems"], product["variants"]["maxItems"]) == (1, 100)
    assert product["specifications"]["type"] == "object"
    assert product["seo_title"]["pattern"].startswith("^[^")
    assert schemas["CurrencyEnum"]["enum"] == sorted(EXPONENTS)
    assert schemas["PositiveMoneyRequest"]["properties"]["currency"]["$ref"].endswith("/CurrencyEnum")


def test_no_docstring_of_ours_is_a_readers_description(document: Any) -> None:
    told = {schema.get("description", "") for schema in document["components"]["schemas"].values()}

    assert not [one for one in told if "Coming in" in one or "validated data" in one]
