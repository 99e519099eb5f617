"""Processor time by what a process is: the fleet's programs by their names, which their children inherit."""

import contextlib
import os
import re
from collections import Counter
from pathlib import Path

NAME = "NEXUS_PROCESS"
_NAMED = re.compile(rb"(?:^|\0)" + NAME.encode() + rb"=([^\0]*)")
_INSTANCE = re.compile(r"-web-\d+$")
_TICKS = os.sysconf("SC_CLK_TCK")
_TITLED = {b"postgres": "postgres", b"nginx": "nginx"}
"""What writes a title where its environment was."""


def used() -> Counter[str]:
    """Milliseconds since each process began, of all that are alive and have a name."""
    found = Counter[str]()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, spent = _name(folder), _spent(folder)
        except OSError:  # it has just ended
            continue
        if name:
            found[_INSTANCE.sub("-web", name)] += round(spent)
    return found


def _name(folder: Path) -> str | None:
    title = re.match(rb"[a-z]+", (folder / "cmdline").read_bytes())
    if title and title[0] in _TITLED:
        return _TITLED[title[0]]
    named = _NAMED.search((folder / "environ").read_bytes())
    return named[1].decode() if named else None


def pids(program: str, var: Path) -> list[int]:
    """Of all processes of one program, `order_service-web-2` say, of the fleet with this data, oldest first."""
    ours, found = f"NEXUS_FLEET={var}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if _name(folder) == program and ours in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return sorted(found)


def milliseconds(of: list[int]) -> float:
    """Processor time of these processes since they began."""
    return sum(_spent(Path(f"/proc/{pid}")) for pid in of)


def threads(pid: int) -> dict[int, float]:
    """Milliseconds of each thread of a process since it began."""
    return {int(folder.name): _spent(folder) for folder in Path(f"/proc/{pid}/task").iterdir()}


def _spent(folder: Path) -> float:
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000 / _TICKS


def since(before: Counter[str], times: float) -> dict[str, float]:
    """Milliseconds for each of so many requests, the most first; what took none is left out."""
    spent = used() - before
    return {name: taken / times for name, taken in spent.most_common()}
