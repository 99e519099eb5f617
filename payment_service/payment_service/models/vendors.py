"""What payment has to know of vendors: a projection, kept by VendorChanged."""

from django.db import models


class Vendor(models.Model):
    """One that is not known yet may be paid: it has been earning before it could be suspended."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True)
    owner_id = models.UUIDField()
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status.choices)
    version = models.BigIntegerField()

    class Meta:
        db_table = "payout_vendor"

    def __str__(self) -> str:
        return self.name
