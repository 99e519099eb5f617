"""The gateway's own part of the API document."""

from typing import Any

Document = dict[str, Any]


def _word(*words: str) -> Document:
    return {"type": "string", "enum": list(words)}


def _json(description: str, schema: Document) -> Document:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _operation(name: str, summary: str, responses: Document, *parameters: Document) -> Document:
    told = {"operationId": name, "summary": summary, "security": [{}], "responses": responses}
    return {"get": {**told, "parameters": list(parameters)} if parameters else told}


_PAGE: Document = {"text/html": {"schema": {"type": "string"}}}
_ANYTHING: Document = {"type": "object", "additionalProperties": True}
_STATUS: Document = {
    "type": "object",
    "required": ["status", "services"],
    "properties": {"status": _word("ok", "degraded", "down"), "services": {"type": "array", "items": _ANYTHING}},
}
_IN_A_WORD: Document = {
    "type": "object", "required": ["status"], "properties": {"status": _word("ok", "degraded", "down")},
}  # fmt: skip
_CODE: Document = {"in": "path", "name": "code", "required": True, "schema": {"type": "string", "pattern": "^[-\\w]+$"}}
_FORMAT: Document = {
    "in": "query", "name": "format", "schema": {"type": "string"},
    "description": "`json` for JSON whatever the client would rather have: for links on pages.",
}  # fmt: skip


def _either(description: str, schema: Document) -> Document:
    """JSON, or a page for who would rather read one."""
    both = {"application/json": {"schema": schema}, **_PAGE}
    return {"200": {"description": description, "content": both}}


DOCUMENT: Document = {
    "paths": {
        "/health": _operation(
            "health",
            "The fleet in one word",
            {"200": _json("Every service answers.", _IN_A_WORD), "503": _json("One does not.", _IN_A_WORD)},
        ),
        "/status": _operation("status", "Every service, as it is now", _either("The report.", _STATUS), _FORMAT),
        "/api/events": _operation("events", "Every message (AsyncAPI)", _either("The document.", _ANYTHING), _FORMAT),
        "/api/v1/openapi.json": _operation("openapi", "This document", {"200": _json("The document.", _ANYTHING)}),
        "/api/postman.json": _operation(
            "postman", "The same as a Postman collection", {"200": _json("The collection.", _ANYTHING)}
        ),
        "/problems/{code}": _operation(
            "problem", "What a problem's code means", {"200": {"description": "A page.", "content": _PAGE}}, _CODE
        ),
    }
}
