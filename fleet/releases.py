"""`python -m fleet.releases`: nothing that reads the messages of the last release stumbles over those of this one.

The last release is the newest tag behind HEAD. While there is none, each schema is compared with the first that was
ever committed of it, and the first examples of each message are read. Where there is no history (an archive, a clone of
one commit) it says what is missing.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from fleet.table import ROOT
from shared.contracts import all_messages
from shared.contracts.__main__ import compare

SCHEMAS, EXAMPLES = "shared/shared/contracts/schemas", "shared/shared/contracts/examples"
NO_RELEASE = "the first commit of each schema, as there is no tag"
BEFORE_THE_FIRST = {
    "user.email_code_issued.v1.purpose may be erase_account now",
    "vendor.payout_settled.v1.status may be returned now",
}
"""Done while nobody could have deployed a reader that stumbles. Counts until there is a tag."""


def main() -> int:
    against, schemas, examples = last_release(ROOT)
    broken = [line for line in broken_since(schemas) if against != NO_RELEASE or line not in BEFORE_THE_FIRST]
    print(f"compared with {against}; examples of {len(examples)} messages are read")
    broken += unreadable(examples)
    if not schemas and (ROOT / ".git").exists():
        broken = ["this is a clone, but git shows none of its schemas"]
    if broken:
        print("breaking within .v1:", *broken, sep="\n  ", file=sys.stderr)
    return 1 if broken else 0


def broken_since(schemas: Mapping[str, bytes]) -> list[str]:
    """What readers of these schemas (file name → content) could stumble over today."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in schemas.items():
            (Path(folder) / name).write_bytes(content)
        return compare(Path(folder))[0]


def unreadable(examples: Mapping[str, bytes]) -> list[str]:
    """What was really sent (file name → content) and is still on its way, but which today's contracts do not take."""
    contracts, found = all_messages(), list[str]()
    for name, content in examples.items():
        type_ = Path(name).stem
        for one in json.loads(content) if type_ in contracts else ():
            try:
                contracts[type_].model_validate(one["data"])
            except ValidationError as error:
                found.append(f"{type_} as {one['source']} sent it: {error.errors()[0]['msg']}")
    return found


class Release(NamedTuple):
    """What it is, in words, and its schemas and examples: file name → content."""

    name: str
    schemas: dict[str, bytes]
    examples: dict[str, bytes]


def last_release(clone: Path) -> Release:
    if _git(clone, "rev-parse", "--is-shallow-repository").strip() == b"true":
        name = "nothing: this clone has no history (fetch it: git fetch --unshallow --tags)"
        return Release(name, _at(clone, "HEAD", SCHEMAS), _at(clone, "HEAD", EXAMPLES))
    tag = _git(clone, "describe", "--tags", "--abbrev=0").decode().strip()
    if tag:
        return Release(tag, _at(clone, tag, SCHEMAS), _at(clone, tag, EXAMPLES))
    schemas, examples = _first_of_each(clone, SCHEMAS), _first_of_each(clone, EXAMPLES)
    return Release(NO_RELEASE if schemas else "nothing: there is no history here", schemas, examples)


def _at(clone: Path, commit: str, folder: str) -> dict[str, bytes]:
    """File name → content; nothing where there is no such commit."""
    names = _git(clone, "ls-tree", "--name-only", commit, f"{folder}/").decode().split()
    return {Path(name).name: _git(clone, "show", f"{commit}:{name}") for name in names}


def _first_of_each(clone: Path, folder: str) -> dict[str, bytes]:
    """File name → its content as it was first committed."""
    first = dict(_brought(clone, folder))
    return {Path(name).name: _git(clone, "show", f"{commit}:{name}") for name, commit in first.items()}


def _brought(clone: Path, folder: str) -> Iterator[tuple[str, str]]:
    """File → a commit that brought it; what comes later in the list is older, and the oldest counts."""
    commit = ""
    log = ("log", "--diff-filter=A", "--no-renames", "--name-only", "--format=commit %H", "--", f"{folder}/*.json")
    for line in _git(clone, *log).decode().splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif line:
            yield line, commit


def _git(clone: Path, *arguments: str) -> bytes:
    """What it prints; nothing where it fails, or where git itself is missing."""
    try:
        done = subprocess.run(["git", "-C", str(clone), *arguments], capture_output=True)
    except FileNotFoundError:
        return b""
    return done.stdout if done.returncode == 0 else b""


if __name__ == "__main__":
    sys.exit(main())
