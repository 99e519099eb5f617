"""How long the stock will last, reckoned from what was sold on each day."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Min
from django.utils import timezone

from catalog_service.models import DailySales, Movement, StockItem

WINDOW_DAYS = 90
HALF_LIFE_DAYS = 14
LONGEST_DAYS = 3_650
"""Beyond that a date says nothing."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`per_day`: units a day; a day's weight halves every HALF_LIFE_DAYS. `days_left` is None where nothing sells.

    `reorder_point`: what must be available for as long as new stock takes to come, and for the seller's own margin
    (`low_at`) on top. `reorder_quantity`: what brings it up to that and to the days to be covered; nothing before the
    point is reached.
    """

    item: StockItem
    sales: list[DailySales]
    per_day: Fraction
    days_observed: int
    days_left: int | None
    reorder_point: int
    reorder_quantity: int

    @property
    def sold(self) -> int:
        return sum(day.sold for day in self.sales)

    @property
    def runs_out_on(self) -> date | None:
        return None if self.days_left is None else timezone.now().date() + timedelta(days=self.days_left)


def forecast(item: StockItem, *, lead_days: int, cover_days: int) -> Forecast:
    """Two statements. Days before the variant had its first stock do not count."""
    today = timezone.now().date()
    sales = list(item.variant.sales.filter(day__gt=today - timedelta(days=WINDOW_DAYS), sold__gt=0).order_by("day"))
    first = Movement.objects.filter(variant_id=item.variant_id).aggregate(first=Min("created_at"))["first"]
    begun = min([sale.day for sale in sales] + ([first.date()] if first else [today]))
    observed = min((today - begun).days + 1, WINDOW_DAYS)
    per_day = rate({(today - sale.day).days: sale.sold for sale in sales}, observed)
    point = math.ceil(per_day * lead_days) + item.low_at
    wanted = math.ceil(per_day * (lead_days + cover_days)) + item.low_at - item.available
    return Forecast(
        item=item,
        sales=sales,
        per_day=per_day,
        days_observed=observed,
        days_left=min(math.floor(item.available / per_day), LONGEST_DAYS) if per_day else None,
        reorder_point=point,
        reorder_quantity=max(wanted, 0) if per_day and item.available <= point else 0,
    )


def rate(sold: dict[int, int], observed: int) -> Fraction:
    """The weighted mean a day of what was sold so many days ago, over all days observed."""
    weights = [Fraction(1 / 2 ** (age / HALF_LIFE_DAYS)) for age in range(observed)]
    total = sum((weights[age] * count for age, count in sold.items() if age < observed), Fraction())
    return total / sum(weights)
