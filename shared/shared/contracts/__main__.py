"""JSON Schemas of all messages: `python -m shared.contracts check` compares, `write` writes what is additive.

A change that could break a reader of `.v1` is refused by both: such a message becomes `.v2`. `check <folder>` compares
with the schemas of a release, which lie in the folder: there what is new and additive is no complaint.
"""

import json
import sys
from pathlib import Path
from typing import Any

from shared.contracts import all_messages
from shared.messages import Message

FOLDER = Path(__file__).parent / "schemas"
Schema = dict[str, Any]


def schema_of(contract: type[Message]) -> Schema:
    schema = contract.model_json_schema()
    schema["$id"] = contract.type
    schema["x-key"] = contract.key
    return schema


def breaking(old: Schema, new: Schema, where: str = "") -> list[str]:
    """What readers or writers of `old` could stumble over in `new`, in words; empty when the change is additive."""
    old_root, new_root = old.get("$defs", {}), new.get("$defs", {})
    found = _compare(old, new, where or str(old.get("$id", "")))
    for name in old_root.keys() & new_root.keys():
        found += _compare(old_root[name], new_root[name], f"{where}{name}")
    if old.get("x-key") != new.get("x-key"):
        found.append(f"{where}: the ordering key changed")
    return found


def _compare(old: Schema, new: Schema, where: str) -> list[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    gone = [f"{where}.{name} is gone" for name in before.keys() - after.keys()]
    demanded = set(new.get("required", [])) - set(old.get("required", []))
    asked = [f"{where}.{name} is required now" for name in sorted(demanded)]
    changed = [
        f"{where}.{name} changed its type"
        for name in before.keys() & after.keys()
        if _kind(before[name]) != _kind(after[name])
    ]
    words = _words(old, new, where) + [
        line for name in before.keys() & after.keys() for line in _words(before[name], after[name], f"{where}.{name}")
    ]
    return sorted(gone) + asked + sorted(changed) + sorted(words)


def _words(old: Schema, new: Schema, where: str) -> list[str]:
    """Of a closed list of values: one less is refused by the new reader of an old message, one more by the old reader
    of a new one, which runs on while a release is rolled out.
    """
    before, after = (set(one.get("enum", [one.get("const")])) - {None} for one in (old, new))
    if not before or not after:
        return [f"{where} is {'one of a few values' if after else 'any value'} now"] if before or after else []
    return [f"{where} no longer allows {value}" for value in before - after] + [
        f"{where} may be {value} now" for value in after - before
    ]


def _kind(schema: Schema) -> Schema:
    """The parts of a field's schema that readers depend on, without titles, texts and defaults."""
    ignored = {"title", "description", "default", "enum", "const"}
    return {
        name: [_kind(part) for part in value]
        if isinstance(value, list) and name in {"anyOf", "allOf", "prefixItems"}
        else value
        for name, value in schema.items()
        if name not in ignored
    }


def compare(folder: Path = FOLDER) -> tuple[list[str], list[str]]:
    """(breaking changes, types whose committed schema is out of date)."""
    broken, stale = [], []
    contracts = all_messages()
    for type_, contract in contracts.items():
        committed = _read(folder / f"{type_}.json")
        new = schema_of(contract)
        if committed != new:
            stale.append(type_)
        if committed is not None:
            broken += breaking(committed, new)
    gone = [path.stem for path in folder.glob("*.json") if path.stem not in contracts]
    return broken + [f"{type_} is gone" for type_ in sorted(gone)], sorted(stale)


def _read(path: Path) -> Schema | None:
    return json.loads(path.read_text()) if path.exists() else None


def write(folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    for type_, contract in all_messages().items():
        (folder / f"{type_}.json").write_text(json.dumps(schema_of(contract), indent=2, sort_keys=True) + "\n")


def main(arguments: list[str]) -> int:
    if arguments not in (["check"], ["write"]) and arguments[:1] != ["check"]:
        print("usage: python -m shared.contracts check [folder] | write", file=sys.stderr)  # noqa: T201
        return 2
    broken, stale = compare(*map(Path, arguments[1:]))
    if broken:
        print("breaking within .v1:", *broken, sep="\n  ", file=sys.stderr)  # noqa: T201
        return 1
    if arguments == ["write"]:
        write()
        return 0
    if stale and not arguments[1:]:
        print("schemas out of date (make schemas):", *stale, sep="\n  ", file=sys.stderr)  # noqa: T201
    return 1 if stale and not arguments[1:] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
