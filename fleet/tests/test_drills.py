"""What the drills' report says, and that what it is about is there."""

from pathlib import Path

import pytest

from fleet import drills, drills_page, guards
from fleet.table import ROOT, load

FOLDERS = {"tests": ROOT, "shared": ROOT / "shared", "one_process": ROOT / "tests" / "one_process"}


def folder_of(suite: str) -> Path:
    return FOLDERS.get(suite) or load().service(suite).folder


@pytest.mark.parametrize("name", drills.known())
def test_a_drill_names_tests_and_benchmarks_that_there_are(name: str) -> None:
    one = drills.known()[name]

    for suite, *arguments in one.tests:
        for place in (argument for argument in arguments if argument.startswith("test")):
            file, _colons, test = place.partition("::")
            assert (folder_of(suite) / file).exists()
            assert not test or f"def {test}" in (folder_of(suite) / file).read_text()
    for module, *_arguments in one.benchmarks:
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()
    assert one.tests or one.benchmarks


@pytest.mark.parametrize("guard", guards.known(), ids=lambda guard: guard.name)
def test_a_guard_stands_where_it_is_taken_out(guard: guards.Guard) -> None:
    assert (ROOT / guard.file).read_text().count(guard.old) == 1
    assert guard.drill in drills.known()


def test_what_a_drill_tells_is_read_from_its_lines() -> None:
    lines = [
        "..seed: 5",
        "load: 800 events",
        ".ok     no event is missing",
        "BROKEN none twice",
        '{"at": "x"}',
        "ok so",
    ]

    assert list(drills._lines(lines)) == [
        ("seed", "5"), ("load", "800 events"), ("ok", "no event is missing"), ("BROKEN", "none twice"),
    ]  # fmt: skip


def test_a_test_is_a_sentence_with_how_often_it_held(tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    junit.write_text(
        '<testsuites><testsuite><testcase name="test_it_holds[1]"/>'
        '<testcase name="test_it_holds[2]"><failure/></testcase>'
        '<testcase name="test_not_here"><skipped/></testcase></testsuite></testsuites>'
    )

    assert list(drills._tests(junit, 1)) == [("BROKEN", "it holds (1 of 2)")]
    junit.write_text('<testsuites><testcase name="test_not_here"><skipped/></testcase></testsuites>')
    assert list(drills._tests(junit, 0)) == [("BROKEN", "no test ran: all were skipped, pytest ended with 0")]
    junit.write_text("")
    assert list(drills._tests(junit, 4)) == [("BROKEN", "no test ran: pytest ended with 4")]


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        ([("seed", "5"), ("ok", "once")], True),
        ([("ok", "once"), ("BROKEN", "in time")], False),
        ([("seed", "5"), ("load", "800 events")], False),
    ],
)
def test_a_drill_holds_by_what_it_told(told: list[tuple[str, str]], holds: bool) -> None:
    assert drills._holds(told) is holds


END = "BROKEN: no anomaly (7 s)\n"


@pytest.mark.parametrize(
    ("code", "output", "well", "told"),
    [
        (0, "held: no anomaly (7 s)\n", False, "nothing was found"),
        (1, f".BROKEN none twice: 2\nFAILED tests/test_x.py::test_it\n{END}", True, "none twice: 2"),
        (1, f"E       assert 2 == 1\nFAILED tests/test_x.py::test_it - assert 2 == 1\n{END}", True, "assert 2 == 1"),
        (1, f"E       no port\nERROR tests/test_x.py::test_it - no port\n{END}", False, "no verdict: no port"),
        (1, ".BROKEN none twice\nKeyboardInterrupt\n", False, "no verdict: none twice"),
        (1, "catalog_service did not start\n", False, "no verdict: catalog_service did not start"),
        (1, "", False, "no verdict: no word"),
    ],
)
def test_a_guard_is_found_out_by_a_verdict_and_by_nothing_else(code: int, output: str, well: bool, told: str) -> None:
    assert guards._judged(code, output) == (well, told)


def test_what_is_found_of_some_guards_leaves_what_was_kept_of_the_others() -> None:
    first, second = guards.known()[:2]
    kept = [{"name": name, "well": True} for name in ("a guard that is no more", second.name, first.name)]

    merged = guards._with(kept, [guards.Removed(first.name, first.file, first.drill, False, "nothing was found")])

    assert [(one["name"], one["well"]) for one in merged] == [(first.name, False), (second.name, True)]


def test_the_report_shows_each_drill_of_each_run_and_what_the_guards_are_worth() -> None:
    outcome = {"name": "T9", "well": False, "seconds": 7.4, "told": [["ok", "a < b"], ["BROKEN", "c"]]}
    run = {"at": "2026-01-01 10:00", "seed": 7, "full": True, "commit": "abc", "drills": [outcome]}
    small = {**run, "full": False, "drills": [{**outcome, "well": True, "seconds": 2.0}]}
    guard = {"name": "the check", "file": "x.py", "drill": "T9", "well": True, "told": "c"}
    report = {"machine": "2 cores", "versions": {"Redis": "7"}, "runs": [run, small], "guards": [guard]}
    rows = [("T9", "A poison message", "nothing is lost"), ("T10", "Slow", "once")]

    page, text = drills_page.html(rows, report), drills_page.markdown(rows, report)

    assert "a &lt; b" in page
    assert page.count("<details>") == 2
    assert "| T9 | A poison message | nothing is lost | **BROKEN**, full, 7 s | ok, small, 2 s |" in text
    assert "| T10 | Slow | once | – | – |" in text
    assert "seed 7, full, abc" in text
    assert "seed 7, small, abc" in text
    assert "small, 2 s" in page
    assert "| the check | `x.py` | T9 | found out: c |" in text
