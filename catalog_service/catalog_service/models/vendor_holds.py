"""Stock that its vendor keeps for somebody who does not order here: at the counter, on the phone, on another market.

It is reserved like what orders hold, so that nobody here is sold it meanwhile.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog_service.errors import HoldEnded
from catalog_service.models.locations import Location, Place
from catalog_service.models.products import Variant
from catalog_service.models.vendors import Vendor
from shared.context import new_id
from shared.errors import NotFound


class VendorHoldQuerySet(models.QuerySet["VendorHold"]):
    def one(self, hold_id: UUID, vendor_id: UUID | None) -> "VendorHold":
        """The vendor's (None: any vendor's). Raises NotFound."""
        row = self.filter(id=hold_id).select_related("variant").first()
        if row is None or vendor_id not in (None, row.vendor_id):
            raise NotFound
        return row


class VendorHold(models.Model):
    """`location` None is the vendor's default one. Without `expires_at` it is held until somebody ends it."""

    class Status(models.TextChoices):
        HELD = "held"
        SOLD = "sold"
        RELEASED = "released"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="+", db_index=False)
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()
    status = models.CharField(max_length=8, choices=Status, default=Status.HELD)
    note = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField(null=True)
    actor_id = models.UUIDField()
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects = VendorHoldQuerySet.as_manager()

    class Meta:
        db_table = "vendor_hold"
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["held", "sold", "released", "expired"]), name="vendor_hold_status_known"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="vendor_hold_of_something"),
            models.CheckConstraint(
                condition=Q(status="held", ended_at=None) | ~Q(status="held") & Q(ended_at__isnull=False),
                name="vendor_hold_ends_once",
            ),
        )
        indexes = (
            models.Index(fields=["expires_at"], name="vendor_hold_due", condition=Q(status="held")),
            models.Index(fields=["vendor", "-id"], name="vendor_hold_of_vendor"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} {self.status}"

    @property
    def place(self) -> Place:
        return Place(self.variant_id, self.location_id)

    def end(self, status: str) -> None:
        """Raises HoldEnded. The row is locked."""
        if self.status != self.Status.HELD:
            raise HoldEnded(f"It is {self.status}.")
        self.status, self.ended_at = status, timezone.now()
        self.save(update_fields=["status", "ended_at"])

    @classmethod
    def expire(cls, rows: Iterable["VendorHold"]) -> None:
        """All of these locked rows at once."""
        ids = [row.id for row in rows]
        cls.objects.filter(id__in=ids).update(status=cls.Status.EXPIRED, ended_at=timezone.now())
