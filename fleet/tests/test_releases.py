"""What has changed about messages since the last release, in a repository made for it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fleet.releases import EXAMPLES, NO_RELEASE, SCHEMAS, broken_since, last_release, unreadable
from shared.contracts.__main__ import FOLDER

Schemas = dict[str, Any]
RESERVED = "catalog.stock_reserved.v1.json"
NOW: Schemas = {path.name: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}


class Clone:
    """A repository with nothing but schemas and examples in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(self.folder), *who, *arguments], check=True, capture_output=True)

    def commit(self, files: Schemas, tag: str = "", folder: str = SCHEMAS) -> None:
        place = self.folder / folder
        place.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (place / name).write_text(json.dumps(content))
        self.git("add", ".")
        self.git("commit", "--quiet", "--allow-empty", "-m", "as it was")
        if tag:
            self.git("tag", tag)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


def changed(change: Callable[[Any], object], name: str = RESERVED) -> Schemas:
    """What a release had, that differs from today's by this."""
    schema = json.loads(json.dumps(NOW[name]))
    change(schema)
    return {**NOW, name: schema}


BROKEN: dict[str, tuple[Schemas, str]] = {
    "a field is gone": (
        changed(lambda old: old["properties"].update(colour={"type": "string"})),
        "catalog.stock_reserved.v1.colour is gone",
    ),
    "a field has another type": (
        changed(lambda old: old["properties"].update(order_id={"type": "integer"})),
        "catalog.stock_reserved.v1.order_id changed its type",
    ),
    "a field is required": (
        changed(lambda old: old["required"].remove("order_id")),
        "catalog.stock_reserved.v1.order_id is required now",
    ),
    "a list of values has one more": (
        changed(lambda old: old["properties"]["change"]["enum"].remove("off"), "user.two_factor_changed.v1.json"),
        "user.two_factor_changed.v1.change may be off now",
    ),
    "a message is gone": (
        {**NOW, "catalog.stock_counted.v1.json": {"$id": "catalog.stock_counted.v1"}},
        "catalog.stock_counted.v1 is gone",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_breaks_readers_of_the_last_release_is_named(clone: Clone, what: str) -> None:
    released, said = BROKEN[what]
    clone.commit(released, tag="v1.0")
    clone.commit(NOW)

    against, schemas, _examples = last_release(clone.folder)

    assert (against, broken_since(schemas)) == ("v1.0", [said])


def test_what_is_added_breaks_nobody(clone: Clone) -> None:
    released = changed(lambda old: old["properties"].pop("tracking_url"), "order.vendor_order_shipped.v1.json")
    del released["user.user_erased.v1.json"]
    clone.commit(released, tag="v1.0")

    assert broken_since(last_release(clone.folder).schemas) == []


def test_what_was_sent_before_and_cannot_be_read_any_more_is_named() -> None:
    examples = {file.name: file.read_bytes() for file in FOLDER.with_name("examples").glob("*.json")}
    old = json.loads(examples[RESERVED])
    del old[0]["data"]["order_id"]

    assert len(examples) == len(NOW)
    assert unreadable(examples) == []
    assert unreadable({RESERVED: json.dumps(old).encode()}) == [
        "catalog.stock_reserved.v1 as catalog sent it: Field required"
    ]


@pytest.mark.parametrize("tag", ["v1.0", ""])
def test_what_was_sent_is_read_as_the_last_release_or_else_the_first_commit_has_it(clone: Clone, tag: str) -> None:
    now = json.loads((FOLDER.with_name("examples") / RESERVED).read_text())
    old = [{**now[0], "data": {**now[0]["data"], "order_id": "not an id"}}]
    clone.commit(NOW)
    clone.commit({RESERVED: old}, tag, folder=EXAMPLES)
    clone.commit({RESERVED: now}, folder=EXAMPLES)

    [line] = unreadable(last_release(clone.folder).examples)

    assert line.startswith("catalog.stock_reserved.v1 as catalog sent it: ")


def test_the_newest_release_counts(clone: Clone) -> None:
    clone.commit(BROKEN["a field is gone"][0], tag="v1.0")
    clone.commit(NOW, tag="v2.0")

    assert (last_release(clone.folder).name, broken_since(last_release(clone.folder).schemas)) == ("v2.0", [])


def test_without_a_release_the_first_of_each_counts(clone: Clone) -> None:
    clone.commit(BROKEN["a field is gone"][0])
    clone.commit(NOW)

    against, schemas, _examples = last_release(clone.folder)

    assert (against, broken_since(schemas)) == (NO_RELEASE, [BROKEN["a field is gone"][1]])


def test_without_a_history_it_says_so(tmp_path: Path, clone: Clone) -> None:
    clone.commit(NOW)
    clone.commit({})
    shallow = tmp_path / "shallow"
    copy = ("git", "clone", "--quiet", "--depth=1", f"file://{clone.folder}", str(shallow))
    subprocess.run(copy, check=True, capture_output=True)

    assert last_release(shallow).name.startswith("nothing: this clone has no history")
    assert last_release(tmp_path) == ("nothing: there is no history here", {}, {})
