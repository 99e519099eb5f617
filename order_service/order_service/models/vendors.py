"""A projection of vendor_service: on what terms a vendor sells, frozen into vendor orders when they are made."""

from django.db import models


class VendorTerms(models.Model):
    vendor_id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=200)
    active = models.BooleanField(default=True)
    commission_basis_points = models.PositiveIntegerField()
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    """Empty until vendor tells of it again: kept since the tax on commission depends on it."""
    version = models.BigIntegerField()

    class Meta:
        db_table = "vendor_terms"
        verbose_name_plural = "vendor terms"

    def __str__(self) -> str:
        return self.name
