"""What this service knows of vendors: a projection of vendor's VendorChanged."""

from django.db import models

from shared.contracts.vendor import VendorChanged


class Vendor(models.Model):
    """`unknown`: a product was written with the vendor's token before VendorChanged arrived; nothing is sold yet."""

    class Status(models.TextChoices):
        UNKNOWN = "unknown"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=200, blank=True)
    slug = models.CharField(max_length=220, blank=True, db_index=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.UNKNOWN)
    version = models.PositiveBigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "known_vendor"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(status__in=["unknown", "active", "suspended", "closed"]), name="vendor_status_known"
            ),
        )

    def __str__(self) -> str:
        return self.slug or str(self.id)

    def follow(self, told: VendorChanged) -> bool:
        """Take over what vendor told. True when buyers can see the difference."""
        before = (self.name, self.slug, self.status)
        self.name, self.slug, self.status, self.version = told.name, told.slug, told.status, told.version
        return before != (self.name, self.slug, self.status)
