"""What a drill tells whoever watches: its seed, what it does, and what held. `fleet drill` reads these lines."""

import os
import time
from collections.abc import Mapping

FULL = "NEXUS_DRILL_FULL" in os.environ
"""At the size that the targets are meant for: where a drill judges times, too."""


def seed() -> int:
    """NEXUS_DRILL_SEED, or one that nobody has thought of."""
    given = int(os.environ.get("NEXUS_DRILL_SEED") or time.time_ns() % 1_000_000)
    tell("seed", given)
    return given


def size(variable: str, small: int) -> int:
    """How many of something; the environment says otherwise."""
    return int(os.environ.get(variable) or small)


def tell(kind: str, what: object) -> None:
    """`load`, `fault`, or a figure."""
    print(f"{kind}: {what}", flush=True)


def hold(what: str, holds: object) -> None:
    """A line of the verdict, which goes on."""
    print(f"{'ok' if holds else 'BROKEN':7}{what}", flush=True)


def judge(verdict: Mapping[str, object]) -> None:
    """A line for each; AssertionError if one does not hold."""
    for what, holds in verdict.items():
        hold(what, holds)
    assert all(verdict.values()), {what for what, holds in verdict.items() if not holds}
