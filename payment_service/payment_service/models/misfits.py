"""Money that a provider took and that is not what was asked for."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from payment_service.errors import IllegalMove
from payment_service.models.payments import Payment
from shared.context import new_id
from shared.money import Money


class Misfit(models.Model):
    """Another amount, or another currency, than its payment's, or what came beside it. All of it is sent back; one
    that could not be is for an operator to look at. `key` is the provider's idempotency key: by the same one, a refusal
    stays a refusal. `source` tells several of a payment apart.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        RETURNED = "returned"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id)
    key = models.UUIDField(default=new_id)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="misfits")
    source = models.CharField(max_length=80, blank=True, db_default="")
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    failure = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "misfit"
        indexes = (models.Index(fields=["due_at"], name="misfit_due", condition=Q(due_at__isnull=False)),)
        constraints = (
            models.CheckConstraint(condition=Q(minor__gt=0), name="misfit_is_not_nothing"),
            models.UniqueConstraint(fields=["payment", "source"], name="misfit_once"),
        )

    def __str__(self) -> str:
        return f"{self.amount} instead of {self.payment_id}"

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    def finish(self, *, at: datetime) -> None:
        self._move(self.Status.RETURNED, self.Status.PENDING)
        self.due_at, self.closed_at = None, at

    def fail(self, *, at: datetime, reason: str) -> None:
        self._move(self.Status.FAILED, self.Status.PENDING)
        self.due_at, self.closed_at, self.failure = None, at, reason[:40]

    def try_again(self, *, at: datetime) -> None:
        self._move(self.Status.PENDING, self.Status.FAILED)
        self.key, self.due_at, self.closed_at, self.failure, self.attempts = new_id(), at, None, "", 0

    def _move(self, to: str, source: str) -> None:
        if self.status != source:
            raise IllegalMove(f"What is {self.status} cannot become {to}.")
        self.status = to
