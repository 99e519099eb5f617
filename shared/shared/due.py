"""Work that somebody has to do, as columns of the row that it is about."""

from datetime import timedelta
from typing import TypeVar

from django.db import connection, models
from django.db.models import QuerySet
from django.utils import timezone


class Due(models.Model):
    """`due_at` is when a worker may take it (null: nothing to do), `attempts` how often one has."""

    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        abstract = True


def in_turn(queue: str) -> None:
    """Others who join the queue wait until this transaction ends, so that how many are in it stays as counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"queue {queue}"])


Row = TypeVar("Row", bound=Due)


def take(rows: QuerySet[Row], *, limit: int, lease: timedelta, grows: int = 4) -> list[Row]:
    """The longest due rows, leased: whoever dies with them leaves them due again. Inside a transaction.

    Each attempt leases for `grows` times as long as the one before, a day at most: what fails waits longer and longer.
    """
    now = timezone.now()
    taken = list(rows.filter(due_at__lte=now).order_by("due_at").select_for_update(skip_locked=True)[:limit])
    for row in taken:
        row.due_at = now + min(lease * grows ** min(row.attempts, 8), timedelta(days=1))
        row.attempts += 1
        row.save(update_fields=["due_at", "attempts"])
    return taken
