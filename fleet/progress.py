"""What the launcher says while it works, and how it gives up."""

import os
import sys
import time

START = float(os.environ.pop("NEXUS_STARTED_AT", time.time()))
"""Handed on by the first process: the launcher replaces itself once the virtual environment is there."""


class Problem(Exception):
    """Something the user can do something about: shown as one line, without a traceback."""


def elapsed() -> float:
    return time.time() - START


def say(text: str) -> None:
    """A line of progress with the seconds since the start."""
    print(f"{elapsed():6.1f} s  {text}", flush=True)


def complain(text: str) -> None:
    print(f"fleet: {text}", file=sys.stderr, flush=True)
