"""The event catalogue: the AsyncAPI document, and the same for people."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from shared import asyncapi

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as the page shows it; `who` says who tells it, or who asks it."""

    name: str
    type: str
    summary: str
    is_command: bool
    sensitive: bool
    who: str
    fields: tuple[Field, ...]


@lru_cache(maxsize=1)
def document() -> Document:
    return asyncapi.generate("Nexus events")


@lru_cache(maxsize=1)
def by_service() -> dict[str, list[Entry]]:
    """Service → the messages that are its own, by type."""
    found: dict[str, list[Entry]] = {}
    for message in sorted(document()["components"]["messages"].values(), key=lambda message: str(message["name"])):
        found.setdefault(message["tags"][0]["name"], []).append(_entry(message))
    return found


def _entry(message: Document) -> Entry:
    data = message["payload"]["allOf"][1]["properties"]["data"]
    schema = _schema(data["$ref"])
    asked_by = message.get("x-asked-by")
    return Entry(
        name=message["title"],
        type=message["name"],
        summary=message["summary"],
        is_command=asked_by is not None,
        sensitive=message["x-sensitive"],
        who=f"asked by {', '.join(asked_by)}" if asked_by else f"told by {message['x-told-by']}",
        fields=tuple(
            Field(name, _kind(field), name in schema.get("required", []), field.get("description", ""))
            for name, field in schema.get("properties", {}).items()
        ),
    )


def _schema(reference: str) -> Document:
    schema: Document = document()["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    return schema


def _kind(field: Document) -> str:
    """A field's type in a word or two: `uuid`, `list of OrderLine`, `text or nothing`."""
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in field:
        return " or ".join(_kind(option) for option in field["anyOf"])
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}))}"
    return {"string": "text", "null": "nothing", "object": "map"}.get(
        str(field.get("format") or field.get("type", "any")), str(field.get("format") or field.get("type", "any"))
    )
