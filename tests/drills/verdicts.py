"""What must hold after a drill: told one line each, `ok` or `BROKEN`, and then asserted together."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fleet.client import wait_for
from shared import drills


@dataclass
class Verdicts:
    """`hold` as many as there are; leaving the block without an error asserts that all of them did."""

    broken: list[str] = field(default_factory=list)

    def hold(self, what: str, holds: bool, why: object = "") -> None:
        drills.hold(f"{what}: {why}" if why != "" and not holds else what, holds)
        if not holds:
            self.broken.append(what)

    def at_most(self, what: str, seconds: list[float], limit: float) -> None:
        """Each of these took no longer; there is one at least."""
        longest = max(seconds, default=float("inf"))
        self.hold(f"{what} within {limit:g} s (longest of {len(seconds)}: {longest:.1f} s)", longest <= limit)

    def __enter__(self) -> "Verdicts":
        return self

    def __exit__(self, error: type[BaseException] | None, *_rest: object) -> None:
        if error is None:
            assert self.broken == []


def becomes(look: Callable[[], object], seconds: float) -> bool:
    """Whether there is something to be seen in time."""
    try:
        wait_for(look, "it", max(seconds, 0.1))
    except AssertionError:
        return False
    return True
