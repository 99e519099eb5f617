"""The audit log grows, and does nothing else."""

from django.db import transaction

from shared.contracts.user import RecordAudit
from user_service.models import AuditEntry


@transaction.atomic
def append(message: RecordAudit) -> None:
    """One entry after the other, without a gap; the same entry again is the one that is there."""
    last = AuditEntry.objects.last()
    if not AuditEntry.objects.filter(entry_id=message.entry_id).exists():
        AuditEntry.following(last, message).save(force_insert=True)
