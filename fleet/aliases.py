"""nginx/aliases.toml as typed data, and as lines of NGINX's configuration."""

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

_NAME = "[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
PATTERNS = {"id": "[0-9A-Fa-f-]+", "name": _NAME, "rest": f"(?:/{_NAME})*"}
"""What a name in braces stands for: never `..`, and nothing that ends a header's line, as it comes back in `Link`."""
EXAMPLES = {"id": "01890000-0000-7000-8000-000000000001", "name": "a-name", "rest": ""}
ALWAYS = ("OPTIONS", "TRACE")
"""Methods that the edge treats alike on every path."""
_BRACES = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Alias:
    """A path of another system and its canonical one."""

    path: str
    canonical: str
    methods: dict[str, str]
    """What is asked → what the service sees; empty: all, as they are."""
    query: str
    since: date

    @property
    def pattern(self) -> str:
        """A regular expression, without anchors."""
        parts = _BRACES.split(self.path)
        told = [part if n % 2 == 0 else f"(?<own_{part}>{PATTERNS[part]})" for n, part in enumerate(parts)]
        return "".join(told) + "/?"

    @property
    def match(self) -> str:
        return f"~ ^{self.pattern}$"

    @property
    def example(self) -> str:
        """A canonical path as a service sees it."""
        return self.filled(self.canonical)

    def filled(self, path: str) -> str:
        """The path with examples in its braces."""
        return _BRACES.sub(lambda found: EXAMPLES.get(found[1], EXAMPLES["name"]), path)

    @property
    def refused(self) -> str:
        """Fits `<method> <path>` of every method that this path is not for."""
        known = "|".join([*self.methods, *ALWAYS])
        return f"(?!(?:{known}) )[A-Z]+ {re.sub(r'<own_[a-z]+>', ':', self.pattern)}"

    @property
    def _name(self) -> str:
        return re.sub(r"\W+", "_", self.path).strip("_")

    def maps(self) -> list[str]:
        """Blocks beside the server: the method that the service sees, the path that a query names."""
        changed = {asked: seen for asked, seen in self.methods.items() if asked != seen}
        found = []
        if changed:
            rows = "".join(f" {asked} {seen};" for asked, seen in changed.items())
            found.append(f"    map $request_method $method_of_{self._name} {{{rows} default $request_method; }}")
        if self.query:
            there = self.canonical.replace(f"{{{self.query}}}", "$chosen")
            found.append(
                f"    map $arg_{self.query} $path_of_{self._name} "
                f'{{ "~^(?<chosen>{PATTERNS["name"]})$" {there}; default {self.path}; }}'
            )
        return found

    def lines(self) -> list[str]:
        """Of its location, after everything else: where the request goes, and what the client is told."""
        there = f"$path_of_{self._name}" if self.query else _BRACES.sub(r"$own_\1", self.canonical)
        changes = any(asked != seen for asked, seen in self.methods.items())
        moment = int(datetime.combine(self.since, time(), UTC).timestamp())
        return [
            f'add_header Deprecation "@{moment}" always;',
            f"add_header Link '<{there}>; rel=\"successor-version\"' always;",
            *([f"proxy_method $method_of_{self._name};"] if changes else []),
            f'rewrite "^" "{there}" break;',
        ]


def read(file: Path) -> list[Alias]:
    page = tomllib.loads(file.read_text())
    return [_alias(row, page["deprecated"]["since"]) for row in page["alias"]]


def _alias(row: dict[str, Any], since: date) -> Alias:
    return Alias(row["from"], row["to"], dict(map(_method, row.get("methods", ()))), row.get("query", ""), since)


def _method(text: str) -> tuple[str, str]:
    """`PUT → PATCH`, or `PATCH` for both."""
    asked, _arrow, seen = text.partition(" → ")
    return asked, seen or asked
