from collections.abc import Callable
from typing import Any

import pytest
from conftest import NOBODY, StandIn
from django.test import Client
from openapi_spec_validator import validate

from gateway.queries import own
from gateway.queries.openapi import merge


def make_document(path: str, schemas: dict[str, Any], **operation: Any) -> dict[str, Any]:
    """A service with one GET operation that answers its first schema."""
    first = {"$ref": f"#/components/schemas/{next(iter(schemas))}"}
    usual = {
        "operationId": "read",
        "security": [{"bearerAuth": []}],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": first}}}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Nexus", "version": "1"},
        "paths": {path: {"get": {**usual, **operation}}},
        "components": {"schemas": schemas},
    }


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def answered(document: dict[str, Any], path: str) -> str:
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return str(schema["$ref"].rsplit("/", 1)[-1])


def test_equal_schemas_stay_one_and_differing_ones_are_told_apart() -> None:
    cart = make_document("/api/v1/cart", {"VendorShape": thing(id=TEXT), "MoneyShape": thing(amount=TEXT)})
    order = make_document("/api/v1/orders", {"VendorShape": thing(id=NUMBER), "MoneyShape": thing(amount=TEXT)})

    merged = merge({"order": order, "cart": cart})

    assert set(merged["components"]["schemas"]) == {"Problem", "CartVendor", "OrderVendor", "Money"}
    assert answered(merged, "/api/v1/cart") == "CartVendor"
    assert answered(merged, "/api/v1/orders") == "OrderVendor"


def test_equal_schemas_that_refer_to_differing_ones_differ() -> None:
    cart = make_document("/api/v1/cart", {"Page": thing(item=refer("Item")), "Item": thing(id=TEXT)})
    order = make_document("/api/v1/orders", {"Page": thing(item=refer("Item")), "Item": thing(id=NUMBER)})

    schemas = merge({"order": order, "cart": cart})["components"]["schemas"]

    assert schemas["CartPage"] == thing(item=refer("CartItem"))
    assert schemas["OrderPage"] == thing(item=refer("OrderItem"))


def test_a_shorter_name_is_not_taken_where_another_schema_has_it() -> None:
    merged = merge({"cart": make_document("/api/v1/cart", {"CartShape": thing(a=TEXT), "Cart": thing(b=TEXT)})})

    assert {"Cart", "CartShape"} < set(merged["components"]["schemas"])


def test_operations_are_told_apart_and_know_their_service() -> None:
    merged = merge({name: make_document(f"/api/v1/{name}", {"A": thing()}) for name in ("cart", "order")})

    operations = [merged["paths"][f"/api/v1/{name}"]["get"] for name in ("cart", "order")]

    assert [operation["operationId"] for operation in operations] == ["read", "order_read"]
    assert [operation["tags"] for operation in operations] == [["cart"], ["order"]]


def test_every_operation_may_answer_a_problem() -> None:
    merged = merge({"cart": make_document("/api/v1/cart", {"A": thing()})})

    responses = merged["paths"]["/api/v1/cart"]["get"]["responses"]

    problem = {"$ref": "#/components/responses/Problem"}
    assert {status for status, one in responses.items() if one == problem} == {"400", "401", "403", "404", "429", "503"}


def test_a_list_is_a_page_of_it() -> None:
    content = {"application/json": {"schema": {"type": "array", "items": refer("A")}}}
    lists = make_document("/api/v1/cart", {"A": thing()}, responses={"200": {"description": "", "content": content}})

    response = merge({"cart": lists})["paths"]["/api/v1/cart"]["get"]["responses"]["200"]

    page = response["content"]["application/json"]["schema"]
    assert page["required"] == ["results", "next", "previous"]
    assert page["properties"]["results"] == {"type": "array", "items": refer("A")}


def test_what_a_service_says_of_an_error_is_kept() -> None:
    own = {"400": {"description": "Its own."}}

    merged = merge({"cart": make_document("/api/v1/cart", {"A": thing()}, responses=own)})

    assert merged["paths"]["/api/v1/cart"]["get"]["responses"]["400"] == own["400"]


def test_a_guests_cart_token_is_a_way_in_where_one_may_come_without_signing_in() -> None:
    token = {"in": "header", "name": "X-Cart-Token", "schema": TEXT}
    public = make_document("/a", {"A": thing()}, security=[{"bearerAuth": []}, {}], parameters=[token])
    private = make_document("/b", {"A": thing()}, parameters=[token])

    merged = merge({"cart": public, "order": private})

    assert merged["paths"]["/a"]["get"]["security"] == [{"bearerAuth": []}, {}, {"cartToken": []}]
    assert "parameters" not in merged["paths"]["/a"]["get"]
    assert merged["paths"]["/b"]["get"]["security"] == [{"bearerAuth": []}]
    assert merged["paths"]["/b"]["get"]["parameters"] == [token]


@pytest.mark.parametrize(
    ("said", "offered"),
    [({}, [None]), ({"x-idempotency-key": False}, []), ({"x-idempotency-key": "required"}, [True])],
)
def test_a_key_is_offered_where_answers_are_kept(said: dict[str, Any], offered: list[bool | None]) -> None:
    document = make_document("/a", {"Thing": thing(name=TEXT)}, **said)
    document["paths"]["/a"] = {"post": document["paths"]["/a"]["get"]}

    operation = merge({"a": document})["paths"]["/a"]["post"]

    keys = [one for one in operation.get("parameters", []) if one["name"] == "Idempotency-Key"]
    assert [key.get("required") for key in keys] == offered


@pytest.mark.parametrize(("said", "told"), [({}, False), ({"x-may-conflict": True}, True)])
def test_what_only_reads_may_conflict_where_its_service_says_so(said: dict[str, Any], told: bool) -> None:
    merged = merge({"a": make_document("/a", {"Thing": thing(name=TEXT)}, **said)})

    assert ("409" in merged["paths"]["/a"]["get"]["responses"]) == told


def test_bodies_coming_in_are_closed_and_answers_stay_open() -> None:
    merged = merge({"cart": make_document("/a", {"Item": thing(id=TEXT), "ItemShapeRequest": thing(id=TEXT)})})

    schemas = merged["components"]["schemas"]

    assert schemas["ItemRequest"] == {**thing(id=TEXT), "additionalProperties": False}
    assert schemas["Item"] == thing(id=TEXT)


@pytest.fixture
def services(stand_in: Callable[[], StandIn], settings: Any) -> dict[str, StandIn]:
    pair = {name: stand_in() for name in ("cart", "order")}
    for name, server in pair.items():
        document = make_document(f"/api/v1/{name}", {"Thing": thing(of={"type": "string", "example": name})})
        server.answers["/internal/openapi.json"] = (200, document)
    settings.FLEET = {name: server.url for name, server in pair.items()}
    return pair


def fetch() -> Any:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    return response.json()


def test_the_merged_document_is_valid(services: dict[str, StandIn]) -> None:
    document = fetch()

    validate(document)

    assert list(document["paths"]) == ["/api/v1/cart", *own.DOCUMENT["paths"], "/api/v1/order"]


def test_the_gateway_s_own_operations_answer_as_it_says(services: dict[str, StandIn]) -> None:
    for path, item in own.DOCUMENT["paths"].items():
        response = Client().get(path.replace("{code}", "invalid"))

        said = item["get"]["responses"][str(response.status_code)]["content"]
        assert response["Content-Type"].partition(";")[0] in said


def test_it_is_kept_and_not_asked_for_again(services: dict[str, StandIn]) -> None:
    fetch()
    fetch()

    assert len(services["cart"].asked) == 1


def test_a_service_that_goes_away_keeps_its_part(services: dict[str, StandIn], settings: Any) -> None:
    settings.OPENAPI_KEPT = settings.OPENAPI_KEPT * 0
    fetch()
    settings.FLEET = {**settings.FLEET, "order": NOBODY}

    assert "/api/v1/order" in fetch()["paths"]


def test_a_service_that_was_never_there_is_asked_again_soon(services: dict[str, StandIn], settings: Any) -> None:
    settings.OPENAPI_RETRY = settings.OPENAPI_RETRY * 0
    settings.FLEET = {**settings.FLEET, "order": NOBODY}
    first = fetch()
    settings.FLEET = {**settings.FLEET, "order": services["order"].url}

    second = fetch()

    assert second["paths"].keys() - first["paths"].keys() == {"/api/v1/order"}
