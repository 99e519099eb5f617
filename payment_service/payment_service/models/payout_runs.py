"""A run pays out all vendors of a currency that have enough: draft → approved → executing → done, or cancelled."""

from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from payment_service.errors import IllegalMove, NeedsAnotherAdmin
from shared.context import new_id
from shared.money import Money

_OPEN = ("draft", "approved", "executing")


class PayoutRun(models.Model):
    """`made_by` and `approved_by` are admins; without them it was the schedule."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        EXECUTING = "executing"
        DONE = "done"
        CANCELLED = "cancelled"

    class Method(models.TextChoices):
        PROVIDER = "provider"
        """The payment provider pays, at once."""
        BANK_FILE = "bank_file"
        """A bank does, by a file that an admin takes there."""
        CRYPTO = "crypto"
        """An operator does, on a chain: the transfers are prepared to be signed."""

    id = models.UUIDField(primary_key=True, default=new_id)
    method = models.CharField(max_length=20, choices=Method.choices, default=Method.PROVIDER)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    made_by = models.UUIDField(null=True)
    scheduled_for = models.DateField(null=True)
    needs_another = models.BooleanField()
    """Beyond the limit: who made it may not approve it."""
    approved_by = models.UUIDField(null=True)
    correlation_id = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payout_run"
        constraints = (
            models.UniqueConstraint(fields=["currency"], condition=Q(status__in=_OPEN), name="payout_run_one_open"),
            models.UniqueConstraint(fields=["currency", "scheduled_for"], name="payout_run_once_a_day"),
            models.CheckConstraint(
                condition=Q(needs_another=False)
                | Q(status__in=["draft", "cancelled"])
                | Q(approved_by__isnull=False) & (Q(made_by__isnull=True) | ~Q(approved_by=F("made_by"))),
                name="payout_run_four_eyes",
            ),
        )

    def __str__(self) -> str:
        return f"{self.currency} {self.created_at:%Y-%m-%d} {self.status}"

    def approve(self, *, by: UUID | None, at: datetime) -> None:
        """Raises IllegalMove, NeedsAnotherAdmin."""
        self._move({self.Status.DRAFT}, self.Status.APPROVED)
        if self.needs_another and (by is None or by == self.made_by):
            raise NeedsAnotherAdmin()
        self.approved_by, self.approved_at = by, at

    def begin(self) -> None:
        self._move({self.Status.APPROVED}, self.Status.EXECUTING)

    def finish(self, *, at: datetime) -> None:
        self._move({self.Status.EXECUTING}, self.Status.DONE)
        self.ended_at = at

    def cancel(self, *, at: datetime) -> None:
        """As long as nothing of it was paid. Raises IllegalMove."""
        self._move({self.Status.DRAFT, self.Status.APPROVED}, self.Status.CANCELLED)
        self.ended_at = at

    def _move(self, before: set["PayoutRun.Status"], to: "PayoutRun.Status") -> None:
        if self.status not in before:
            raise IllegalMove(f"A run that is {self.status} cannot become {to}.")
        self.status = to


class PayoutItem(models.Model):
    """A vendor in a run. `minor` is what is planned, and then what is paid: never more than was approved."""

    class Status(models.TextChoices):
        PLANNED = "planned"
        HELD = "held"
        """Nothing in this run, for a reason that lies with the vendor; the next one looks again."""
        SKIPPED = "skipped"
        """It had not enough any more when its turn came."""
        STARTED = "started"
        """Its payout says the rest."""

    id = models.UUIDField(primary_key=True, default=new_id)
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="items")
    vendor_id = models.UUIDField()
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PLANNED)
    reason = models.CharField(max_length=40, blank=True)
    destination = models.JSONField(null=True)
    """In a bank file, or on a chain: the account as it was when the payout began, so that the file stays what it is."""

    class Meta:
        db_table = "payout_run_item"
        constraints = (
            models.UniqueConstraint(fields=["run", "vendor_id"], name="payout_item_one_of_a_vendor"),
            models.CheckConstraint(condition=Q(minor__gt=0), name="payout_item_of_something"),
        )

    def __str__(self) -> str:
        return f"{self.amount} to {self.vendor_id}"

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)
