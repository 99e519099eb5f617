"""The operations of the API document with requests that could be sent: of the collection that the gateway serves."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from fleet.client import Json, Market, Person
from fleet.journey import RED_DOT
from fleet.postman import folder, requests_in

VALID: Json = {
    "country": "GB", "currency": "USD", "payout_currency": "USD", "amount": "1.00", "email": "ada@example.com",
    "postal_code": "N1 9GU", "code": "123456", "phone": "+447400123456", "reason": "It is torn.",
    "tracking_url": "https://example.com/1", "ends_at": "2099-01-01T00:00:00Z",
    "hash": f"0x{'a1' * 32}",
}  # fmt: skip
"""What a schema cannot say of a field: these are read strictly wherever they stand."""
LEFT_OUT = {"featured", "compare_at_price", "on_hand"}
"""Fields that only fit together with others, or only from admins."""


@dataclass(frozen=True)
class Operation:
    """One of the document, with an example of its body."""

    method: str
    path: str
    open: bool
    """To guests."""
    body: Json | None = None
    form: bool = False
    known: frozenset[str] = frozenset()
    """The fields that its body may have."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def places(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    def ask(self, person: Person, ids: Mapping[str, str], more: Json | None = None) -> httpx.Response:
        """With these ids in the path; `more` goes into the body."""
        path = re.sub(r"{(\w+)}", lambda place: ids[place[1]], self.path)
        headers = {} if self.method == "GET" else {"Idempotency-Key": str(uuid4())}
        return person.ask(self.method, path, headers=headers, **self._content(more or {}))

    def _content(self, more: Json) -> Json:
        if self.form:
            name = "file" if "file" in self.known else "image"
            return {"files": {name: ("dot.png", io.BytesIO(RED_DOT), "image/png")}, "data": more}
        return {} if self.body is None else {"json": self.body | more}


def operations(market: Market) -> list[Operation]:
    document = market.guest().get("openapi.json")
    bodies = _bodies(market.guest().get("/api/postman.json"), document)
    return [_operation(document, *one, bodies) for one in _all(document)]


def _all(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def _operation(document: Json, path: str, method: str, operation: Json, bodies: Mapping[str, Json]) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    schema = next(iter(content.values()), {}).get("schema", {})
    known = document["components"]["schemas"].get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
    said = operation["security"]
    return Operation(
        method,
        path,
        open=not said or {} in said,
        body=bodies.get(f"{method} {path}"),
        form="multipart/form-data" in content and "application/json" not in content,
        known=frozenset(known.get("properties", {})),
    )


def _bodies(collection: Json, document: Json) -> dict[str, Json]:
    """Method and path → the example of a body."""
    found = {}
    for tag in document["tags"]:
        for one in requests_in(folder(collection, tag["name"])):
            request = one["request"]
            path = re.sub(r":(\w+)", r"{\1}", "/" + "/".join(request["url"]["path"]))
            if request.get("body", {}).get("mode") == "raw":
                found[f"{request['method']} {path}"] = _valid(json.loads(request["body"]["raw"]))
    return found


def _valid(body: Any) -> Any:
    if isinstance(body, dict):
        return {key: VALID.get(key, _valid(value)) for key, value in body.items() if key not in LEFT_OUT}
    return [_valid(one) for one in body] if isinstance(body, list) else body
