"""The audit log: entries that the database lets nobody change or delete, each sealed with the hash of the one before.

Whoever gets around the triggers and changes a row breaks the chain there, and would have to write every later row
anew, whose last hash somebody may have noted.
"""

import hashlib
import json
from datetime import UTC

from django.db import connection, models
from django.db.models import Q

from shared.contracts.user import RecordAudit

NO_HASH = "0" * 64
"""What the first entry follows."""


class AuditLog(models.Manager["AuditEntry"]):
    def last(self) -> "AuditEntry | None":
        """The newest entry; nobody appends another before this transaction has ended."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('audit log'))")
        return self.order_by("-position").first()


class AuditEntry(models.Model):
    entry_id = models.UUIDField(primary_key=True, editable=False)
    position = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    actor_roles = models.JSONField(default=list)
    action = models.CharField(max_length=100)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=100)
    address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=64)
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    objects: AuditLog = AuditLog()

    class Meta:
        db_table = "audit_entry"
        verbose_name_plural = "audit entries"
        constraints = (models.CheckConstraint(condition=Q(position__gt=0), name="audit_entry_counts_from_one"),)
        indexes = (
            models.Index(fields=["actor_id", "-position"], name="audit_entry_by_actor"),
            models.Index(fields=["subject_kind", "subject_id", "-position"], name="audit_entry_by_subject"),
            models.Index(
                fields=["action", "-position"],
                name="audit_entry_by_action",
                opclasses=["varchar_pattern_ops", "int8_ops"],
            ),
            models.Index(fields=["at"], name="audit_entry_by_time"),
            models.Index(fields=["subject_id"], name="audit_entry_by_any_subject"),
            models.Index(fields=["request_id"], name="audit_entry_by_request"),
        )

    def __str__(self) -> str:
        return f"{self.position} {self.action}"

    @classmethod
    def following(cls, last: "AuditEntry | None", told: RecordAudit) -> "AuditEntry":
        """The entry that comes after `last`, sealed."""
        entry = cls(
            position=last.position + 1 if last else 1,
            previous_hash=last.hash if last else NO_HASH,
            **{**told.model_dump(), "actor_roles": list(told.actor_roles), "address": told.address or ""},
        )
        entry.hash = entry.seal()
        return entry

    def follows(self, previous: "AuditEntry | None") -> bool:
        """Nothing is missing before it, and nothing in it was changed."""
        position, previous_hash = (previous.position + 1, previous.hash) if previous else (1, NO_HASH)
        return (self.position, self.previous_hash, self.hash) == (position, previous_hash, self.seal())

    def seal(self) -> str:
        """SHA-256, in hexadecimal, over the canonical JSON of every other field, the hash before included."""
        fields = {
            "entry_id": str(self.entry_id),
            "position": self.position,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor_id": str(self.actor_id) if self.actor_id else None,
            "actor_roles": self.actor_roles,
            "action": self.action,
            "subject_kind": self.subject_kind,
            "subject_id": self.subject_id,
            "address": self.address,
            "request_id": self.request_id,
            "detail": self.detail,
            "previous_hash": self.previous_hash,
        }
        canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()
