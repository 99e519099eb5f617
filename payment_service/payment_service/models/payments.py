"""A payment is taken once or not at all; what is refunded of it never exceeds it."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from payment_service.errors import IllegalMove
from shared.context import new_id
from shared.money import Money


class Payment(models.Model):
    """What order asked to be taken. Its id is the provider's idempotency key.

    `credit` of it comes from the buyer's store credit: held while the payment is open, given back when it is declined.
    `due_at` is when the provider has to be asked (again); absent when nothing is open.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        """The provider has not been asked, or has not said what became of it."""
        ACTION_REQUIRED = "action_required"
        TAKEN = "taken"
        DECLINED = "declined"

    id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(unique=True)
    order_number = models.CharField(max_length=40)
    user_id = models.UUIDField(null=True)
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    credit = models.BigIntegerField(default=0, db_default=0)
    refunded = models.BigIntegerField(default=0)
    credit_refunded = models.BigIntegerField(default=0, db_default=0)
    """What of `refunded` went, or is on its way, back to store credit."""
    method = models.CharField(max_length=40)
    token = models.CharField(max_length=200, blank=True)
    splits = models.JSONField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    reason = models.CharField(max_length=40, blank=True)
    next_action = models.JSONField(null=True)
    provider_reference = models.CharField(max_length=200, blank=True)
    listed_as = models.CharField(max_length=200, blank=True, default="", db_default="")
    """The provider's name for it in its own records, where that is another."""
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=40, blank=True)
    expires_at = models.DateTimeField()
    correlation_id = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    taken_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "payment"
        indexes = (
            models.Index(fields=["user_id", "-id"], name="payment_history"),
            models.Index(fields=["due_at"], name="payment_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["method", "provider_reference"],
                name="payment_at_provider",
                condition=~Q(provider_reference=""),
            ),
            models.Index(fields=["method", "listed_as"], name="payment_listed_as", condition=~Q(listed_as="")),
        )
        constraints = (
            models.CheckConstraint(condition=Q(minor__gte=0), name="payment_not_negative"),
            models.CheckConstraint(
                condition=Q(refunded__gte=0) & Q(refunded__lte=models.F("minor")), name="refunds_within_payment"
            ),
            models.CheckConstraint(
                condition=Q(refunded=0) | Q(status="taken"), name="only_what_was_taken_can_be_refunded"
            ),
            models.CheckConstraint(
                condition=Q(credit__gte=0, credit__lte=models.F("minor"), credit_refunded__gte=0)
                & Q(credit_refunded__lte=models.F("credit"), refunded__gte=models.F("credit_refunded")),
                name="credit_within_payment",
            ),
            models.CheckConstraint(
                condition=Q(minor__gte=models.F("credit") + models.F("refunded") - models.F("credit_refunded")),
                name="refunds_within_what_the_provider_took",
            ),
        )

    def __str__(self) -> str:
        return f"{self.order_number} {self.amount}"

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def to_charge(self) -> Money:
        """The provider's part."""
        return Money(self.minor - self.credit, self.currency)

    @property
    def provider_left(self) -> int:
        """What of the provider's part has not been asked back, in minor units."""
        return self.minor - self.credit - (self.refunded - self.credit_refunded)

    @property
    def is_open(self) -> bool:
        """Nobody knows yet how it ends."""
        return self.status in {self.Status.PENDING, self.Status.ACTION_REQUIRED}

    def await_buyer(self, *, action: dict[str, Any]) -> None:
        self._move(self.Status.ACTION_REQUIRED, {self.Status.PENDING, self.Status.ACTION_REQUIRED})
        self.next_action = action

    def take(self, *, at: datetime) -> None:
        """From a declined one too: a provider's money that arrives late is money all the same."""
        self._move(self.Status.TAKEN, {self.Status.PENDING, self.Status.ACTION_REQUIRED, self.Status.DECLINED})
        self.taken_at, self.due_at, self.next_action, self.reason = at, None, None, ""

    def decline(self, *, reason: str) -> None:
        self._move(self.Status.DECLINED, {self.Status.PENDING, self.Status.ACTION_REQUIRED})
        self.reason, self.due_at, self.next_action = reason, None, None

    def _move(self, to: str, allowed: set[Any]) -> None:
        if self.status not in allowed:
            raise IllegalMove(f"A payment that is {self.status} cannot become {to}.")
        self.status = to


class Cancellation(models.Model):
    """Order wants nothing taken any more. Kept, because the wish may overtake TakePayment."""

    payment_id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "payment_cancellation"

    def __str__(self) -> str:
        return str(self.payment_id)


class Refund(models.Model):
    """Money on its way back: first what the provider took, then, as `credit`, what store credit paid. The amount is
    reserved on the payment when it is asked for.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    minor = models.BigIntegerField()
    credit = models.BigIntegerField(default=0, db_default=0)
    currency = models.CharField(max_length=3)
    splits = models.JSONField()
    return_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    failure = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    correlation_id = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "refund"
        ordering = ("id",)
        indexes = (models.Index(fields=["due_at"], name="refund_due", condition=Q(due_at__isnull=False)),)
        constraints = (
            models.CheckConstraint(condition=Q(minor__gte=0), name="refund_is_not_negative"),
            models.CheckConstraint(
                condition=Q(credit__gte=0, credit__lte=models.F("minor")), name="credit_within_refund"
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} of {self.payment_id}"

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def to_send(self) -> Money:
        """The provider's part."""
        return Money(self.minor - self.credit, self.currency)

    def finish(self, *, at: datetime) -> None:
        self._move(self.Status.DONE)
        self.done_at = at

    def fail(self, *, reason: str) -> None:
        self._move(self.Status.FAILED)
        self.failure = reason[:40]

    def _move(self, to: str) -> None:
        if self.status != self.Status.PENDING:
            raise IllegalMove(f"A refund that is {self.status} cannot become {to}.")
        self.status, self.due_at = to, None


class WebhookEvent(models.Model):
    """What a provider told us, stored before it is acted on; its id makes a repetition harmless."""

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField(max_length=40)
    event_id = models.CharField(max_length=200)
    payload = models.JSONField()
    received_at = models.DateTimeField(auto_now_add=True)
    handled_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "webhook_event"
        constraints = (models.UniqueConstraint(fields=["provider", "event_id"], name="webhook_event_once"),)
        indexes = (models.Index(fields=["due_at"], name="webhook_due", condition=Q(handled_at__isnull=True)),)

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"
