"""Keep the projections that reports are read from: whole days, and months, are counted anew from the orders.

A day is deleted and rebuilt in one transaction under a lock that all writers of reports take, so that doing it again
changes nothing, whoever does it at the same time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from order_service.models import BuyerMonth, Order, OrderDay, Refund, ReportRun, SalesDay
from order_service.queries.report_books import SEEN_AGAIN
from order_service.queries.sales import BUYER_MONTHS, ORDER_DAYS, SALES_DAYS, Counting
from shared.audit import record
from shared.due import take_one

_LOCK = "order_service.reports"
_A_DAY = timedelta(days=1)

_FIRST_MONTHS = """
    UPDATE buyer_month AS later SET first_month = first.month
    FROM (
        SELECT buyer, currency, vendor_id, min(month) AS month FROM buyer_month
        WHERE buyer = ANY(%s) GROUP BY buyer, currency, vendor_id
    ) AS first
    WHERE later.buyer = first.buyer AND later.currency = first.currency
        AND later.vendor_id IS NOT DISTINCT FROM first.vendor_id AND later.first_month IS DISTINCT FROM first.month
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` days and months are rebuilt; `last` is the latest."""

    done: int
    total: int
    last: date


# ── One day, one month ───────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def rebuild_day(day: date) -> None:
    _lock()
    for counting in (ORDER_DAYS, SALES_DAYS):
        _rebuild(counting, day, day + _A_DAY)


@transaction.atomic
def recount_day(*, day: date) -> None:
    """An operator has a day and its month counted anew."""
    rebuild_day(day)
    rebuild_month(day.replace(day=1))
    record(action="order.report.recount", subject_kind="day", subject_id=day)


@transaction.atomic
def rebuild_month(month: date) -> None:
    """`month` is its first day. Whoever bought in it, before or now, may have another first month."""
    _lock()
    buyers = set(_buyers(month))
    _rebuild(BUYER_MONTHS, month, _next(month))
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_MONTHS, [list(buyers | set(_buyers(month)))])


def _buyers(month: date) -> Iterator[object]:
    return BuyerMonth.objects.filter(month=month).values_list("buyer", flat=True).iterator()


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])


def _rebuild(counting: Counting, start: date, end: date) -> None:
    """Names of tables and columns are this service's own."""
    table, columns = counting.table, counting.columns
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {counting.when} >= %s AND {counting.when} < %s", [start, end])  # noqa: S608
        cursor.execute(f"INSERT INTO {table} ({columns}) {counting.counted}", {"start": _at(start), "end": _at(end)})


def _at(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


# ── What changed ─────────────────────────────────────────────────────────────────────────────────────────────────────


def refresh_reports() -> int:
    """A job for the clock: rebuild the days whose orders changed since the last look; answers how many.

    Leased, as work is: whoever dies with it leaves the watermark where it was, and the days are looked at again.
    """
    began, mine = timezone.now(), _take()
    if mine is None:
        return 0
    days = changed_days(mine.watermark)
    for day in days:
        rebuild_day(day)
        _keep(mine)
    for month in sorted({day.replace(day=1) for day in days}):
        rebuild_month(month)
        _keep(mine)
    _still(mine).update(watermark=began, due_at=timezone.now(), attempts=0)
    return len(days)


def _take() -> ReportRun | None:
    ReportRun.objects.get_or_create(id=1, defaults={"due_at": timezone.now()})
    return take_one(ReportRun.objects.all(), lease=_lease(), grows=1)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _keep(mine: ReportRun) -> None:
    """The lease moves with every day."""
    _still(mine).update(due_at=timezone.now() + _lease())


def _still(mine: ReportRun) -> QuerySet[ReportRun]:
    """The row, unless another worker has taken it since."""
    return ReportRun.objects.filter(id=mine.id, attempts=mine.attempts)


def changed_days(watermark: datetime | None) -> list[date]:
    """Days of orders that changed since then, and of refunds of theirs; None: all there are.

    It looks back further than the watermark: what was changed before it may have been committed after it.
    """
    orders, refunds = Order.objects.exclude(confirmed_at=None), Refund.objects.exclude(done_at=None)
    if watermark:
        since = watermark - SEEN_AGAIN
        orders, refunds = orders.filter(updated_at__gte=since), refunds.filter(order__updated_at__gte=since)
    days = {at.date() for at in orders.datetimes("confirmed_at", "day", tzinfo=UTC)}
    return sorted(days | {at.date() for at in refunds.datetimes("done_at", "day", tzinfo=UTC)})


# ── All of it ────────────────────────────────────────────────────────────────────────────────────────────────────────


def rebuild_reports() -> Iterator[Progress]:
    """Every day and month anew, each in a transaction of its own: who reads meanwhile reads the days as they were, or
    as they are. Also the days that are kept but of which no order tells.
    """
    began = timezone.now()
    days = sorted({*changed_days(None), *_kept_days()})
    months = sorted(
        {*(day.replace(day=1) for day in days), *BuyerMonth.objects.values_list("month", flat=True).distinct()}
    )
    for done, day in enumerate(days, start=1):
        rebuild_day(day)
        yield Progress(done, len(days) + len(months), day)
    for done, month in enumerate(months, start=len(days) + 1):
        rebuild_month(month)
        yield Progress(done, len(days) + len(months), month)
    ReportRun.objects.update_or_create(id=1, defaults={"watermark": began, "due_at": timezone.now()})


def _kept_days() -> set[date]:
    return {*OrderDay.objects.values_list("day", flat=True), *SalesDay.objects.values_list("day", flat=True)}
