"""The consistency auditor beside the fleet: its environment, its process, and the fleet as it asks it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fleet import keys
from fleet.processes import Program
from fleet.table import ROOT, Table

if TYPE_CHECKING:
    from auditor import Fleet

NAME = keys.AUDITOR


def variables(table: Table) -> dict[str, str]:
    """What `python -m auditor` reads."""
    urls = {f"{service.short.upper()}_URL": service.url for service in table.services if service.database}
    return {**urls, "SERVICE_KEY_FILE": str(_key_file(table)), "AUDIT_DIR": str(table.var / "audit")}


def _key_file(table: Table) -> Path:
    return table.var / "keys" / "services" / "private" / f"{NAME}.pem"


def program(table: Table) -> Program:
    """Nobody waits for what it does."""
    command = ("nice", "-n", "10", sys.executable, "-m", NAME, "--every", table.auditor["every"])
    own = {**variables(table), "PYTHONUNBUFFERED": "1"}
    return Program(NAME, command, ROOT, own, priority=900)


def run(table: Table, *arguments: str, module: str = NAME) -> int:
    keys.prepare(table)
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables(table)}).returncode


def fleet_of(table: Table) -> "Fleet":
    """For `auditor.run(...)`, by tests and drills: the findings are the verdict."""
    from auditor import Fleet  # here: the launcher starts without an HTTP client

    urls = {service.short: service.url for service in table.services if service.database}
    return Fleet(urls, _key_file(table).read_text())
