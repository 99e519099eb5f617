"""Exchange rates as anybody may read them."""

from datetime import date

from payment_service.models import RateTable
from shared.errors import NotFound


def rates_of(day: date | None) -> RateTable:
    """Of this day, or the last one before it that has any; None: the newest. Raises NotFound."""
    tables = RateTable.objects.order_by("-day")
    table = (tables.filter(day__lte=day) if day else tables).first()
    if table is None:
        raise NotFound
    return table
