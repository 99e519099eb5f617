"""One command makes every copy what its owner says, whatever became of it, and a checksum of both sides proves it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
import story as stories
from conftest import Buy, MakeProduct
from databases import Databases
from story import Story

from auditor import Fleet, projections
from auditor.projections import PROJECTIONS, Projection, rebuild
from fleet import auditing
from fleet.client import Market, wait_for
from fleet.table import Table

Spoil = Callable[[Databases, Story], AbstractContextManager[None]]
SPOILT: dict[tuple[str, str], Spoil] = {
    ("cart", "offers"): lambda db, story: db.removed("cart", "offer", variant_id=story.variant),
    ("catalog", "vendors"): lambda db, story: db.changed(
        "catalog", "known_vendor", {"id": story.vendors[0]}, name="Old"
    ),
    ("order", "vendors"): lambda db, story: db.removed("order", "vendor_terms", vendor_id=story.vendors[0]),
    ("payment", "vendors"): lambda db, story: db.removed("payment", "payout_vendor", id=story.vendors[1]),
    ("notification", "vendors"): lambda db, story: db.removed(
        "notification", "vendor_contact", vendor_id=story.vendors[0]
    ),
    ("order", "customers"): lambda db, story: db.removed("order", "customer", user_id=story.buyer),
    ("notification", "recipients"): lambda db, story: db.removed("notification", "recipient", user_id=story.buyer),
    ("vendor", "balances"): lambda db, story: db.removed("vendor", "balance", vendor_id=story.vendors[0]),
    ("order", "credits"): lambda db, story: db.changed("order", "store_credit", {"user_id": story.buyer}, available=7),
}
COPIED: dict[tuple[str, str], tuple[str, str, Callable[[Story], str], dict[str, Any]]] = {
    ("catalog", "vendors"): ("known_vendor", "id", lambda story: story.vendors[0], {"name": "Later"}),
    ("order", "vendors"): ("vendor_terms", "vendor_id", lambda story: story.vendors[0], {"name": "Later"}),
    ("payment", "vendors"): ("payout_vendor", "id", lambda story: story.vendors[0], {"name": "Later"}),
    ("notification", "vendors"): ("vendor_contact", "vendor_id", lambda story: story.vendors[0], {"name": "Later"}),
    ("order", "customers"): ("customer", "user_id", lambda story: story.buyer, {"email": "later@example.com"}),
    ("notification", "recipients"): ("recipient", "user_id", lambda story: story.buyer, {"email": "later@example.com"}),
}
"""Copies that go by their owner's version: table, key, whose row, and what it says besides."""


@pytest.fixture(scope="module")
def databases(fleet: Table) -> Iterator[Databases]:
    found = Databases(fleet)
    yield found
    found.close()


@pytest.fixture(scope="module")
def asked(fleet: Table) -> Fleet:
    return auditing.fleet_of(fleet)


@pytest.fixture(scope="module")
def story(market: Market, make_product: MakeProduct, buy: Buy) -> Story:
    return stories.told(market, make_product, buy)


def _pairs() -> Sequence[Any]:
    return [pytest.param(one, id=f"{one.name} of {one.copy[0]}") for one in PROJECTIONS]


@pytest.mark.parametrize("projection", _pairs())
def test_a_copy_that_was_spoilt_is_what_its_owner_says_again(
    projection: Projection, asked: Fleet, databases: Databases, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(lambda: not list(rebuild(asked, projection, heal=False))[-1].differing, "the last messages to be heard")

    with SPOILT[projection.copy](databases, story):
        with monkeypatch.context() as nothing_is_on_its_way:
            nothing_is_on_its_way.setattr(projections, "PATIENCE_SECONDS", 0)
            [*_, looked_at] = rebuild(asked, projection, heal=False)
        found, *_, mended = rebuild(asked, projection)

    assert len(looked_at.differing) == len(found.differing) == 1
    assert looked_at.checksums[0] != looked_at.checksums[1]
    assert mended.differing == []
    assert mended.checksums[0] == mended.checksums[1]
    assert mended.rows[0] == mended.rows[1] == found.rows[0]


def _versioned() -> Sequence[Any]:
    return [pytest.param(one, id=f"{one.name} of {one.copy[0]}") for one in PROJECTIONS if one.copy in COPIED]


@pytest.mark.parametrize("says_otherwise", [True, False], ids=["and says otherwise", "and says the same"])
@pytest.mark.parametrize("projection", _versioned())
def test_a_copy_of_a_later_version_follows_its_restored_owner(
    projection: Projection, says_otherwise: bool, asked: Fleet, databases: Databases, story: Story
) -> None:
    table, key, whose, other = COPIED[projection.copy]
    later = {"version": lambda version: version + 100, **(other if says_otherwise else {})}

    with databases.changed(projection.copy[0], table, {key: whose(story)}, **later):
        found, *_, mended = rebuild(asked, projection)

    assert found.differing == [whose(story)]
    assert mended.differing == []


def test_who_cannot_be_asked_is_named(asked: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = Fleet(dict.fromkeys(asked.urls, "http://127.0.0.1:9"), asked.key)

    assert projections.told(nobody, PROJECTIONS[0], heal=True) == 2

    assert "not compared: catalog could not be asked" in capsys.readouterr().out
