"""`fleet check`: everything that judges the code without running it, one line each."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fleet import environment
from fleet.services import present
from fleet.table import ROOT, Table

AT_ONCE = 2
MODULE = (sys.executable, "-m")


@dataclass(frozen=True)
class Check:
    """A command that is silent about what is well."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    environment: dict[str, str] | None = None
    speaks: bool = False
    """What it says when all is well is worth reading."""


def run(table: Table) -> int:
    """All of them, two at a time; the output of those that fail; 1 if any does."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(_run, checks(table)))
    return 0 if all(results) else 1


def checks(table: Table) -> list[Check]:
    return [
        # Not incrementally: what it remembers of Django's models, it forgets to doubt.
        Check("types", (*MODULE, "mypy", "--no-incremental", *_packages(table))),
        Check("lint", (*MODULE, "ruff", "check", "--quiet")),
        Check("format", (*MODULE, "ruff", "format", "--check", "--quiet")),
        Check("secrets in the history", (*MODULE, "fleet.leaks"), speaks=True),
        Check("import rules", (str(Path(sys.executable).with_name("lint-imports")),)),
        Check("messages", (*MODULE, "fleet.messages", "check")),
        Check("message schemas", (*MODULE, "shared.contracts", "check"), ROOT / "shared"),
        Check("messages since the last release", (*MODULE, "fleet.releases"), speaks=True),
        *(_migrations(table, service.name) for service in present(table) if service.database),
    ]


def _packages(table: Table) -> list[str]:
    names = ["shared", *(service.name for service in present(table)), "fleet", "auditor", "benchmarks"]
    return [word for name in names for word in ("-p", name)]


def _migrations(table: Table, name: str) -> Check:
    service = table.service(name)
    command = (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run")
    return Check(f"migrations of {name}", command, service.folder, environment.of(table, service, test=True))


def _run(check: Check) -> bool:
    started = time.monotonic()
    variables = {**os.environ, **(check.environment or {})}
    done = subprocess.run(check.command, cwd=check.folder, env=variables, capture_output=True, text=True)
    verdict = "ok" if done.returncode == 0 else "FAILED"
    said = f": {done.stdout.strip()}" if check.speaks and not done.returncode else ""
    print(f"{verdict:7}{check.name} ({time.monotonic() - started:.1f} s){said}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0
