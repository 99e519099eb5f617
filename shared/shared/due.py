"""Work that somebody has to do, as columns of the row that it is about."""

from datetime import timedelta
from operator import attrgetter
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


Row = TypeVar("Row", bound=models.Model)
_TAKE = """
    WITH due (pk, due_at) AS MATERIALIZED ({due} FOR UPDATE OF {table} SKIP LOCKED)
    UPDATE {table} AS one
    SET attempts = one.attempts + 1,
        due_at = %s::timestamptz + least(%s::interval * power(%s::float, least(one.attempts, 8)), '1 day'::interval)
    FROM due WHERE one.{pk} = due.pk RETURNING {columns}, due.due_at AS was_due
"""


def take(rows: QuerySet[Row], *, limit: int, lease: timedelta, grows: int = 4) -> list[Row]:
    """The longest due of these rows of one table, leased: whoever dies with them leaves them due again.

    Each attempt leases for `grows` times as long as the one before, a day at most: what fails waits longer and longer.
    It is one statement, as jobs ask all day and mostly in vain; without a transaction around it, it is one by itself.
    """
    meta, now = rows.model._meta, timezone.now()
    due, wanted = rows.filter(due_at__lte=now).order_by("due_at").values("pk", "due_at")[:limit].query.sql_with_params()
    unread, by_name = rows.query.deferred_loading
    assert by_name, "defer() is understood, only() is not"
    columns = ", ".join(f"one.{field.column}" for field in meta.concrete_fields if field.attname not in unread)
    statement = _TAKE.format(due=due, table=meta.db_table, pk=meta.pk.column, columns=columns)
    taken = rows.model._default_manager.raw(statement, [*wanted, now, lease, grows])
    return sorted(taken, key=attrgetter("was_due"))


def take_one(rows: QuerySet[Row], *, lease: timedelta, grows: int = 4) -> Row | None:
    """As `take`, the longest due."""
    return next(iter(take(rows, limit=1, lease=lease, grows=grows)), None)
