"""NGINX as a process of the fleet. Its configuration is rendered by fleet/edge.py."""

import signal
import subprocess
from pathlib import Path

from fleet import edge, processes
from fleet.processes import Program
from fleet.progress import Problem
from fleet.table import Table

BINARY = "/usr/sbin/nginx"


def program(table: Table) -> Program:
    """Renders the configuration on the way."""
    configuration = edge.render(table, table.var)
    return Program(
        name="nginx",
        command=_command(table, configuration, "daemon off;"),
        folder=Path("/"),
        stop="QUIT",
        stop_seconds=5,
        priority=400,
        settle_seconds=1,
    )


def _command(table: Table, configuration: Path, *directives: str) -> tuple[str, ...]:
    """With the directives that the configuration does not have itself: twice is an error."""
    text = configuration.read_text()
    missing = " ".join(one for one in directives if one.split()[0] not in text)
    prefix = table.var / "nginx"
    prefix.mkdir(parents=True, exist_ok=True)
    return (BINARY, "-p", f"{prefix}/", "-c", str(configuration), *(["-g", missing] if missing else []))


def reload(table: Table) -> None:
    """New keys or upstreams: render, check, and let NGINX change over without dropping a request."""
    configuration = edge.render(table, table.var)
    check = subprocess.run([*_command(table, configuration), "-t"], capture_output=True, text=True)
    if check.returncode:
        raise Problem(f"NGINX refuses its configuration: {check.stderr.strip().splitlines()[-2:]}")
    processes.send(table.var, "nginx", signal.SIGHUP)
