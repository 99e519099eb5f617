"""Do the projections of reports agree with the orders? Each is asked in one statement, so that the answer is of one
moment.
"""

import hashlib
from datetime import timedelta

from django.db import connection

from order_service.models import ReportRun
from order_service.queries.sales import COUNTINGS, Counting

SEEN_AGAIN = timedelta(minutes=5)
"""How far the clock looks back beyond its last look: longer than any transaction takes."""
REPAIR = "manage.py rebuild_reports"

_ALL = {"start": "-infinity", "end": "infinity"}
_UNSETTLED = """
    unsettled AS (
        SELECT (confirmed_at AT TIME ZONE 'UTC')::date AS day FROM order_group, report_run
        WHERE confirmed_at IS NOT NULL AND updated_at >= coalesce(watermark - %(again)s::interval, '-infinity')
      UNION
        SELECT (done_at AT TIME ZONE 'UTC')::date
        FROM report_run, order_refund JOIN order_group ON order_group.id = order_id
        WHERE done_at IS NOT NULL AND updated_at >= coalesce(watermark - %(again)s::interval, '-infinity')
    )
"""
"""Days that changed since the clock looked: they may differ until it looks again."""
_FIRST_MONTHS = """
    SELECT month, count(*) FROM (
        SELECT month, first_month, min(month) OVER (PARTITION BY buyer, currency, vendor_id) AS first FROM buyer_month
    ) AS row WHERE first_month IS DISTINCT FROM first GROUP BY month ORDER BY month
"""


def broken_rules() -> list[str]:
    """A line for each day or month that differs from its orders, and what mends it; none when all is well."""
    if not ReportRun.objects.exclude(watermark=None).exists():
        return [f"reports have never been counted; wait for the clock, or: {REPAIR}"]
    return [rule for counting in COUNTINGS for rule in _broken(counting)] + _broken_first_months()


def _broken(counting: Counting) -> list[str]:
    columns = counting.columns
    question = f"""
        WITH counted AS ({counting.counted}), kept AS (SELECT {columns} FROM {counting.table}), {_UNSETTLED},
        differing AS (
            (SELECT {columns} FROM counted EXCEPT SELECT {columns} FROM kept)
            UNION ALL (SELECT {columns} FROM kept EXCEPT SELECT {columns} FROM counted)
        )
        SELECT {counting.when}, count(*) FROM differing
        WHERE {counting.when} NOT IN (SELECT date_trunc('{counting.when}', day::timestamp) FROM unsettled)
        GROUP BY {counting.when} ORDER BY {counting.when}
    """  # noqa: S608 -- names of tables and columns are this service's own
    with connection.cursor() as cursor:
        cursor.execute(question, {**_ALL, "again": f"{SEEN_AGAIN.seconds} seconds"})
        rows = cursor.fetchall()
    return [f"{counting.table} of {when} differs from its orders in {count} rows; {REPAIR}" for when, count in rows]


def _broken_first_months() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_MONTHS)
        return [f"buyer_month of {month}: {count} rows name another first month; {REPAIR}" for month, count in cursor]


def checksum() -> str:
    """Of all projections: the same orders make the same."""
    digest = hashlib.sha256()
    for counting in COUNTINGS:
        rows = f"SELECT {counting.columns} FROM {counting.table}"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT md5(string_agg(row::text, ',' ORDER BY row::text)) FROM ({rows}) AS row")  # noqa: S608
            digest.update(str(cursor.fetchone()[0]).encode())
    return digest.hexdigest()
