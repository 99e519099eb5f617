"""One OpenAPI document of the whole fleet, merged from what each service says of itself.

Schemas of one name that differ get their service's name in front; equal ones stay one. The last known document of a
service that is away is kept, so that the documentation does not shrink with the fleet.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings

from gateway import clients
from gateway.queries import own
from shared.errors import Unavailable

Document = dict[str, Any]
SCHEMAS = "#/components/schemas/"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SECTIONS = ("schemas", "parameters", "headers", "examples", "requestBodies")
UNSAFE = {"put", "post", "delete", "patch"}
CART_TOKEN = "X-Cart-Token"  # noqa: S105
_askers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="openapi")
_lock = threading.Lock()
_known: dict[str, Document] = {}
_merged: tuple[float, Document] | None = None


# ── What is known ────────────────────────────────────────────────────────────────────────────────────────────────────


def document() -> Document:
    """The merged document; services are asked again when it is a minute old, or sooner while one is unknown."""
    global _merged
    with _lock:
        if _merged is None or time.monotonic() > _merged[0]:
            _refresh()
            complete = len(_known) == len(settings.FLEET)
            kept = settings.OPENAPI_KEPT if complete else settings.OPENAPI_RETRY
            _merged = (time.monotonic() + kept.total_seconds(), merge({**_known, "gateway": own.DOCUMENT}))
        return _merged[1]


def forget() -> None:
    """Of this process's memory, nothing is left."""
    global _merged
    _merged = None
    _known.clear()


def _refresh() -> None:
    answers = zip(settings.FLEET, _askers.map(_ask, settings.FLEET), strict=True)
    _known.update({name: answer for name, answer in answers if answer is not None})


def _ask(name: str) -> Document | None:
    try:
        return clients.openapi_of(name)
    except Unavailable:
        return None


# ── Merging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def merge(documents: Mapping[str, Document]) -> Document:
    """Service → its document, as one."""
    merged: Document = {
        "openapi": "3.0.3",
        "info": {"title": "Nexus", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": _ABOUT.get(name, "")} for name in sorted(documents)],
        "paths": {},
        "components": {
            "schemas": {"Problem": _PROBLEM},
            "responses": {"Problem": _PROBLEM_RESPONSE},
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }
    names = _names(documents)
    used: set[str] = set()
    for service in sorted(documents):
        renamed = _renamed(documents[service], names[service])
        for section in SECTIONS:
            merged["components"].setdefault(section, {}).update(renamed.get("components", {}).get(section, {}))
        _add_paths(merged["paths"], renamed.get("paths", {}), service, used)
    return merged


_DESCRIPTION = (
    "A multi-vendor marketplace. Money is `{amount, currency}` with a decimal string; times are RFC 3339 in UTC; lists "
    "are `{results, next, previous}`; every error is `application/problem+json` (RFC 9457). Sign in with "
    "`POST /api/v1/auth/login` and send the access token as a bearer token; guests carry their cart's token in "
    "`X-Cart-Token`. What happens inside is told at [/api/events](/api/events)."
)
_ABOUT = {
    "gateway": "The fleet as a whole: how it is, and what it says of itself.",
    "cart": "What a buyer means to buy, signed in or not.",
    "catalog": "What is for sale: categories, brands, products, prices, stock, search, reviews.",
    "notification": "What people are told, and how they want to be told.",
    "order": "Quotes, checkout, orders and their vendor orders, shipments, returns, coupons.",
    "payment": "Payments, refunds, payouts, and the ledger that adds them up.",
    "user": "Accounts, sessions, roles, addresses, security.",
    "vendor": "Who sells here: applications, store pages, balances, payouts.",
}
_PROBLEM: Document = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable, snake_case."},
        "errors": {
            "type": "object",
            "description": "Each wrong field and what is wrong with it.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "request_id": {"type": "string"},
    },
}
_PROBLEM_RESPONSE: Document = {
    "description": "A problem.",
    "content": {"application/problem+json": {"schema": {"$ref": f"{SCHEMAS}Problem"}}},
}
_PAGE: Document = {"type": "object", "required": ["results", "next", "previous"]}
_NEIGHBOURS: Document = {
    name: {"type": "string", "format": "uri", "nullable": True, "description": f"The {name} page."}
    for name in ("next", "previous")
}
_SECURITY_SCHEMES: Document = {
    "bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cartToken": {"type": "apiKey", "in": "header", "name": CART_TOKEN, "description": "A guest's cart."},
}
_IDEMPOTENCY_KEY: Document = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "pattern": "^[ -~]{0,200}$"},
    "description": "Repeating the request with the same key has one effect and gets the same answer, for 24 hours.",
}
_REQUIRED_KEY = _IDEMPOTENCY_KEY | {"required": True, "schema": {"type": "string", "pattern": "^[ -~]{1,200}$"}}


def _schemas(document: Document) -> Document:
    schemas: Document = document.get("components", {}).get("schemas", {})
    return schemas


# ── Names of schemas ─────────────────────────────────────────────────────────────────────────────────────────────────


def _names(documents: Mapping[str, Document]) -> dict[str, dict[str, str]]:
    """Service → schema's own name → its name in the merged document."""
    short = {service: _shortened(_schemas(document)) for service, document in documents.items()}
    differing = _differing({service: _renamed(documents[service], short[service]) for service in documents})
    return {
        service: {own: service.title() + name if name in differing else name for own, name in names.items()}
        for service, names in short.items()
    }


def _shortened(schemas: Document) -> dict[str, str]:
    """`CartShape` is `Cart`, and `AddItemShapeRequest` `AddItemRequest`, where nothing else has that name."""
    short = {own: re.sub(r"Shape(?=Request$|List$|$)", "", own) or own for own in schemas}
    counts = list(short.values())
    return {own: name if counts.count(name) == 1 else own for own, name in short.items()}


def _differing(documents: Mapping[str, Document]) -> set[str]:
    """Names that mean different things in different services, directly or by what they refer to."""
    meanings: dict[str, list[Document]] = {"Problem": [_PROBLEM]}
    for document in documents.values():
        for name, schema in _schemas(document).items():
            meanings.setdefault(name, []).append(schema)
    shared = {name: schemas for name, schemas in meanings.items() if len(schemas) > 1}
    differing = {name for name, schemas in shared.items() if any(schema != schemas[0] for schema in schemas)}
    while more := {
        name for name in shared.keys() - differing if not differing.isdisjoint(_references(shared[name][0]))
    }:
        differing |= more
    return differing


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, str) and node.startswith(SCHEMAS):
        yield node.removeprefix(SCHEMAS)
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _references(child)


def _renamed(document: Document, names: Mapping[str, str]) -> Document:
    """A copy in which schemas, and references to them, have their new names."""
    copy: Document = _rewritten(json.loads(json.dumps(document)), names)
    if "schemas" in copy.get("components", {}):
        copy["components"]["schemas"] = {names[own]: _closed(own, schema) for own, schema in _schemas(copy).items()}
    return copy


def _closed(own: str, schema: Document) -> Document:
    """Bodies coming in may have no fields but these (shared.http.Shape refuses them)."""
    fixed = own.endswith("Request") and "properties" in schema
    return {"additionalProperties": False, **schema} if fixed else schema


def _rewritten(node: Any, names: Mapping[str, str]) -> Any:
    if isinstance(node, str) and node.startswith(SCHEMAS):
        own = node.removeprefix(SCHEMAS)
        return SCHEMAS + names.get(own, own)
    if isinstance(node, dict):
        return {key: _rewritten(child, names) for key, child in node.items()}
    return [_rewritten(child, names) for child in node] if isinstance(node, list) else node


# ── Paths ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _add_paths(paths: Document, more: Document, service: str, used: set[str]) -> None:
    for path, item in more.items():
        for method, operation in item.items():
            if method in METHODS:
                paths.setdefault(path, {}).setdefault(method, _operation(operation, method, service, used))


def _operation(operation: Document, method: str, service: str, used: set[str]) -> Document:
    name = operation.get("operationId", method)
    unique = name if name not in used else f"{service}_{name}"
    used.add(unique)
    done = {
        **operation,
        "operationId": unique,
        "tags": [service],
        "security": _security(operation),
        "responses": {**_problems(operation, method), **_paged(operation.get("responses", {}))},
    }
    done.pop("parameters", None)
    parameters = _parameters(operation, method)
    return {**done, "parameters": parameters} if parameters else done


def _problems(operation: Document, method: str) -> Document:
    """Status → problem, for each status that an operation of this kind may refuse with, itself or at the edge."""
    statuses = {400, 401, 404, 429, 503}
    if _is_closed(operation):
        statuses |= {403}
    if any(one.get("in") == "query" for one in operation.get("parameters", [])):
        statuses |= {414}
    if method in UNSAFE:
        statuses |= {403, 409, 413, 415, 422}
    if operation.get("x-may-conflict"):
        statuses |= {409}
    return {str(status): {"$ref": "#/components/responses/Problem"} for status in sorted(statuses)}


def _paged(responses: Document) -> Document:
    """Services speak of a page of a list as of its elements; what is sent has the way to its neighbours as well."""
    for response in responses.values():
        for content in response.get("content", {}).values():
            if content.get("schema", {}).get("type") == "array":
                content["schema"] = _PAGE | {"properties": {"results": content["schema"], **_NEIGHBOURS}}
    return responses


def _is_closed(operation: Document) -> bool:
    """To guests."""
    said = operation.get("security", [])
    return bool(said) and {} not in said


def _security(operation: Document) -> list[Document]:
    """What the service says; a guest's cart opens what takes its token."""
    said = [dict(way) for way in operation.get("security", [])]
    takes_token = any(_is_cart_token(parameter) for parameter in operation.get("parameters", []))
    return [*said, {"cartToken": []}] if takes_token and {} in said else said


def _parameters(operation: Document, method: str) -> list[Document]:
    """Without the cart's token where it is one of the ways in, and with the key that makes repeating safe."""
    optional = {} in operation.get("security", [])
    own = [p for p in operation.get("parameters", []) if not (optional and _is_cart_token(p))]
    named = {parameter.get("name") for parameter in own}
    asked = operation.get("x-idempotency-key", True) if method in UNSAFE else False
    key = _REQUIRED_KEY if asked == "required" else _IDEMPOTENCY_KEY
    return [*own, key] if asked and "Idempotency-Key" not in named else own


def _is_cart_token(parameter: Document) -> bool:
    return parameter.get("in") == "header" and parameter.get("name") == CART_TOKEN
