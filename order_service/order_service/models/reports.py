"""Projections of orders that reports are read from: what was sold and refunded, day by day, in each currency by itself.

A sale is a confirmed order, on the day that it was confirmed, at the figures it was confirmed with, whatever becomes of
it. What goes back is a refund on the day on which the money went back. Replacements, for which nothing is charged, are
no sales. Days and months are UTC's. Amounts are minor units.
"""

from typing import ClassVar

from django.contrib.postgres.functions import RandomUUID
from django.db import models

from shared.context import new_id
from shared.due import Due


class OrderDay(models.Model):
    """One vendor's day in one currency; without a vendor everybody's, of which each order is one."""

    FIGURES: ClassVar[tuple[str, ...]] = (
        "orders", "units", "items", "discount", "shipping", "tax", "tax_included", "total", "commission", "refunds",
        "refunded", "refunded_for_returns", "refunded_tax", "refunded_commission",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=new_id, db_default=RandomUUID())
    day = models.DateField()
    currency = models.CharField(max_length=3)
    vendor_id = models.UUIDField(null=True)
    vendor_name = models.CharField(max_length=200, blank=True)
    orders = models.BigIntegerField()
    units = models.BigIntegerField()
    items = models.BigIntegerField()
    discount = models.BigIntegerField()
    shipping = models.BigIntegerField()
    tax = models.BigIntegerField()
    tax_included = models.BigIntegerField()
    total = models.BigIntegerField()
    commission = models.BigIntegerField()
    refunds = models.BigIntegerField()
    refunded = models.BigIntegerField()
    refunded_for_returns = models.BigIntegerField()
    """What of `refunded` is for goods that came back."""
    refunded_tax = models.BigIntegerField()
    refunded_commission = models.BigIntegerField()

    class Meta:
        db_table = "order_day"
        constraints = (
            models.UniqueConstraint(
                fields=["day", "currency", "vendor_id"], name="order_day_once", nulls_distinct=False
            ),
        )
        indexes = (models.Index(fields=["vendor_id", "day"], name="order_day_of_vendor"),)

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"


class SalesDay(models.Model):
    """One product's day in one currency, without shipping; `category_id` is the product's when it was bought."""

    FIGURES: ClassVar[tuple[str, ...]] = ("orders", "units", "items", "discount", "tax", "tax_included", "total")

    id = models.UUIDField(primary_key=True, default=new_id, db_default=RandomUUID())
    day = models.DateField()
    currency = models.CharField(max_length=3)
    vendor_id = models.UUIDField()
    product_id = models.UUIDField()
    product_name = models.CharField(max_length=250)
    category_id = models.UUIDField(null=True)
    orders = models.BigIntegerField()
    units = models.BigIntegerField()
    items = models.BigIntegerField()
    discount = models.BigIntegerField()
    tax = models.BigIntegerField()
    tax_included = models.BigIntegerField()
    total = models.BigIntegerField()

    class Meta:
        db_table = "sales_day"
        constraints = (
            models.UniqueConstraint(
                fields=["day", "currency", "vendor_id", "product_id", "category_id"],
                name="sales_day_once",
                nulls_distinct=False,
            ),
        )
        indexes = (
            models.Index(fields=["vendor_id", "day"], name="sales_day_of_vendor"),
            models.Index(fields=["product_id", "-day"], name="sales_day_of_product"),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.currency} {self.product_name}"


class BuyerMonth(models.Model):
    """What one buyer bought in a month: of a vendor, or of anybody. Cohorts are counted from it.

    `buyer` is the account; of a guest, a digest of the address. `first_month` is that of the first order in this
    currency (of this vendor). `month` and `first_month` are first days of months.
    """

    FIGURES: ClassVar[tuple[str, ...]] = ("orders", "total")

    month = models.DateField()
    currency = models.CharField(max_length=3)
    vendor_id = models.UUIDField(null=True)
    buyer = models.UUIDField()
    orders = models.BigIntegerField()
    total = models.BigIntegerField()
    first_month = models.DateField(null=True)

    class Meta:
        db_table = "buyer_month"
        constraints = (
            models.UniqueConstraint(
                fields=["buyer", "currency", "vendor_id", "month"], name="buyer_month_once", nulls_distinct=False
            ),
        )
        indexes = (
            models.Index(fields=["month"], name="buyer_month_of_month"),
            models.Index(fields=["vendor_id", "currency", "first_month", "month"], name="buyer_month_of_cohort"),
        )

    def __str__(self) -> str:
        return f"{self.month} {self.currency}"


class ReportRun(Due):
    """The one row that says up to when orders have been looked at, and which worker looks now."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    watermark = models.DateTimeField(null=True)
    """When the last whole look began; null: everything is to be counted anew."""

    class Meta:
        db_table = "report_run"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_report_run"),)

    def __str__(self) -> str:
        return f"up to {self.watermark}"
