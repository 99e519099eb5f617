"""A vendor's share becomes available some time after delivery, and is paid out when the vendor asks."""

from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q

from payment_service.errors import IllegalMove
from payment_service.models.payout_runs import PayoutItem
from shared.money import Money

OPEN = ("awaiting_approval", "pending", "in_transit")


class Release(models.Model):
    """A delivered vendor order: from `due_at` on, what is left of its pending share is available."""

    vendor_order_id = models.UUIDField(primary_key=True)
    vendor_id = models.UUIDField()
    order_id = models.UUIDField()
    due_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "release"
        indexes = (models.Index(fields=["due_at"], name="release_due", condition=Q(released_at__isnull=True)),)

    def __str__(self) -> str:
        return str(self.vendor_order_id)


class Payout(models.Model):
    """Asked by vendor_service, or an `item` of a run; the sum leaves the available balance before the provider is
    asked. A vendor has one at a time in a currency.
    """

    class Status(models.TextChoices):
        AWAITING_APPROVAL = "awaiting_approval"
        """Beyond the limit: an admin decides."""
        PENDING = "pending"
        IN_TRANSIT = "in_transit"
        """In a bank file, until an admin says that the bank has carried it out; or to be signed, until the chain has
        it.
        """
        PAID = "paid"
        REFUSED = "refused"
        RETURNED = "returned"
        """The vendor's bank did not take it."""

    id = models.UUIDField(primary_key=True)
    vendor_id = models.UUIDField()
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    item = models.OneToOneField(PayoutItem, null=True, on_delete=models.PROTECT, related_name="payout")
    member_id = models.UUIDField(null=True)
    """The account of the member who asked for it; none in a run."""
    approved_by = models.UUIDField(null=True)
    reason = models.CharField(max_length=40, blank=True)
    provider_reference = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    correlation_id = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    paid_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "provider_payout"
        constraints = (
            models.UniqueConstraint(
                fields=["vendor_id", "currency"], condition=Q(status__in=OPEN), name="payout_one_at_a_time"
            ),
        )
        indexes = (
            models.Index(fields=["vendor_id", "-id"], name="payout_list"),
            models.Index(fields=["due_at"], name="payout_due", condition=Q(due_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.amount} to {self.vendor_id}"

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    def send_by_hand(self) -> None:
        self.status, self.due_at = self.Status.IN_TRANSIT, None

    def come_back(self, *, reason: str) -> None:
        """Raises IllegalMove."""
        if self.status not in {self.Status.IN_TRANSIT, self.Status.PAID}:
            raise IllegalMove(f"A payout that is {self.status} cannot come back.")
        self.status, self.reason = self.Status.RETURNED, reason[:40]

    def wait_for_approval(self) -> None:
        self.status, self.due_at = self.Status.AWAITING_APPROVAL, None

    def approve(self, *, by: UUID, at: datetime) -> None:
        if self.status != self.Status.AWAITING_APPROVAL:
            raise IllegalMove(f"A payout that is {self.status} waits for nobody.")
        self.status, self.approved_by, self.due_at = self.Status.PENDING, by, at

    def pay(self, *, at: datetime, reference: str) -> None:
        self._move(self.Status.PAID)
        self.paid_at, self.provider_reference = at, reference

    def refuse(self, *, reason: str) -> None:
        self._move(self.Status.REFUSED)
        self.reason = reason[:40]

    def _move(self, to: str) -> None:
        if self.status not in OPEN:
            raise IllegalMove(f"A payout that is {self.status} cannot become {to}.")
        self.status, self.due_at = to, None
