import json

from django.test import Client

from gateway.queries.postman import collection, example

DOCUMENT = {
    "tags": [{"name": "cart", "description": "Carts."}],
    "paths": {
        "/api/v1/cart/items/{item}": {
            "patch": {
                "operationId": "change_item",
                "summary": "Change a line",
                "tags": ["cart"],
                "security": [{"bearerAuth": []}, {}, {"cartToken": []}],
                "parameters": [{"in": "query", "name": "currency", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Line"}}}},
            }
        }
    },
    "components": {
        "schemas": {
            "Line": {
                "type": "object",
                "required": ["product"],
                "properties": {
                    "product": {"type": "string", "format": "uuid"},
                    "quantity": {"type": "integer", "minimum": 3},
                    "kind": {"type": "string", "enum": ["gift", "own"]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                },
            }
        }
    },
}


def test_an_operation_is_a_request_with_an_example_of_its_body() -> None:
    folder = collection(DOCUMENT, "http://nexus")["item"][-1]
    request = folder["item"][0]["request"]

    assert (folder["name"], folder["item"][0]["name"]) == ("cart", "Change a line")
    assert request["url"]["raw"] == "{{base_url}}/api/v1/cart/items/:item"
    assert [one["key"] for one in request["header"]] == ["X-Cart-Token", "Idempotency-Key"]
    assert request["url"]["query"][0]["disabled"] is True
    assert json.loads(request["body"]["raw"])["quantity"] == 3


def test_an_example_of_what_contains_itself_ends() -> None:
    line = example(DOCUMENT, {"$ref": "#/components/schemas/Line"})

    assert line["kind"] == "gift"
    assert line["parts"] == [{"product": line["product"]}]


def test_the_collection_is_served_even_while_no_service_answers() -> None:
    served = Client().get("/api/postman.json").json()

    assert served["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert [one["name"] for one in served["item"][0]["item"]] == ["Guest", "Signed in"]
