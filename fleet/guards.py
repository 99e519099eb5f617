"""`fleet guards`: the drills are worth what they find. Each guard of tests/drills/guards.toml is taken out of a copy of
the code, on ports of its own; its drill, which holds in the copy as it is, must then be broken.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fleet import drills
from fleet.progress import Problem, say
from fleet.table import ROOT, Table, port_offset

TABLE = ROOT / "tests" / "drills" / "guards.toml"
FURTHER = 5_000
"""The copy's ports are so many above this fleet's."""
_END = re.compile(r"^BROKEN: .+ \(\d+ s\)$")
"""What `fleet drill` says last, once all of the drill ran."""
_FOUND = re.compile(r"^(?:[.FEs]*BROKEN +.+|FAILED \S+::.+)$", re.MULTILINE)
"""A verdict, or a test that failed; one that could not begin is an ERROR."""


@dataclass(frozen=True, slots=True)
class Guard:
    """`old` stands once in the file; with `new` for it the guard is gone."""

    name: str
    file: str
    old: str
    new: str
    drill: str


@dataclass(frozen=True, slots=True)
class Removed:
    """What a drill said without its guard; `well`: it found out."""

    name: str
    file: str
    drill: str
    well: bool
    told: str


def known() -> list[Guard]:
    return [Guard(**row) for row in tomllib.loads(TABLE.read_text())["guard"]]


def guards(table: Table, *, name: str | None, keep: bool) -> int:
    chosen = [guard for guard in known() if name in (None, guard.drill)]
    if not chosen:
        raise Problem(f"no guard has the drill {name}; there are: {', '.join(sorted({one.drill for one in known()}))}")
    copy = _copy(table)
    found = list[Removed]()
    try:
        for drill in dict.fromkeys(guard.drill for guard in chosen):
            say(f"{drill} with all guards …")
            code, output = _drill(copy, drill)
            if code:
                raise Problem(f"{drill} does not hold with all guards: {_broken(output)}")
            for guard in (guard for guard in chosen if guard.drill == drill):
                found.append(_without(copy, guard))
                print(f"{'ok' if found[-1].well else 'MISSED':7}{drill:5}{guard.name}: {found[-1].told}", flush=True)
    finally:
        _down(copy)
    if keep:
        file = drills.KEPT / "report.json"
        report: dict[str, Any] = {"machine": "", "versions": {}, "runs": []}
        report |= json.loads(file.read_text()) if file.exists() else {}
        drills.write(drills.KEPT, {**report, "guards": _with(report.get("guards", ()), found)})
    return 0 if all(one.well for one in found) else 1


def _with(kept: Iterable[Mapping[str, object]], found: Iterable[Removed]) -> list[Mapping[str, object]]:
    """What was kept of the guards that there are still, and what was found now in its place."""
    rows = {one["name"]: one for one in [*kept, *map(asdict, found)]}
    return [rows[guard.name] for guard in known() if guard.name in rows]


def _without(copy: Path, guard: Guard) -> Removed:
    with _taken_out(copy, guard):
        code, output = _drill(copy, guard.drill)
    return Removed(guard.name, guard.file, guard.drill, *_judged(code, output))


def _judged(code: int, output: str) -> tuple[bool, str]:
    """Whether the drill found out, and what it said. One that did not come to its end has found nothing."""
    if code == 0:
        return False, "nothing was found"
    if _END.match(_last(output)) and _FOUND.search(output):
        return True, _broken(output)
    return False, f"no verdict: {_broken(output)}"


@contextmanager
def _taken_out(copy: Path, guard: Guard) -> Iterator[None]:
    """Inside, the copy is without the guard, and nothing runs there that began before or goes on after."""
    file = copy / guard.file
    text = file.read_text()
    if text.count(guard.old) != 1:
        raise Problem(f"{guard.file} has {text.count(guard.old)} places like the guard's: {guard.name}")
    _down(copy)
    file.write_text(text.replace(guard.old, guard.new))
    try:
        yield
    finally:
        file.write_text(text)
        _down(copy)


def _copy(table: Table) -> Path:
    """What is committed, as a clone; made once, brought up to date each time."""
    copy = table.var / "guards"
    if not copy.exists():
        _git(ROOT, "clone", "-q", str(ROOT), str(copy))
    _git(copy, "fetch", "-q", "origin")
    _git(copy, "reset", "-q", "--hard", _git(ROOT, "rev-parse", "HEAD").strip())
    return copy


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout


def _drill(copy: Path, name: str) -> tuple[int, str]:
    done = _fleet(copy, "drill", name, "--seed", "1")
    return done.returncode, done.stderr + done.stdout


def _down(copy: Path) -> None:
    """Else the next drill would meet processes with a guard that is not theirs."""
    done = _fleet(copy, "down")
    if done.returncode:
        raise Problem(f"the copy's fleet is not down: {_last(done.stdout + done.stderr)}")


def _fleet(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python3 -m fleet …` as the copy's own launcher does it: with its own virtual environment and ports."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("NEXUS_", "PYTHONPATH"))}
    variables["NEXUS_PORT_OFFSET"] = str(port_offset() + FURTHER)
    python = getattr(sys, "_base_executable", sys.executable)
    return subprocess.run([python, "-m", "fleet", *words], cwd=copy, env=variables, capture_output=True, text=True)


def _broken(output: str) -> str:
    """The first verdict that did not hold, or pytest's first words about it."""
    for pattern in (r"^[.FEs]*BROKEN +(.+)$", r"^E +(.+)$", r"^FAILED \S+::(\S+)"):
        if found := re.search(pattern, output, re.MULTILINE):
            return found[1][:150]
    return _last(output)[:150]


def _last(output: str) -> str:
    return (output.strip().splitlines() or ["no word"])[-1]
