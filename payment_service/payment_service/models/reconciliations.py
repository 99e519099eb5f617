"""What a provider or a bank says it has done, held against the ledger."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from shared.context import new_id

BANK = "bank"
"""Whoever carries out the bank files of payout runs, where a provider's name is expected."""


class Reconciliation(models.Model):
    """Of the days `since` to `until`, both included, in UTC. By an admin's file it is done at once; from a provider it
    is read page by page, and `after` says from where on. `kinds` of records are compared.
    """

    class Origin(models.TextChoices):
        FILE = "file"
        PROVIDER = "provider"

    class Status(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id)
    provider = models.CharField(max_length=40)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.FILE, db_default=Origin.FILE)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DONE, db_default=Status.DONE)
    since = models.DateField()
    until = models.DateField()
    kinds = models.JSONField(default=list, db_default=[])
    pages = models.PositiveIntegerField(default=0, db_default=0)
    records = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    differing = models.PositiveIntegerField(default=0)
    after = models.TextField(blank=True, default="", db_default="")
    failure = models.CharField(max_length=40, blank=True, default="", db_default="")
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    """How often the next page was asked for."""
    due_at = models.DateTimeField(null=True)
    made_by = models.UUIDField(null=True)
    """An admin; without one it was the schedule."""
    scheduled_for = models.DateField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reconciliation"
        constraints = (
            models.UniqueConstraint(
                fields=["provider"], condition=Q(status="running"), name="reconciliation_one_running"
            ),
            models.UniqueConstraint(fields=["provider", "scheduled_for"], name="reconciliation_once_a_day"),
        )
        indexes = (
            models.Index(fields=["due_at"], name="reconciliation_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-id"], name="reconciliation_differing", condition=Q(differing__gt=0)),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.since} to {self.until}"

    @property
    def agrees(self) -> bool | None:
        """None as long as nobody knows."""
        return not self.differing if self.status == self.Status.DONE else None

    def end(self, status: str, *, at: datetime, failure: str = "") -> None:
        self.status, self.ended_at, self.failure, self.due_at = status, at, failure, None


class ReconciliationPage(models.Model):
    """What a provider has told so far; gone when the reconciliation ends. `records`: kind, key, reference, minor units,
    currency, time.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="told")
    number = models.PositiveIntegerField()
    records = models.JSONField()

    class Meta:
        db_table = "reconciliation_page"
        constraints = (models.UniqueConstraint(fields=["reconciliation", "number"], name="reconciliation_page_once"),)

    def __str__(self) -> str:
        return f"{self.reconciliation_id} {self.number}"


class Difference(models.Model):
    """`ours` and `theirs` in minor units of their currencies; None on the side where there is nothing."""

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here"
        MISSING_THERE = "missing_there"
        AMOUNT = "amount_differs"
        DUPLICATE = "duplicate"

    id = models.UUIDField(primary_key=True, default=new_id)
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    what = models.CharField(max_length=20)
    key = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=200, blank=True)
    ours = models.BigIntegerField(null=True)
    our_currency = models.CharField(max_length=3, blank=True)
    theirs = models.BigIntegerField(null=True)
    their_currency = models.CharField(max_length=3, blank=True)
    cause = models.CharField(max_length=200)

    class Meta:
        db_table = "reconciliation_difference"

    def __str__(self) -> str:
        return f"{self.kind} {self.what} {self.key or self.reference}"
