"""Projections of what commissions are charged by: vendor_service's rules, and where the catalogue's categories are."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class CommissionBook(models.Model):
    """Which version of the rules is here: they come all together."""

    name = models.CharField(primary_key=True, max_length=40)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "order_commission_book"

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class CommissionRule(models.Model):
    """What is null matches all. The first by position that matches a line holds."""

    id = models.UUIDField(primary_key=True)
    position = models.PositiveIntegerField()
    vendor_id = models.UUIDField(null=True)
    category_id = models.UUIDField(null=True)
    product_id = models.UUIDField(null=True)
    basis_points = models.PositiveIntegerField()
    fees_per_unit = models.JSONField(default=dict)
    """Currency → minor units."""
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "order_commission_rule"
        ordering = ("position",)

    def __str__(self) -> str:
        return f"{self.position}: {self.basis_points}"


class CategoryPlace(models.Model):
    """`lineage`: ids from the root of the catalogue's tree down to this one; empty once it is gone."""

    category_id = models.UUIDField(primary_key=True)
    lineage = ArrayField(models.UUIDField())
    version = models.BigIntegerField()

    class Meta:
        db_table = "category_place"

    def __str__(self) -> str:
        return str(self.category_id)
