"""Who can be told something: projections of users and vendors."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Recipient(models.Model):
    """A user, as UserChanged last told."""

    user_id = models.UUIDField(primary_key=True)
    email = models.EmailField(max_length=254)
    first_name = models.CharField(max_length=150, blank=True)
    locale = models.CharField(max_length=10, default="en")
    roles = ArrayField(models.CharField(max_length=20), default=list)
    active = models.BooleanField(default=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "recipient"
        indexes = (
            models.Index(fields=["active"], name="recipient_admins", condition=models.Q(roles__contains=["admin"])),
        )

    def __str__(self) -> str:
        return str(self.user_id)


class VendorContact(models.Model):
    """A vendor, as VendorChanged last told: its owner reads the inbox, its contact address gets the mail."""

    vendor_id = models.UUIDField(primary_key=True)
    owner_id = models.UUIDField()
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "vendor_contact"

    def __str__(self) -> str:
        return self.name
