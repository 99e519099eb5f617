"""`fleet test`: the tests of one service, or all there are, each with the environment it needs.

shared, every service     servers only, each with databases and queues of its own, two suites at a time
one_process               all services' code in one process, with an unreliable broker
fleet, tests              the running fleet
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fleet import bootstrap, environment, ups
from fleet.services import present
from fleet.table import ROOT, Service, Table

AT_ONCE = 2
ONE_PROCESS = ROOT / "tests" / "one_process"
WANT_MORE = ("tests", "payment_service")
"""Suites that want bootstrap.TEST_PACKAGES."""
NO_TESTS = 5
"""pytest's exit code for a folder without tests."""


@dataclass(frozen=True)
class Suite:
    """A folder of tests and what they are run with."""

    name: str
    folder: Path
    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    needs_fleet: bool = False


def run(table: Table, name: str | None) -> int:
    """Tests of one place with their output as it comes; without a name everything, with the output of what fails."""
    if name is None or name.rstrip("/") in WANT_MORE:
        bootstrap.ensure_packages(bootstrap.TEST_PACKAGES)
    if name is None:
        ups.up(table)
        return run_all(table)
    suite = find(table, name.rstrip("/"))
    if suite.needs_fleet:
        ups.up(table)
    else:
        ups.servers_only(table)
    return _run_here(suite)


def find(table: Table, name: str) -> Suite:
    """By the name of a service or of a folder of the root."""
    match name:
        case "shared":
            return of_shared(table)
        case "fleet":
            return Suite("fleet", ROOT, {}, ("fleet/tests",))
        case "one_process":
            return of_one_process(table)
        case "tests":
            return Suite("tests", ROOT, {}, ("tests", f"--ignore={ONE_PROCESS}"), needs_fleet=True)
    try:
        return of_service(table, table.service(name))
    except LookupError as error:
        raise LookupError(f"{error}, shared, fleet, one_process, tests") from None


def run_all(table: Table) -> int:
    """shared first and alone, as it borrows the queues of a service; what drives the whole fleet last."""
    own = [of_service(table, service) for service in present(table)]
    results = [_run_quietly(find(table, "shared"))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results += pool.map(_run_quietly, [find(table, "one_process"), *own, find(table, "fleet")])
    results.append(_run_here(find(table, "tests")) == 0)
    return 0 if all(results) else 1


def of_service(table: Table, service: Service) -> Suite:
    return Suite(service.name, service.folder, environment.of(table, service, test=True, prepare=True))


def of_shared(table: Table) -> Suite:
    return Suite("shared", ROOT / "shared", _borrowed(table, "nexus_shared", "settings"))


def of_one_process(table: Table) -> Suite:
    return Suite("one_process", ONE_PROCESS, _borrowed(table, "nexus_one_process", "fleet.one_process"))


def _borrowed(table: Table, database: str, settings: str) -> dict[str, str]:
    """The environment of a service for code that is none: its queues, but a database and settings of its own."""
    variables = environment.of(table, table.service("order"), test=True, prepare=True)
    url = f"{variables['DATABASE_URL'].removesuffix('/nexus_order')}/{database}"
    return variables | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings}


def _command(suite: Suite) -> list[str]:
    return [sys.executable, "-m", "pytest", *suite.arguments]


def _run_here(suite: Suite) -> int:
    done = subprocess.run(_command(suite), cwd=suite.folder, env={**os.environ, **suite.environment})
    return 0 if done.returncode == NO_TESTS else done.returncode


def _run_quietly(suite: Suite) -> bool:
    started = time.monotonic()
    variables = {**os.environ, **suite.environment}
    done = subprocess.run(_command(suite), cwd=suite.folder, env=variables, capture_output=True, text=True)
    well = done.returncode in (0, NO_TESTS)
    last = (done.stdout.strip().splitlines() or [""])[-1]
    print(f"{'ok' if well else 'FAILED':7}{suite.name:24}{last} ({time.monotonic() - started:.0f} s)", flush=True)
    if not well:
        print(done.stdout + done.stderr, flush=True)
    return well
