"""A fleet in order gives no finding; whatever is put into its databases is found by the invariant that forbids it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import story as stories
from cases import CASES, Case
from conftest import Buy, MakeProduct
from databases import Databases
from story import Story

import auditor
from auditor.invariants import every_invariant
from fleet import auditing
from fleet.client import Market, wait_for
from fleet.table import Table

Audit = Callable[..., dict[tuple[str, str], auditor.Finding]]


@pytest.fixture(scope="module")
def databases(fleet: Table) -> Iterator[Databases]:
    found = Databases(fleet)
    yield found
    found.close()


@pytest.fixture(scope="module")
def audit(fleet: Table) -> Audit:
    """By invariant and what it is about, whatever was touched a moment ago too."""
    asked = auditing.fleet_of(fleet)

    def run(**options: Any) -> dict[tuple[str, str], auditor.Finding]:
        found = auditor.run(asked, still=0, **options)
        return {(finding.name, finding.about): finding for finding in found}

    return run


@pytest.fixture(scope="module")
def story(market: Market, make_product: MakeProduct, buy: Buy) -> Story:
    return stories.told(market, make_product, buy)


def test_a_fleet_in_order_gives_no_finding(audit: Audit, story: Story) -> None:
    wait_for(lambda: not audit(), "the last messages to be heard", 30)

    assert audit() == {}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_inconsistency_is_found_and_where_that_is_safe_mended(
    case: Case, audit: Audit, story: Story, databases: Databases
) -> None:
    with case.inject(databases, story) as about:
        found = audit(only=[case.invariant], repair=case.mends)

        assert (case.invariant, about) in found
        assert found[case.invariant, about].mended == case.mends
        assert ((case.invariant, about) in audit(only=[case.invariant])) != case.mends


@pytest.mark.parametrize("name", ["a_price_of_yesterday", "a_balance_that_is_shown_too_high"])
def test_what_is_never_still_is_judged_by_its_version(
    name: str, fleet: Table, story: Story, databases: Databases
) -> None:
    case = CASES[name]

    with case.inject(databases, story) as about:
        found = auditor.run(auditing.fleet_of(fleet), still=1_000_000, only=[case.invariant])

    assert [finding.about for finding in found] == [about]


def test_the_fleet_is_in_order_again(audit: Audit, story: Story) -> None:
    wait_for(lambda: not audit(), "the last messages to be heard", 30)


def test_a_case_is_there_for_every_invariant() -> None:
    assert {invariant.name for invariant in every_invariant()} == {case.invariant for case in CASES.values()}


def test_what_repair_promises_is_tried() -> None:
    promised = {invariant.name for invariant in every_invariant() if invariant.mends}

    assert promised == {case.invariant for case in CASES.values() if case.mends}


def test_every_invariant_says_what_it_means_and_what_mends_it() -> None:
    for invariant in every_invariant():
        assert invariant.means.endswith("."), invariant.name
        assert invariant.repair, invariant.name


def test_a_finding_tells_ids_and_figures_and_no_address(audit: Audit, story: Story, databases: Databases) -> None:
    with CASES["an_address_of_before"].inject(databases, story) as about:
        finding = audit(only=["an_account_is_known_alike"])["an_account_is_known_alike", about]

    assert UUID(finding.about)
    assert "@" not in str(finding.as_json())
