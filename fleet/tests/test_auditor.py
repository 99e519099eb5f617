"""The auditor without a fleet: joining, what counts as a finding, what is told of it, and who cannot be asked."""

import json
import random
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from auditor import Fleet, Unanswered, clients, pages, runs
from auditor.__main__ import duration
from auditor.findings import Finding, Invariant, Severity
from auditor.invariants import every_invariant
from auditor.joins import Join, Sides, in_batches, merged
from fleet import keys
from shared.context import new_id

Row = dict[str, Any]


class Rows:
    """A fleet whose services have these rows, by service; `then` is what they have when asked for the second time."""

    def __init__(self, then: dict[str, list[Row]] | None = None, **first: list[Row]) -> None:
        self.first, self.then = first, then or first

    def rows(self, service: str, _topic: str, after: str | None = None) -> Iterator[Row]:
        return (one for one in sorted(self.first[service], key=itemgetter("id")) if one["id"] > (after or ""))

    def rows_of(self, service: str, _topic: str, ids: Collection[str]) -> dict[str, Row]:
        return {row["id"]: row for row in self.then[service] if row["id"] in ids}


def pairs() -> Join:
    join = Join("pairs", walked={"left": ("left", "rows"), "right": ("right", "rows")})

    @join.rule(Severity.MINOR, "none")
    def both_are_there(sides: Sides) -> Iterator[Row]:
        """Both."""
        if None in sides.values():
            yield {side: row is not None for side, row in sides.items()}

    return join


def row(id_: str, age: float | None = 1_000) -> Row:
    return {"id": id_, "age": age}


def found(join: Join, fleet: Any, *, still: float = 60) -> list[str]:
    return [finding.about for finding in looked(join, fleet, still=still).findings]


def looked(join: Join, fleet: Any, *, still: float = 60, only: str = "") -> runs.Report:
    report = runs.Report(datetime.now(UTC))
    wanted = {invariant.name for invariant in join.rules if only in {"", invariant.name}}
    runs._look_at(join, fleet, report, wanted, still, None)
    return report


# ── Joining ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_id_comes_once_with_its_rows_of_every_side() -> None:
    chance = random.Random(7)
    for _round in range(200):
        sides = {side: {chance.randint(0, 30) for _ in range(chance.randint(0, 20))} for side in "abc"}
        streams = {side: iter([row(f"{n:02}") for n in sorted(numbers)]) for side, numbers in sides.items()}

        joined = list(merged(streams))

        assert [id_ for id_, _rows in joined] == [f"{n:02}" for n in sorted(set.union(*sides.values()))]
        for id_, rows in joined:
            assert {side: one is not None for side, one in rows.items()} == {s: int(id_) in sides[s] for s in sides}


def test_no_more_is_held_of_a_side_than_its_next_row() -> None:
    read: list[int] = []

    def endless() -> Iterator[Row]:
        for n in range(10_000_000):
            read.append(n)
            yield row(f"{n:08}")

    first = next(in_batches(merged({"one": endless(), "other": endless()}), 100))

    assert len(first) == 100
    assert len(read) <= 2 * 101


# ── What counts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_on_one_side_only_is_found() -> None:
    assert found(pairs(), Rows(left=[row("a"), row("b")], right=[row("b"), row("c")])) == ["a", "c"]


def test_what_was_touched_a_moment_ago_is_no_finding_yet() -> None:
    fleet = Rows(left=[row("a", age=59), row("b", age=60), row("c", age=None)], right=[])

    assert found(pairs(), fleet) == ["b", "c"]
    assert found(pairs(), fleet, still=0) == ["a", "b", "c"]


def test_what_is_touched_all_the_time_is_judged_once_both_sides_tell_of_one_version() -> None:
    join = Join("copies", walked={"left": ("left", "rows"), "right": ("right", "rows")}, versioned=True)

    @join.rule(Severity.MINOR, "none")
    def both_say_the_same(sides: Sides) -> Iterator[Row]:
        """The same."""
        left, right = sides["left"], sides["right"]
        if not (left and right) or left["says"] != right["says"]:
            yield {}

    def rows(says: int, **versions: int) -> list[Row]:
        return [{"id": id_, "age": 0, "version": version, "says": says} for id_, version in versions.items()]

    fleet = Rows(left=rows(1, level=7, behind=7, alone=7), right=rows(2, level=7, behind=6))

    assert found(join, fleet) == ["level"]


def test_what_a_second_look_does_not_find_is_none() -> None:
    came = {"left": [row("a"), row("b")], "right": [row("a")]}

    assert found(pairs(), Rows(left=[row("a"), row("b")], right=[], then=came)) == ["b"]


def test_what_only_a_second_look_finds_waits_for_the_next_audit() -> None:
    join = pairs()

    @join.rule(Severity.MINOR, "none")
    def the_left_is_there(sides: Sides) -> Iterator[Row]:
        """The left."""
        if sides["left"] is None:
            yield {"left": False}

    only_left, only_right = {"left": [row("a")], "right": []}, {"left": [], "right": [row("a")]}

    assert found(join, Rows(**only_right, then=only_right)) == ["a", "a"]
    assert found(join, Rows(**only_left, then=only_right)) == ["a"]


def many(count: int) -> list[Row]:
    return [row(f"{number:05}") for number in range(count)]


def test_a_thousand_suspects_that_a_second_look_clears_do_not_end_it() -> None:
    every = many(3 * runs.MOST)
    cleared = {"left": every, "right": every[:-1]}

    report = looked(pairs(), Rows(left=every, right=[], then=cleared))

    assert [finding.about for finding in report.findings] == [every[-1]["id"]]
    assert (report.cut_short, report.complete, report.status) == ([], {"both_are_there"}, 1)


def test_more_findings_than_anybody_reads_end_it_and_nobody_is_told_that_the_rest_is_well() -> None:
    report = looked(pairs(), Rows(left=many(3 * runs.MOST), right=[]))

    assert runs.MOST <= len(report.findings) < 2 * runs.MOST
    assert (report.cut_short, report.complete, report.status) == (["pairs"], set(), 2)
    assert "not all was looked at: there are too many findings about pairs" in pages.table(report)


def test_what_was_not_wanted_is_neither_suspected_nor_called_well() -> None:
    join = pairs()

    @join.rule(Severity.MINOR, "none")
    def nothing_is_there(sides: Sides) -> Iterator[Row]:
        """Nothing."""
        yield {}

    report = looked(join, Rows(left=many(2 * runs.MOST), right=many(2 * runs.MOST)), only="both_are_there")

    assert (report.findings, report.cut_short, report.complete) == ([], [], {"both_are_there"})


def test_who_is_asked_about_is_chosen_by_what_was_walked() -> None:
    join = pairs()
    join.asked, join.wanted = {"more": ("third", "rows")}, lambda sides: sides["right"] is None
    fleet = Rows(left=[row("a"), row("b")], right=[row("b")], third=[row("a"), row("b")])
    seen: dict[str, Row | None] = {}

    @join.rule(Severity.MINOR, "none")
    def is_seen(sides: Sides) -> Iterator[Row]:
        """Seen."""
        assert sides["left"]
        seen[sides["left"]["id"]] = sides["more"]
        yield from ()

    list(join.walk(fleet, still=0))

    assert seen == {"a": row("a"), "b": None}


def test_orders_of_this_time_begin_at_an_id() -> None:
    before, moment = new_id(), datetime.now(UTC) + timedelta(milliseconds=5)

    assert str(before) < runs._first_id(moment)
    assert runs._first_id(moment) < runs._first_id(moment + timedelta(milliseconds=1))
    assert UUID(runs._first_id(moment)).int >> 80 == int(moment.timestamp() * 1000)


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def key(tmp_path: Path) -> str:
    keys.make_pair(tmp_path, "auditor")
    return (tmp_path / "private" / "auditor.pem").read_text()


def fleet_that(answer: Any, key: str, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr(clients, "PAUSE_SECONDS", 0)
    fleet = Fleet({"order": "http://order"}, key)
    fleet._client = httpx.Client(transport=httpx.MockTransport(answer))
    return fleet


def test_rows_come_page_by_page(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(after := request.url.params.get("after"))
        rows, upto = ([row("c")], None) if after else ([row("a"), row("b")], "b")
        return httpx.Response(200, json={"rows": rows, "upto": upto})

    assert [one["id"] for one in fleet_that(answer, key, monkeypatch).rows("order", "orders")] == ["a", "b", "c"]
    assert asked == [None, "b"]


def test_a_service_that_is_changed_over_is_asked_again(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [httpx.Response(503), httpx.Response(502), httpx.Response(200, json={"broken": ["a line"]})]

    assert fleet_that(lambda _request: answers.pop(0), key, monkeypatch).broken("order", "reports") == ["a line"]


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_a_service_that_does_not_answer_is_named(status: int, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = fleet_that(lambda _request: httpx.Response(status), key, monkeypatch)

    with pytest.raises(Unanswered, match=f"^order could not be asked for checks/reports: it answers {status}$"):
        fleet.broken("order", "reports")


def test_ids_are_asked_for_by_the_hundred(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sizes.append(len(json.loads(request.content)["ids"]))
        return httpx.Response(200, json={"mended": sizes[-1]})

    assert fleet_that(answer, key, monkeypatch).mend("order", "refunds", [str(uuid4()) for _ in range(250)]) == 250
    assert sizes == [100, 100, 50]


def test_who_is_away_leaves_the_rest_to_be_looked_at(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "payment":
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={"broken": ["three of them"], "rows": [], "upto": None})

    fleet = fleet_that(answer, key, monkeypatch)
    fleet.urls = {name: f"http://{name}" for name in clients.SERVICES}

    report = runs.audit(fleet)

    assert report.status == 2
    assert {line.partition(" ")[0] for line in report.unanswered} == {"payment"}
    assert ("stock_adds_up", "catalog") in {(finding.name, finding.about) for finding in report.findings}
    asked, left = {"stock_adds_up", "a_cart_offers_nothing_else"}, {"messages_leave", "the_ledger_adds_up"}
    assert report.complete >= asked
    assert not report.complete & (left | {"a_confirmed_order_is_paid_once", "a_payout_is_known_alike"})
    with pytest.raises(Unanswered, match="payment could not be asked"):
        runs.run(fleet)


# ── Telling ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def a_report(*, mended: bool = False, unanswered: list[str] | None = None) -> runs.Report:
    invariant = Invariant("all_is_well", "All is well.", Severity.CRITICAL, "mend <it>")
    finding = Finding(invariant, "0193", {"order": 1, "payment": {"amount": "<b>"}}, mended)
    return runs.Report(datetime.now(UTC), [finding], {"orders": 12}, unanswered or [])


def test_the_exit_status_says_clean_findings_or_not_asked() -> None:
    assert runs.Report(datetime.now(UTC)).status == 0
    assert a_report(mended=True).status == 0
    assert a_report().status == 1
    assert a_report(unanswered=["payment could not be asked"]).status == 2


def test_a_table_names_the_invariant_its_meaning_both_figures_and_the_repair() -> None:
    table = pages.table(a_report(unanswered=["payment could not be asked"]))

    for text in ("critical: all_is_well", "All is well.", "0193", "order=1", "mend <it>"):
        assert text in table
    assert "not all was looked at: payment could not be asked" in table
    assert pages.table(runs.Report(datetime.now(UTC))).startswith("nothing is inconsistent")


def test_files_have_every_finding_and_every_invariant(tmp_path: Path) -> None:
    files = pages.write(a_report(), tmp_path / "audit")

    told = json.loads(files[0].read_text())
    page = files[1].read_text()
    assert told["findings"][0]["figures"] == {"order": 1, "payment": {"amount": "<b>"}}
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert all(invariant.name in page for invariant in every_invariant())
    assert (page.count(">holds<"), page.count(">not looked at<")) == (0, len(every_invariant()))
    assert sorted(file.name for file in (tmp_path / "audit").iterdir()) == ["audit.html", "audit.json"]


def test_a_page_says_well_only_of_what_was_looked_at() -> None:
    some = {invariant.name for invariant in every_invariant()[:2]}

    page = pages.html(runs.Report(datetime.now(UTC), complete=some))

    assert (page.count(">holds<"), page.count(">not looked at<")) == (2, len(every_invariant()) - 2)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21_600), ("7d", 604_800)])
def test_times_are_written_short(text: str, seconds: int) -> None:
    assert duration(text).total_seconds() == seconds
