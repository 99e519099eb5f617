"""Is a port free, and if not, whose is it: so that the message can name the process."""

import errno
import os
import socket
from pathlib import Path

from fleet import processes
from fleet.processes import Program
from fleet.progress import Problem
from fleet.table import Table

LISTENING = "0A"


def check(table: Table, programs: list[Program]) -> None:
    """Refuse to start a process whose port another program holds."""
    running = processes.all_info(table.var)
    for program in programs:
        if not running.get(program.name, {}).get("pid"):
            for port in of(table, program.name):
                if not is_free(port):
                    raise Problem(taken(port, program.name, holder(port)))


def of(table: Table, name: str) -> list[int]:
    """The ports a program listens on."""
    if name == "rabbitmq":
        return [table.ports["rabbitmq"], table.ports["rabbitmq_distribution"]]
    if name == "nginx":
        return [table.ports["nginx"], table.ports["nginx_tls"], table.ports["nginx_inside"]]
    if name in table.ports:
        return [table.ports[name]]
    service, _, part = name.partition("-")
    if not part.startswith("web"):
        return []
    return [table.service(service).ports[int(part.removeprefix("web").strip("-") or 1) - 1]]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def taken(port: int, program: str, held_by: str) -> str:
    return (
        f"port {port}, wanted for {program}, is held by {held_by}. "
        "Stop that, or shift all ports of the fleet: NEXUS_PORT_OFFSET=1000 make up"
    )


def holder(port: int) -> str:
    """`pid 123 (python3 -m http.server)`, from /proc."""
    inodes = _listening_inodes(port)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and inodes & _sockets(entry):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            return f"pid {entry.name} ({command[:80]})"
    return "a process of another user or container"


def _listening_inodes(port: int) -> set[str]:
    rows = [
        line.split()
        for file in ("/proc/net/tcp", "/proc/net/tcp6")
        if os.path.exists(file)
        for line in Path(file).read_text().splitlines()[1:]
    ]
    return {row[9] for row in rows if row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port}


def _sockets(process: Path) -> set[str]:
    found = set()
    try:
        for handle in (process / "fd").iterdir():
            target = os.readlink(handle)
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        pass
    return found
