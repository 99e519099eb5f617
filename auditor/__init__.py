"""Compares what the services say: `run` answers every invariant that does not hold. README.md tells more."""

from auditor.clients import Fleet, Unanswered
from auditor.findings import Finding
from auditor.runs import run

__all__ = ["Finding", "Fleet", "Unanswered", "run"]
