from django.db import models
from django.db.models import Q
from django.utils import timezone

from shared.context import new_id
from shared.money import Money
from vendor_service.errors import PayoutSettledBefore
from vendor_service.models.vendors import Vendor


class Balance(models.Model):
    """What payment's ledger says a vendor has in one currency, in minor units; older versions are dropped.

    Either may be below zero: a refund can take back more than has been earned since.
    """

    id = models.BigAutoField(primary_key=True)
    vendor_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    pending = models.BigIntegerField(default=0)
    available = models.BigIntegerField(default=0)
    version = models.BigIntegerField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "balance"
        constraints = (models.UniqueConstraint(fields=["vendor_id", "currency"], name="balance_of_vendor"),)

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.currency}"


class Payout(models.Model):
    """A vendor's request for its available money. `amount` in minor units; payment answers it.

    requested ─→ paid | refused      requested | paid ─→ returned, by the vendor's bank
    """

    class Status(models.TextChoices):
        REQUESTED = "requested"
        PAID = "paid"
        REFUSED = "refused"
        RETURNED = "returned"

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="payouts")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.REQUESTED)
    reason = models.TextField(blank=True)
    by_run = models.BooleanField(default=False, db_default=False)
    """Payment's own doing; not asked for by the vendor."""
    settled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "payout"
        constraints = (
            models.UniqueConstraint(
                fields=["vendor", "currency"],
                condition=Q(status="requested", by_run=False),
                name="payout_one_requested",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_of_something"),
            models.CheckConstraint(
                condition=Q(status="requested", settled_at__isnull=True)
                | Q(status__in=["paid", "refused", "returned"], settled_at__isnull=False),
                name="payout_settled_once",
            ),
        )
        indexes = (models.Index(fields=["vendor", "-id"], name="payout_of_vendor"),)

    def __str__(self) -> str:
        return f"{self.money} {self.status}"

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    def settle(self, status: str, reason: str = "") -> bool:
        """False when it has been settled like that before. Raises PayoutSettledBefore when it was otherwise."""
        if self.status == status or (self.status, status) == (self.Status.RETURNED, self.Status.PAID):
            return False
        if self.status != self.Status.REQUESTED and (self.status, status) != (self.Status.PAID, self.Status.RETURNED):
            raise PayoutSettledBefore(f"The payout is {self.status}.")
        self.status, self.reason, self.settled_at = self.Status(status), reason, timezone.now()
        return True
