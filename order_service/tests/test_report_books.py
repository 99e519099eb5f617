"""Reports are counted anew where orders changed, by one worker or many, and what differs from the orders is told."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from report_pages import ADMIN, report
from sales import BUYERS, START, Back, Sale, write

from order_service.actions.reports import changed_days, rebuild_day, rebuild_reports, refresh_reports
from order_service.models import Order, OrderDay, ReportRun
from order_service.queries.report_books import broken_rules, checksum
from shared.testing import client_as, in_parallel

pytestmark = pytest.mark.django_db


def test_only_days_of_orders_that_changed_are_counted_anew() -> None:
    orders = [write(Sale(day=day)) for day in range(4)]
    assert refresh_reports() == 4
    Order.objects.update(updated_at=timezone.now() - timedelta(days=1))
    write(Sale(day=2))
    write(Sale(day=-1, backs=[Back(day=5)]))

    assert refresh_reports() == 2
    rows = report(client_as("admin"), f"{ADMIN}/sales")
    assert {row["period"]: row["orders"] for row in rows} == {
        "2026-01-20": 1, "2026-01-21": 1, "2026-01-22": 2, "2026-01-23": 1, "2026-01-25": 0,
    }  # fmt: skip
    assert len(orders) == 4


def test_what_was_changed_before_the_last_look_and_committed_after_it_is_seen() -> None:
    refresh_reports()
    late = write(Sale())
    Order.objects.filter(id=late.id).update(updated_at=timezone.now() - timedelta(minutes=4))

    assert refresh_reports() == 1


def test_a_day_counted_twice_is_the_same_day() -> None:
    write(Sale(backs=[Back()]))
    refresh_reports()
    before = checksum()

    rebuild_day(START)
    rebuild_day(START)

    assert checksum() == before


def test_a_worker_that_dies_leaves_its_days_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(3):
        write(Sale(day=day))
    from order_service.actions import reports

    counted: list[date] = []

    def dying(day: date) -> None:
        if len(counted) == 2:
            raise MemoryError
        counted.append(day)
        rebuild_day(day)

    monkeypatch.setattr(reports, "rebuild_day", dying)
    with pytest.raises(MemoryError):
        refresh_reports()
    monkeypatch.undo()

    assert refresh_reports() == 0  # the lease is not over
    assert OrderDay.objects.filter(vendor_id=None).count() == 2
    ReportRun.objects.update(due_at=timezone.now())
    assert refresh_reports() == 3
    assert broken_rules() == []


@pytest.mark.django_db(transaction=True)
def test_days_rebuilt_by_many_at_once_are_counted_once() -> None:
    for day in range(3):
        write(Sale(day=day, backs=[Back(day=day)]))
    list(rebuild_reports())
    before = checksum()

    answers = in_parallel(4, lambda _number: list(rebuild_reports()))

    assert not [one for one in answers if isinstance(one, Exception)]
    assert (checksum(), broken_rules()) == (before, [])


def test_an_earlier_first_order_moves_its_buyer_to_another_cohort() -> None:
    write(Sale(day=40))
    refresh_reports()
    write(Sale(day=1))
    refresh_reports()

    rows = report(client_as("admin"), f"{ADMIN}/cohorts", currency="USD")

    assert [(row["cohort"], row["months_since"], row["buyers"]) for row in rows] == [
        ("2026-01-01", 0, 1), ("2026-01-01", 2, 1),
    ]  # fmt: skip
    assert BUYERS[0][0] is not None


FORGED = f"""
    INSERT INTO order_day (id, day, currency, vendor_id, vendor_name, {", ".join(OrderDay.FIGURES)})
    SELECT gen_random_uuid(), date '2020-01-01', currency, vendor_id, vendor_name, {", ".join(OrderDay.FIGURES)}
    FROM order_day LIMIT 1
"""


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("order_day", "UPDATE order_day SET refunded = refunded + 1 WHERE vendor_id IS NULL"),
        ("order_day", FORGED),
        ("sales_day", "DELETE FROM sales_day"),
        ("buyer_month", "UPDATE buyer_month SET total = 0"),
        ("buyer_month", "UPDATE buyer_month SET first_month = date '2020-01-01'"),
    ],
)  # fmt: skip
def test_reports_that_differ_from_orders_are_told_with_what_mends_them(table: str, change: str) -> None:
    write(Sale(backs=[Back()]))
    Order.objects.update(updated_at=timezone.now() - timedelta(days=1))
    refresh_reports()
    call_command("verify_reports", stdout=StringIO())

    with connection.cursor() as cursor:
        cursor.execute(change)
    with pytest.raises(CommandError, match=f"{table} of .* manage.py rebuild_reports"):
        call_command("verify_reports", stdout=StringIO())
    output = StringIO()
    call_command("rebuild_reports", stdout=output)

    assert "order: reports agree with the orders, checksum " in output.getvalue()
    assert "order: 1 of " in output.getvalue()
    call_command("verify_reports", stdout=StringIO())


def test_reports_that_were_never_counted_are_told_of() -> None:
    assert broken_rules() == ["reports have never been counted; wait for the clock, or: manage.py rebuild_reports"]


def test_a_day_that_changed_a_moment_ago_is_not_blamed() -> None:
    refresh_reports()
    write(Sale())

    assert broken_rules() == []
    assert changed_days(ReportRun.objects.get().watermark) == [START]
