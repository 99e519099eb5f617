"""The API as a Postman collection (v2.1): a folder for each service, and a journey whose requests run in order.

Small scripts after each request of the journey check its status and keep what the next ones need. They are made of the
few lines below and of nothing else, so that a test can run them without Postman.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.queries.openapi import CART_TOKEN, METHODS, SCHEMAS, UNSAFE, Document

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
DEEPEST = 6
"""Schemas that contain themselves end here."""
_IN_BRACES = re.compile(r"(?<!{){(\w+)}(?!})")


def collection(document: Document, url: str) -> Document:
    """The merged API document as a collection that asks `url`."""
    return {
        "info": {"name": "Nexus", "description": _DESCRIPTION, "schema": SCHEMA},
        "variable": [{"key": name, "value": url if name == "base_url" else ""} for name in _VARIABLES],
        "item": [_journey(), *_folders(document)],
    }


_DESCRIPTION = (
    "Every operation of the API, by service. The folder Journey runs as it is, for example with "
    "`newman run nexus.postman_collection.json --folder Guest`; its second half needs the variables `email` and "
    "`password` of an account."
)
_VARIABLES = ("base_url", "token", "cart_token", "email", "password", "refresh", "slug", "variant", "item", "order",
              "order_token", "payment", "address", "wishlist")  # fmt: skip


# ── Operations ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _folders(document: Document) -> Iterator[Document]:
    for tag in document["tags"]:
        operations = [_item(document, *one) for one in _operations(document) if one[2]["tags"] == [tag["name"]]]
        yield {"name": tag["name"], "description": tag["description"], "item": operations}


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method, operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _item(document: Document, path: str, method: str, operation: Document) -> Document:
    """A request with an example body, its parameters switched off."""
    parameters = operation.get("parameters", [])
    url = _url(path) | {"variable": [{"key": name, "value": ""} for name in _IN_BRACES.findall(path)]}
    url["query"] = [
        {"key": one["name"], "value": "", "description": one.get("description", ""), "disabled": True}
        for one in parameters
        if one["in"] == "query"
    ]
    request = {
        "method": method.upper(),
        "url": url,
        "header": [*_headers(operation, method)],
        "auth": _auth(operation),
        "description": operation.get("description", operation.get("summary", "")),
        **_body(document, operation),
    }
    return {"name": operation.get("summary") or operation["operationId"], "request": request, "response": []}


def _url(path: str, query: Mapping[str, str] | None = None) -> Document:
    path = _IN_BRACES.sub(r":\1", path)
    asked = [{"key": name, "value": value} for name, value in (query or {}).items()]
    raw = "{{base_url}}" + path + ("?" + "&".join(f"{one['key']}={one['value']}" for one in asked) if asked else "")
    return {"raw": raw, "host": ["{{base_url}}"], "path": path.strip("/").split("/"), "query": asked}


def _headers(operation: Document, method: str) -> Iterator[Document]:
    if {"cartToken": []} in operation.get("security", []):
        yield {"key": CART_TOKEN, "value": "{{cart_token}}"}
    if method in UNSAFE:
        yield {"key": "Idempotency-Key", "value": "{{$guid}}"}


def _auth(operation: Document) -> Document:
    """A bearer token wherever one is taken; who asks as a guest switches it off."""
    return _BEARER if any("bearerAuth" in way for way in operation.get("security", [])) else _NO_AUTH


_NO_AUTH: Document = {"type": "noauth"}
_BEARER: Document = {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]}


def _body(document: Document, operation: Document) -> Document:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        return _json(example(document, content["application/json"].get("schema", {})))
    if "multipart/form-data" in content:
        schema = _resolved(document, content["multipart/form-data"].get("schema", {}))
        fields = [_form_field(document, *one) for one in schema.get("properties", {}).items()]
        return {"body": {"mode": "formdata", "formdata": fields}}
    return {}


def _json(body: Any) -> Document:
    language = {"raw": {"language": "json"}}
    return {"body": {"mode": "raw", "raw": json.dumps(body, indent=2, ensure_ascii=False), "options": language}}


def _form_field(document: Document, name: str, schema: Document) -> Document:
    if schema.get("format") == "binary":
        return {"key": name, "type": "file", "src": []}
    return {"key": name, "type": "text", "value": str(example(document, schema))}


# ── Examples ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def example(document: Document, schema: Document, deep: int = 0) -> Any:
    """Something the schema allows; what it does not require is left out below the first level."""
    schema = _resolved(document, schema)
    if known := _said(schema):
        return known[0]
    if schema.get("type") == "array":
        return [example(document, schema.get("items", {}), deep + 1)] if deep < DEEPEST else []
    if "properties" in schema:
        wanted = schema["properties"] if not deep else schema.get("required", ())
        return {name: example(document, schema["properties"][name], deep + 1) for name in wanted if deep < DEEPEST}
    return _SCALARS.get(schema.get("format", ""), _by_type(schema))


def _said(schema: Document) -> list[Any]:
    """What the schema itself names, best first."""
    named = [schema[key] for key in ("example", "default") if schema.get(key) is not None]
    return [*named, *schema.get("enum", [])]


def _by_type(schema: Document) -> Any:
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "string":
            return "text".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 4)]
    return {}


_SCALARS: Document = {
    "uuid": "00000000-0000-7000-8000-000000000000",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "date": "2030-01-01",
    "date-time": "2030-01-01T00:00:00Z",
}


def _resolved(document: Document, schema: Document) -> Document:
    """Through references, and through the wrapping that gives one a default or a description."""
    if "$ref" in schema:
        named: Document = document["components"]["schemas"].get(schema["$ref"].removeprefix(SCHEMAS), {})
        return _resolved(document, named)
    for several in ("allOf", "oneOf", "anyOf"):
        if schema.get(several):
            return _resolved(document, schema[several][0]) | {k: v for k, v in schema.items() if k != several}
    return schema


# ── The journey ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _journey() -> Document:
    return {
        "name": "Journey",
        "description": "From browsing to a confirmed order. Each request keeps what the next ones need.",
        "item": [
            {"name": "Guest", "item": [*_purchase("guest")]},
            {"name": "Signed in", "item": [_LOG_IN, *_purchase("buyer"), *_own_things(), _LOG_OUT]},
        ],
    }


def _step(name: str, method: str, path: str, *scripts: str, **more: Any) -> Document:
    """A request and the lines that run after it. More: status, query, headers, body, who."""
    headers = dict(more.get("headers", {}))
    if method.lower() in UNSAFE:
        headers["Idempotency-Key"] = "{{$guid}}"
    request = {
        "method": method,
        "url": _url(path, more.get("query")),
        "header": [{"key": key, "value": value} for key, value in headers.items()],
        "auth": _BEARER if more.get("who") == "buyer" else _NO_AUTH,
        **(_json(more["body"]) if "body" in more else {}),
    }
    lines = [_answers(more.get("status", 200)), *scripts]
    event = {"listen": "test", "script": {"type": "text/javascript", "exec": lines}}
    return {"name": name, "request": request, "event": [event], "response": []}


def _answers(status: int) -> str:
    return f'pm.test("answers {status}", () => pm.response.to.have.status({status}));'


def _keep(variable: str, at: str) -> str:
    return f'pm.collectionVariables.set("{variable}", pm.response.json(){at});'


def _keep_header(variable: str, header: str) -> str:
    return f'pm.collectionVariables.set("{variable}", pm.response.headers.get("{header}"));'


def _until(member: str, wanted: str, *others: str) -> tuple[str, ...]:
    """Ask again until a member of the answer has one of these values, which must be the wanted one."""
    return (
        f"if (!{json.dumps([wanted, *others])}.includes(pm.response.json().{member})) {{",
        "    setTimeout(() => postman.setNextRequest(pm.info.requestName), 200);",
        "} else {",
        f'    pm.test("is {wanted}", () => pm.expect(pm.response.json().{member}).to.eql("{wanted}"));',
        "}",
    )


_ADDRESS = {"name": "Ada Buyer", "line1": "1 Analytical Row", "city": "London", "postal_code": "N1 9GU",
            "country": "GB"}  # fmt: skip
_CHECKOUT = {"payment_method": "simulator", "shipping_address": _ADDRESS}


def _purchase(who: str) -> Iterator[Document]:
    """Browse, fill the cart, quote, order, wait until it is confirmed: as a guest, or as a buyer who is signed in."""
    guest = who == "guest"
    cart = {CART_TOKEN: "{{cart_token}}"} if guest else {}
    line = {"variant_id": "{{variant}}", "quantity": 1}
    contact = {"email": "ada@example.com"} if guest else {}
    link = {"token": "{{order_token}}"} if guest else {}

    yield _step(f"A {who} looks for something", "GET", "/api/v1/products", _keep("slug", ".results[0].slug"),
                query={"search": "multi-tool", "in_stock": "true"}, who=who)  # fmt: skip
    yield _step(f"The {who} looks closer", "GET", "/api/v1/products/{{slug}}",
                _keep("variant", ".variants.find((one) => one.available > 0).id"), who=who)  # fmt: skip
    kept = [_keep_header("cart_token", CART_TOKEN)] if guest else []
    yield _step(f"The {who} puts it into the cart", "POST", "/api/v1/cart/items", *kept, body=line, status=201, who=who)
    yield _step(f"The {who}'s cart", "GET", "/api/v1/cart", _keep("item", ".items[0].id"), headers=cart, who=who)
    yield _step(f"A quote for the {who}", "POST", "/api/v1/checkout/quote", headers=cart, who=who,
                body={"shipping_address": _ADDRESS})  # fmt: skip
    kept = [_keep("order_token", ".access_token")] if guest else []
    yield _step(f"The {who} orders", "POST", "/api/v1/orders", _keep("order", ".id"), *kept, headers=cart, who=who,
                body=_CHECKOUT | contact, status=201)  # fmt: skip
    yield _step(f"The {who}'s order is confirmed", "GET", "/api/v1/orders/{{order}}",
                *_until("status", "confirmed", "cancelled"), query=link, who=who)  # fmt: skip
    yield _step(f"What happened to the {who}'s order", "GET", "/api/v1/orders/{{order}}/timeline", query=link, who=who)


_LOG_IN = _step(
    "Log in", "POST", "/api/v1/auth/login", _keep("token", ".access"), _keep("refresh", ".refresh"),
    body={"email": "{{email}}", "password": "{{password}}"},
)  # fmt: skip
_LOG_OUT = _step("Log out", "POST", "/api/v1/auth/logout", body={"refresh": "{{refresh}}"}, status=204, who="buyer")


def _own_things() -> Iterator[Document]:
    """What only somebody with an account has."""
    yield _step("Who am I", "GET", "/api/v1/users/me", who="buyer")
    yield _step("My orders", "GET", "/api/v1/orders", _keep("order", ".results[0].id"), who="buyer")
    yield _step("My payments", "GET", "/api/v1/payments", _keep("payment", ".results[0].id"), who="buyer")
    yield _step("What I paid", "GET", "/api/v1/payments/{{payment}}", who="buyer")
    yield _step("A new address", "POST", "/api/v1/users/me/addresses", _keep("address", ".id"), body=_ADDRESS,
                status=201, who="buyer")  # fmt: skip
    yield _step("That address again", "DELETE", "/api/v1/users/me/addresses/{{address}}", status=204, who="buyer")
    yield _step("A wish list", "POST", "/api/v1/wishlists", _keep("wishlist", ".id"),
                body={"name": "From Postman {{$guid}}"}, status=201, who="buyer")  # fmt: skip
    yield _step("A wish", "POST", "/api/v1/wishlists/{{wishlist}}/items", body={"variant_id": "{{variant}}"},
                status=201, who="buyer")  # fmt: skip
    yield _step("Without wishes", "DELETE", "/api/v1/wishlists/{{wishlist}}", status=204, who="buyer")
    yield _step("What I was told", "GET", "/api/v1/notifications", who="buyer")
