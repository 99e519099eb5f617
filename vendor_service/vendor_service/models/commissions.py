from django.db import models
from django.db.models import F, Q

from shared.context import new_id
from vendor_service.models.vendors import Vendor


class CommissionBook(models.Model):
    """The one row whose lock orders all changes of rules, and whose version all rules are told by."""

    name = models.CharField(primary_key=True, max_length=40)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "commission_book"

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class CommissionRule(models.Model):
    """What the marketplace keeps of some sales. What is null matches all; the first that matches a line holds, by
    `position`, which is 1 to n without gaps. Where none does, it is the vendor's own rate.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=100, blank=True)
    vendor = models.ForeignKey(Vendor, null=True, on_delete=models.PROTECT, related_name="commission_rules")
    category_id = models.UUIDField(null=True)
    """Of the catalogue, with all that stand below it."""
    product_id = models.UUIDField(null=True)
    basis_points = models.PositiveIntegerField()
    fees_per_unit = models.JSONField(default=dict)
    """Currency → minor units; in a currency that is not here there is none."""
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "commission_rule"
        ordering = ("position",)
        constraints = (
            models.CheckConstraint(condition=Q(basis_points__lte=10_000), name="commission_rule_in_100"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="commission_rule_begins_before_it_ends",
            ),
            models.UniqueConstraint(
                fields=["position"], name="commission_rule_position", deferrable=models.Deferrable.DEFERRED
            ),
        )

    def __str__(self) -> str:
        return self.name or str(self.id)
