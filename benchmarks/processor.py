"""Processor time by what a process is: the fleet's programs by their names, which their children inherit."""

import os
import re
from collections import Counter
from pathlib import Path

NAME = "NEXUS_PROCESS"
_NAMED = re.compile(rb"(?:^|\0)" + NAME.encode() + rb"=([^\0]*)")
_INSTANCE = re.compile(r"-web-\d+$")
_TICKS = os.sysconf("SC_CLK_TCK")


def used() -> Counter[str]:
    """Milliseconds since each process began, of all that are alive and have a name."""
    found = Counter[str]()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            named = _NAMED.search((folder / "environ").read_bytes())
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if named:
            found[_INSTANCE.sub("-web", named[1].decode())] += (int(fields[11]) + int(fields[12])) * 1_000 // _TICKS
    return found


def since(before: Counter[str], times: float) -> dict[str, float]:
    """Milliseconds for each of so many requests, the most first; what took none is left out."""
    spent = used() - before
    return {name: taken / times for name, taken in spent.most_common()}
