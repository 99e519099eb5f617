"""What was sold on which day: a projection of confirmed orders, from which stock is forecast."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.db import connection, models
from django.db.models import Q

from catalog_service.models.products import Variant
from shared.context import new_id


class DailySalesQuerySet(models.QuerySet["DailySales"]):
    """Both are called by whoever holds the locks of the variants' stock rows."""

    def add(self, sold: Mapping[UUID, int], day: date) -> None:
        with connection.cursor() as cursor:
            ids = [new_id() for _variant in sold]
            cursor.execute(_ADD, [day, ids, list(sold), list(sold.values())])

    def take_back(self, sold: Mapping[UUID, int], day: date) -> None:
        """An order of that day came to nothing."""
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_BACK, [list(sold), list(sold.values()), day])


_ADD = """
    INSERT INTO daily_sales (id, variant_id, day, sold)
    SELECT id, variant_id, %s, sold FROM unnest(%s::uuid[], %s::uuid[], %s::int[]) AS line (id, variant_id, sold)
    ON CONFLICT (variant_id, day) DO UPDATE SET sold = daily_sales.sold + excluded.sold
"""
_TAKE_BACK = """
    UPDATE daily_sales SET sold = greatest(daily_sales.sold - line.sold, 0)
    FROM unnest(%s::uuid[], %s::int[]) AS line (variant_id, sold)
    WHERE daily_sales.variant_id = line.variant_id AND day = %s
"""


class DailySales(models.Model):
    """Units of a variant in orders confirmed on a day (UTC), without those of orders that were cancelled later."""

    id = models.UUIDField(primary_key=True, default=new_id)
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="sales", db_index=False)
    day = models.DateField()
    sold = models.PositiveIntegerField()

    objects = DailySalesQuerySet.as_manager()

    class Meta:
        db_table = "daily_sales"
        verbose_name_plural = "daily sales"
        constraints = (
            models.UniqueConstraint(fields=["variant", "day"], name="daily_sales_once"),
            models.CheckConstraint(condition=Q(sold__gte=0), name="daily_sales_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.day}: {self.sold} x {self.variant_id}"
