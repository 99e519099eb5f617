"""`fleet guards`: the drills are worth what they find. Each guard of tests/drills/guards.toml is taken out of a copy of
the code, on ports of its own; its drill, which holds in the copy as it is, must then be broken.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from fleet import drills
from fleet.progress import Problem, say
from fleet.table import ROOT, Table, port_offset

TABLE = ROOT / "tests" / "drills" / "guards.toml"
FURTHER = 5_000
"""The copy's ports are so many above this fleet's."""


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
        _fleet(copy, "down")
    if keep:
        file = drills.KEPT / "report.json"
        report = json.loads(file.read_text()) if file.exists() else {"machine": "", "versions": {}, "runs": []}
        drills.write(drills.KEPT, {**report, "guards": [asdict(one) for one in found]})
    return 0 if all(one.well for one in found) else 1


def _without(copy: Path, guard: Guard) -> Removed:
    with _taken_out(copy, guard):
        code, output = _drill(copy, guard.drill)
    return Removed(guard.name, guard.file, guard.drill, code != 0, _broken(output) if code else "nothing was found")


@contextmanager
def _taken_out(copy: Path, guard: Guard) -> Iterator[None]:
    """Inside, the copy is without the guard, and nothing runs there that began before or goes on after."""
    file = copy / guard.file
    text = file.read_text()
    if text.count(guard.old) != 1:
        raise Problem(f"{guard.file} has {text.count(guard.old)} places like the guard's: {guard.name}")
    _fleet(copy, "down")
    file.write_text(text.replace(guard.old, guard.new))
    try:
        yield
    finally:
        _fleet(copy, "down")
        file.write_text(text)


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
    return done.returncode, done.stdout + done.stderr


def _fleet(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python3 -m fleet …` as the copy's own launcher does it: with its own virtual environment and ports."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("NEXUS_", "PYTHONPATH"))}
    variables["NEXUS_PORT_OFFSET"] = str(port_offset() + FURTHER)
    python = getattr(sys, "_base_executable", sys.executable)
    return subprocess.run([python, "-m", "fleet", *words], cwd=copy, env=variables, capture_output=True, text=True)


def _broken(output: str) -> str:
    """The first verdict that did not hold, or pytest's first words about it."""
    for pattern in (r"^BROKEN +(.+)$", r"^E +(.+)$", r"^FAILED \S+::(\S+)"):
        if found := re.search(pattern, output, re.MULTILINE):
            return found[1][:150]
    return (output.strip().splitlines() or ["no word"])[-1][:150]
