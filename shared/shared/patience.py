"""How long the request in hand may still wait for others: its database, another service. Computing is not counted.

One budget a request: whoever waits asks what is left of it, and tells how long it was. What each statement and each
call may take would add up. Work that nobody waits for (messages, jobs, commands) has no budget.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LEAST_SECONDS = 0.1
"""Always left: what answers at once is not refused because another was slow."""
_left: ContextVar[list[float] | None] = ContextVar("nexus_patience", default=None)


@contextmanager
def of(seconds: float) -> Iterator[None]:
    """Inside, waiting may take so long in all."""
    token = _left.set([seconds])
    try:
        yield
    finally:
        _left.reset(token)


def left() -> float | None:
    """Seconds; None where nobody waits."""
    budget = _left.get()
    return None if budget is None else max(budget[0], LEAST_SECONDS)


def spend(seconds: float) -> None:
    budget = _left.get()
    if budget is not None:
        budget[0] -= seconds
