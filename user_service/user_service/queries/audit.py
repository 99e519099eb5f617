"""Reads of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from user_service.models import AuditEntry

FILTERS = {
    "actor": "actor_id",
    "action": "action__startswith",
    "subject_kind": "subject_kind",
    "subject_id": "subject_id",
    "from": "at__gte",
    "until": "at__lt",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """`broken_at` is the first position where an entry is missing or not what was recorded; `head` the last hash of
    an intact chain: who notes it down can tell later that nothing before it was written anew.
    """

    entries: int
    broken_at: int | None
    head: str

    @property
    def intact(self) -> bool:
        return self.broken_at is None


def entries(wanted: Mapping[str, Any]) -> QuerySet[AuditEntry]:
    """Of an actor, of actions that begin so, of a subject, from a time until before another."""
    return AuditEntry.objects.filter(**{FILTERS[name]: value for name, value in wanted.items()})


def verify() -> Verification:
    """Walk the chain from its beginning, up to the first entry that does not follow."""
    previous: AuditEntry | None = None
    for entry in AuditEntry.objects.order_by("position").iterator():
        if not entry.follows(previous):
            position = previous.position + 1 if previous else 1
            return Verification(AuditEntry.objects.count(), position, "")
        previous = entry
    return Verification(previous.position, None, previous.hash) if previous else Verification(0, None, "")
