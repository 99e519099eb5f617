"""`python -m fleet.recorder [service …]`: write down what services really send while their own tests run.

Of each type of message and each sender the few examples that differ most in shape: shared/shared/contracts/examples/.
They are committed; tests/one_process hands them to every service that listens, and fleet/releases.py reads those of the
last release with the contracts of today. It is also the pytest plugin that does the writing down.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from fleet import suites
from fleet.table import ROOT, load

FOLDER = ROOT / "shared" / "shared" / "contracts" / "examples"
MOST = 2
"""Examples of a type by a sender."""
Example = dict[str, Any]
sent: dict[str, list[Example]] = {}


def main(names: list[str]) -> int:
    """Tests that fail all the same send something; the exit status is the worst of theirs."""
    table, worst = load(), 0
    for name in names or [service.name for service in table.services if service.database]:
        suite = suites.find(table, name)
        variables = {**os.environ, **suite.environment, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "pytest", "-p", "fleet.recorder", *suite.arguments]
        worst = max(worst, subprocess.run(command, cwd=suite.folder, env=variables).returncode)
    return worst


def shape(data: Any, place: str = "") -> Iterator[str]:
    """Paths to all values that are something, with what kind of thing they are."""
    if isinstance(data, dict | list) and data:
        for key, part in data.items() if isinstance(data, dict) else (("*", part) for part in data):
            yield from shape(part, f"{place}.{key}")
    elif data is not None:
        yield f"{place}:{type(data).__name__}"


def chosen(examples: list[Example]) -> list[Example]:
    """Of each sender: the fullest, then those that have most that none before had."""
    found: list[Example] = []
    for sender in sorted({one["source"] for one in examples}):
        left, seen = [one for one in examples if one["source"] == sender], set[str]()
        for _ in range(MOST):
            best = max(left, key=lambda one: len(set(shape(one["data"])) - seen))
            if new := set(shape(best["data"])) - seen:
                seen |= new
                found.append(best)
    return found


# ── The plugin ───────────────────────────────────────────────────────────────────────────────────────────────────────


def pytest_collection_finish() -> None:
    from shared import outbox

    real = outbox._row

    def written_down(*arguments: Any) -> dict[str, object]:
        row = real(*arguments)
        envelope: Any = row["envelope"]
        kept = sent.setdefault(envelope["type"], [])
        kept.append({"source": envelope["source"], "data": json.loads(json.dumps(envelope["data"]))})
        sent[envelope["type"]] = chosen(kept)
        return row

    outbox._row = written_down


def pytest_sessionfinish() -> None:
    FOLDER.mkdir(exist_ok=True)
    for type_, examples in sent.items():
        file, senders = FOLDER / f"{type_}.json", {one["source"] for one in examples}
        before = json.loads(file.read_text()) if file.exists() else []
        others = [one for one in before if one["source"] not in senders]
        text = json.dumps(chosen(others + examples), indent=1, sort_keys=True, ensure_ascii=False)
        file.write_text(text + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
