"""`fleet drill T9`, `fleet drills`: what could go wrong is done on purpose, with a verdict that anybody can watch.

tests/drills/drills.toml says what there is. A drill is an ordinary test, which runs small in `make test`, too; here it
is told a seed, and with `--full` the size that its target is meant for. What it prints (shared/drills.py) and which
tests passed becomes a report: var/drills/, or docs/drills/ with `--keep`.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleet import bootstrap, drills_page, suites, ups
from fleet.progress import Problem, say
from fleet.table import ROOT, Table

TABLE = ROOT / "tests" / "drills" / "drills.toml"
KEPT = ROOT / "docs" / "drills"
RUNS_SHOWN = 3
FULL_SECONDS = 7_200
"""For each test, at full size."""
_TOLD = re.compile(r"^[.FEs]*(?P<kind>ok(?=  )|BROKEN|(?:load|fault|figure)(?=:)|seed):? +(?P<text>.+)$")
_TARGET = re.compile(r"^ {2}(\S.*\S) {2,}(ok|MISSED)$")


@dataclass(frozen=True, slots=True)
class Drill:
    """`tests`: a suite and pytest's arguments; `benchmarks`: a module and its arguments; `seeds`: small and full."""

    name: str
    title: str
    holds: str
    tests: list[list[str]] = field(default_factory=list)
    benchmarks: list[list[str]] = field(default_factory=list)
    full: dict[str, str] = field(default_factory=dict)
    seeds: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one drill: `told` are pairs of a kind (ok, BROKEN, load, fault, figure) and a text."""

    name: str
    well: bool
    seconds: float
    told: list[tuple[str, str]]


def known() -> dict[str, Drill]:
    return {row["name"]: Drill(**row) for row in tomllib.loads(TABLE.read_text())["drill"]}


def drill(table: Table, name: str, *, seed: int | None, full: bool) -> int:
    """One, with all that it prints."""
    every = known()
    if name not in every:
        raise Problem(f"no such drill: {name}; there are: {', '.join(every)}")
    _prepare(table, [every[name]])
    outcome = _run(table, every[name], _seed(seed), full=full, show=True)
    print(f"{'held' if outcome.well else 'BROKEN'}: {every[name].holds} ({outcome.seconds:.0f} s)")
    return 0 if outcome.well else 1


def drills(table: Table, *, seed: int | None, full: bool, keep: bool) -> int:
    """All of them, one after the other; then the report."""
    _prepare(table, list(known().values()))
    seed, outcomes = _seed(seed), list[Outcome]()
    print(f"seed {seed}")
    for one in known().values():
        outcome = _run(table, one, seed, full=full, show=False)
        print(f"{'ok' if outcome.well else 'BROKEN':7}{one.name:5}{one.title} ({outcome.seconds:.0f} s)", flush=True)
        for line in () if outcome.well else (f"{kind}: {text}" for kind, text in outcome.told):
            print(f"            {line}")
        outcomes.append(outcome)
    folder = KEPT if keep else table.var / "drills"
    run = {"at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}", "seed": seed, "full": full, "commit": _commit()}
    _report(folder, {**run, "drills": [asdict(outcome) for outcome in outcomes]})
    say(f"the report: {folder / 'index.html'}")
    return 0 if all(outcome.well for outcome in outcomes) else 1


def _prepare(table: Table, chosen: Collection[Drill]) -> None:
    """Start what they need: the servers, or the whole fleet."""
    bootstrap.ensure_packages(bootstrap.TEST_PACKAGES)
    asked = [suites.find(table, suite) for one in chosen for suite, *_arguments in one.tests]
    alone = asked and not any(suite.needs_fleet for suite in asked) and not any(one.benchmarks for one in chosen)
    (ups.servers_only if alone else ups.up)(table)


def _seed(given: int | None) -> int:
    return given if given is not None else time.time_ns() % 1_000_000


def _run(table: Table, one: Drill, seed: int, *, full: bool, show: bool) -> Outcome:
    started, well, told = time.monotonic(), True, list[tuple[str, str]]()
    variables = {"NEXUS_DRILL_SEED": str(seed), **({"NEXUS_DRILL_FULL": "1", **one.full} if full else {})}
    if one.seeds:
        variables["NEXUS_SEEDS"] = ",".join(str(seed + number) for number in range(one.seeds[full]))
    for suite_name, *arguments in one.tests:
        suite = suites.find(table, suite_name)
        with tempfile.NamedTemporaryFile(suffix=".xml") as junit:
            patience = ("-o", f"timeout={FULL_SECONDS}") if full else ()
            command = [sys.executable, "-m", "pytest", "-q", "-s", f"--junitxml={junit.name}", *patience, *arguments]
            code, lines = _watch(command, suite.folder, {**suite.environment, **variables}, show=show)
            told += [*_lines(lines), *_tests(Path(junit.name), code)]
        well = well and code == 0
    for module, *arguments in one.benchmarks:
        code, lines = _watch([sys.executable, "-m", module, *arguments], ROOT, variables, show=show)
        told += [("ok" if found[2] == "ok" else "BROKEN", found[1]) for line in lines if (found := _TARGET.match(line))]
        well = well and code == 0
    return Outcome(one.name, well and _holds(told), round(time.monotonic() - started, 1), told)


def _holds(told: Sequence[tuple[str, str]]) -> bool:
    """Whatever the exit status: something was found to hold, and nothing not to."""
    kinds = {kind for kind, _text in told}
    return "ok" in kinds and "BROKEN" not in kinds


def _watch(command: Sequence[str], folder: Path, variables: dict[str, str], *, show: bool) -> tuple[int, list[str]]:
    """Its exit status and its lines; `show` also prints them as they come."""
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **variables}, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    assert process.stdout is not None
    lines = list[str]()
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if show and not line.startswith('{"at"'):
            print(line, end="", flush=True)
    return process.wait(), lines


def _lines(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What it said of itself; pytest's dots may stand before it."""
    for line in lines:
        if found := _TOLD.match(line):
            yield found["kind"], found["text"]


def _tests(junit: Path, code: int) -> Iterator[tuple[str, str]]:
    """Each test as a sentence, with how often where it ran for several values; one at least must not be skipped."""
    if not junit.stat().st_size:
        yield "BROKEN", f"no test ran: pytest ended with {code}"
        return
    counts: dict[str, list[bool]] = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        if case.find("skipped") is None:
            name = case.attrib["name"].split("[")[0].removeprefix("test_").replace("_", " ")
            counts.setdefault(name, []).append(case.find("failure") is None and case.find("error") is None)
    if not counts:
        yield "BROKEN", f"no test ran: all were skipped, pytest ended with {code}"
    for name, well in counts.items():
        yield "ok" if all(well) else "BROKEN", name + (f" ({sum(well)} of {len(well)})" if len(well) > 1 else "")


# ── The report ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _report(folder: Path, run: dict[str, Any]) -> None:
    """The last runs with what they ran on: as JSON, as a table and as a page."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "report.json"
    before = json.loads(file.read_text()) if file.exists() else {}
    runs = [*before.get("runs", ()), run][-RUNS_SHOWN:]
    report = {**before, "machine": f"{os.cpu_count()} cores", "versions": _versions(), "runs": runs}
    write(folder, report)


def write(folder: Path, report: dict[str, Any]) -> None:
    rows = [(one.name, one.title, one.holds) for one in known().values()]
    (folder / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    (folder / "README.md").write_text(drills_page.markdown(rows, report))
    (folder / "index.html").write_text(drills_page.html(rows, report))


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


def _versions() -> dict[str, str]:
    """Of the parts: what Debian calls them."""
    packages = {"PostgreSQL": "postgresql", "RabbitMQ": "rabbitmq-server", "Redis": "redis-server", "NGINX": "nginx"}
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages.values()],
                           capture_output=True, text=True)  # fmt: skip
    told = dict(line.split(" ", 1) for line in asked.stdout.splitlines())
    found = {name: re.split(r"[-+]", told[package].split(":")[-1])[0]
             for name, package in packages.items() if package in told}  # fmt: skip
    return {"Python": platform.python_version(), **found}
