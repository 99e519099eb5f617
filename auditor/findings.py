"""What is looked for, and what was found. An invariant's name is its function's, its explanation the docstring."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Figures = Mapping[str, Any]
"""Who says what: `{"order": 4000, "payment": 3900}`; ids, amounts in minor units and states."""


class Severity(StrEnum):
    """`critical`: money or stock is wrong. `serious`: somebody lacks what is theirs. `minor`: a copy is behind."""

    CRITICAL = "critical"
    SERIOUS = "serious"
    MINOR = "minor"


@dataclass(frozen=True, slots=True)
class Mend:
    """A repair that a service does itself, safe to ask for twice: `POST internal/audit/repairs/<name>`."""

    service: str
    name: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """`repair` is what an operator does; `mends`, in this order, what `repair=1` does."""

    name: str
    means: str
    severity: Severity
    repair: str
    mends: tuple[Mend, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold for `about`: the id of an order, a vendor, a variant, a user, or a service."""

    invariant: Invariant
    about: str
    figures: Figures = field(hash=False)
    mended: bool = False

    @property
    def name(self) -> str:
        return self.invariant.name

    def as_json(self) -> dict[str, Any]:
        return {
            "invariant": self.name,
            "means": self.invariant.means,
            "severity": self.invariant.severity.value,
            "about": self.about,
            "figures": dict(self.figures),
            "repair": self.invariant.repair,
            "mended": self.mended,
        }
