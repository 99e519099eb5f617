"""Reports say what the orders say, whatever they are; and go on saying it while orders change."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from factories import VENDOR_A, confirmed, hear, make_cart, make_line
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sales import BUYERS, CATEGORIES, CURRENCIES, PRODUCTS, START, VENDORS, Back, Line, Oracle, Part, Sale, sales, write

from order_service import checkout
from order_service.actions.reports import changed_days, rebuild_day, rebuild_reports, refresh_reports
from order_service.models import BuyerMonth, Order, OrderDay, Refund, ReportRun, SalesDay
from order_service.queries.report_books import broken_rules, checksum
from shared.contracts.payment import PaymentRefunded
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import body, client_as, in_parallel

pytestmark = pytest.mark.django_db
ADMIN, OWN = "/api/v1/admin/reports", "/api/v1/vendor-orders/reports"
LAST = START + timedelta(days=80)


def report(client: Any, path: str, **asked: Any) -> list[Any]:
    """All pages of it, from the first day of the tests to the last."""
    query, found = {"from": START, "to": LAST, "limit": 100, **asked}, []
    answer = client.get(path, query)
    while True:
        assert answer.status_code == 200, answer.content
        page = body(answer)
        found += page["results"]
        if page["next"] is None:
            return found
        answer = client.get(page["next"])


def told(row: Any, *names: str) -> dict[str, Any]:
    """Figures in minor units, without those that are zero."""
    amounts = {name: row[name] for name in names}
    plain = {name: Money.parse(**value).minor if isinstance(value, dict) else value for name, value in amounts.items()}
    return {name: value for name, value in plain.items() if value}


def said(row: dict[str, int], *names: str) -> dict[str, int]:
    return {name: row[name] for name in names if row[name]}


def not_empty(rows: dict[Any, dict[str, int]]) -> dict[Any, dict[str, int]]:
    return {key: value for key, value in rows.items() if value}


# ── Against an oracle ────────────────────────────────────────────────────────────────────────────────────────────────


def forget_everything() -> None:
    for model in (Order, OrderDay, SalesDay, BuyerMonth, ReportRun):
        model.objects.all().delete()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=st.lists(sales(), max_size=6), then=st.lists(sales(), max_size=4))
def test_any_sales_are_reported_as_plain_python_counts_them(first: list[Sale], then: list[Sale]) -> None:
    forget_everything()
    oracle = Oracle()
    for batch in (first, then):
        for sale in batch:
            write(sale)
            oracle.hear(sale)
        refresh_reports()
        agrees(oracle)
        long_ago = timezone.now() - timedelta(days=1)
        Order.objects.update(updated_at=long_ago)  # what the next look has no reason to look at

    assert broken_rules() == []
    before = checksum()
    OrderDay.objects.update(total=7)
    list(rebuild_reports())
    assert (checksum(), broken_rules()) == (before, [])


def agrees(oracle: Oracle) -> None:
    staff = client_as("support")
    _sales_agree(oracle, report(staff, f"{ADMIN}/sales"), None)
    for vendor in VENDORS:
        by_vendor = report(staff, f"{ADMIN}/sales", vendor_id=vendor)
        _sales_agree(oracle, by_vendor, vendor)
        assert report(client_as("vendor", vendor_id=vendor), f"{OWN}/sales") == by_vendor
    for currency in CURRENCIES:
        _rankings_agree(oracle, staff, currency)
        for scope in (None, VENDORS[0]):
            _cohorts_agree(oracle, staff, currency, scope)


def _sales_agree(oracle: Oracle, rows: list[Any], vendor: UUID | None) -> None:
    names = OrderDay.FIGURES
    found = {(date.fromisoformat(row["period"]), row["currency"]): told(row, *names) for row in rows}
    assert not_empty(found) == not_empty(
        {(day, currency): said(row, *names) for (day, currency, of), row in oracle.orders.items() if of == vendor}
    )
    for row in rows:
        total, orders = Money.parse(**row["total"]).minor, row["orders"]
        assert Money.parse(**row["revenue"]).minor == total - Money.parse(**row["refunded"]).minor
        if orders:
            assert abs(2 * (Money.parse(**row["average_basket"]).minor * orders - total)) <= orders


def _rankings_agree(oracle: Oracle, staff: Any, currency: str) -> None:
    asked = {"currency": currency}
    by_vendor = {row["vendor_id"]: told(row, *OrderDay.FIGURES) for row in report(staff, f"{ADMIN}/vendors", **asked)}
    assert not_empty(by_vendor) == summed(oracle.orders, currency, OrderDay.FIGURES, 2)
    products = report(staff, f"{ADMIN}/products", **asked)
    assert [Money.parse(**row["total"]).minor for row in products] == sorted(
        (Money.parse(**row["total"]).minor for row in products), reverse=True
    )
    by_product = {(row["vendor_id"], row["product_id"]): told(row, "units", "items", "total") for row in products}
    assert by_product == summed(oracle.lines, currency, ("units", "items", "total"), 2, 3)
    categories = report(staff, f"{ADMIN}/categories", **asked)
    by_category = {row["category_id"]: told(row, "units", "discount", "tax", "tax_included") for row in categories}
    assert by_category == summed(oracle.lines, currency, ("units", "discount", "tax", "tax_included"), 4)


def summed(rows: dict[Any, dict[str, int]], currency: str, names: tuple[str, ...], *at: int) -> dict[Any, Any]:
    """By these places of the key; what is of everybody is left out."""
    found: dict[Any, dict[str, int]] = {}
    for key, row in rows.items():
        if key[1] == currency and key[2] is not None:
            places = tuple(key[i] and str(key[i]) for i in at)
            sums = found.setdefault(places if len(at) > 1 else places[0], dict.fromkeys(names, 0))
            for name in names:
                sums[name] += row[name]
    return not_empty({key: said(row, *names) for key, row in found.items()})


def _cohorts_agree(oracle: Oracle, staff: Any, currency: str, vendor: UUID | None) -> None:
    rows = report(staff, f"{ADMIN}/cohorts", currency=currency, **({"vendor_id": vendor} if vendor else {}))
    found = {
        (date.fromisoformat(row["cohort"]), row["months_since"]): (
            row["buyers"], row["orders"], Money.parse(**row["total"]).minor,
        )
        for row in rows
    }  # fmt: skip
    expected = oracle.cohorts(currency, vendor)
    assert found == expected
    assert all(row["cohort_buyers"] == expected[date.fromisoformat(row["cohort"]), 0][0] for row in rows)


# ── By example ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_begins_and_ends_at_midnight_utc() -> None:
    for second in (0, 86_399):
        write(Sale(day=3, second=second))
    write(Sale(day=4, second=0))

    refresh_reports()

    rows = report(client_as("admin"), f"{ADMIN}/sales")
    assert [(row["period"], row["orders"]) for row in rows] == [("2026-01-24", 1), ("2026-01-23", 2)]


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        ("day", ["2026-02-28", "2026-02-10", "2026-01-20"]),
        ("week", ["2026-02-23", "2026-02-09", "2026-01-19"]),
        ("month", ["2026-02-01", "2026-01-01"]),
        ("year", ["2026-01-01"]),
        ("all", ["2026-01-20"]),
    ],
)
def test_sales_are_summed_by_the_period_that_is_asked_for(by: str, periods: list[str]) -> None:
    for day in (0, 21, 39):
        write(Sale(day=day))
    refresh_reports()

    rows = report(client_as("admin"), f"{ADMIN}/sales", by=by)

    assert [row["period"] for row in rows] == periods
    assert sum(row["orders"] for row in rows) == 3


def test_only_the_days_asked_for_count_the_first_and_the_last_among_them() -> None:
    for day in range(5):
        write(Sale(day=day))
    refresh_reports()
    asked = {"from": START + timedelta(days=1), "to": START + timedelta(days=3)}

    rows = report(client_as("admin"), f"{ADMIN}/sales", **asked)

    assert [row["period"] for row in rows] == ["2026-01-23", "2026-01-22", "2026-01-21"]


def test_without_a_period_it_is_the_last_thirty_days() -> None:
    today = (datetime.now(UTC).date() - START).days
    for day in (today, today - 29, today - 30):
        write(Sale(day=day))
    refresh_reports()

    answer = client_as("admin").get(f"{ADMIN}/sales", {"by": "all"})

    assert [row["orders"] for row in body(answer)["results"]] == [2]


def test_what_an_order_became_is_no_sale_less_but_a_refund_more() -> None:
    order = confirmed(make_cart(make_line(category_id=CATEGORIES[1])))
    checkout.cancel_order(order_id=order.id, reason="fraud", by_admin=True)
    refund = Refund.objects.get()
    amount = MoneyData(minor=refund.amount, currency="USD")
    told_twice = [
        PaymentRefunded(refund_id=refund.id, payment_id=order.payment_id, order_id=order.id, amount=amount)
        for _time in range(2)
    ]
    for message in told_twice:
        hear(message)

    refresh_reports()

    today = datetime.now(UTC).date()
    (row,) = report(client_as("admin"), f"{ADMIN}/sales", to=today)
    assert (row["orders"], row["refunds"], row["revenue"]["amount"]) == (1, 1, "0.00")
    assert row["refunded"] == row["total"] == row["average_basket"]
    (category,) = report(client_as("admin"), f"{ADMIN}/categories", to=today, currency="USD")
    assert category["category_id"] == str(CATEGORIES[1])
    assert broken_rules() == []


def test_a_refund_that_is_told_of_again_stays_on_its_day() -> None:
    order = confirmed()
    checkout.cancel_order(order_id=order.id, reason="fraud", by_admin=True)
    refund = Refund.objects.get()
    message = PaymentRefunded(
        refund_id=refund.id, payment_id=order.payment_id, order_id=order.id,
        amount=MoneyData(minor=refund.amount, currency="USD"),
    )  # fmt: skip
    hear(message)
    Refund.objects.update(done_at=datetime(2026, 2, 1, tzinfo=UTC))

    hear(message)

    assert Refund.objects.get().done_at == datetime(2026, 2, 1, tzinfo=UTC)


def test_names_are_those_of_the_last_sale() -> None:
    write(Sale(day=1))
    write(Sale(day=2))
    refresh_reports()
    OrderDay.objects.filter(day=START + timedelta(days=2)).exclude(vendor_id=None).update(vendor_name="Later")
    SalesDay.objects.filter(day=START + timedelta(days=2)).update(product_name="Later")

    vendor, product = (
        report(client_as("admin"), f"{ADMIN}/{path}", currency="USD")[0] for path in ("vendors", "products")
    )

    assert (vendor["vendor_name"], product["product_name"]) == ("Later", "Later")


def test_products_are_narrowed_to_a_category_and_a_vendor() -> None:
    write(Sale(parts=[Part(0, [Line(product=0, category=1), Line(product=1, category=2)]), Part(1, [Line(product=2)])]))
    refresh_reports()
    admin = client_as("admin")

    of_category = report(admin, f"{ADMIN}/products", currency="USD", category_id=CATEGORIES[1])
    of_vendor = report(admin, f"{ADMIN}/products", currency="USD", vendor_id=VENDORS[0])
    own = report(client_as("vendor", vendor_id=VENDORS[1]), f"{OWN}/products", currency="USD")

    assert {row["product_id"] for row in of_category} == {str(PRODUCTS[0]), str(PRODUCTS[2])}
    assert {row["product_id"] for row in of_vendor} == {str(PRODUCTS[0]), str(PRODUCTS[1])}
    assert [row["product_id"] for row in own] == [str(PRODUCTS[2])]


# ── Who, and what ────────────────────────────────────────────────────────────────────────────────────────────────────

PATHS = [f"{ADMIN}/{name}" for name in ("sales", "products", "vendors", "categories", "cohorts")]
OWN_PATHS = [f"{OWN}/sales", f"{OWN}/products"]


@pytest.mark.parametrize("path", PATHS)
def test_reports_of_everybody_are_for_staff(path: str) -> None:
    answers = {
        role: client_as(role, vendor_id=VENDOR_A).get(path, {"currency": "USD"}).status_code
        for role in ("admin", "support", "vendor", "customer")
    }

    assert answers == {"admin": 200, "support": 200, "vendor": 403, "customer": 403}
    assert client_as().get(path).status_code == 401


@pytest.mark.parametrize("path", OWN_PATHS)
def test_reports_of_ones_own_are_for_vendors(path: str) -> None:
    answers = {
        role: client_as(role).get(path, {"currency": "USD"}).status_code
        for role in ("admin", "support", "vendor", "customer")
    }

    assert answers == {"admin": 403, "support": 403, "vendor": 403, "customer": 403}
    assert client_as("vendor", vendor_id=VENDOR_A).get(path, {"currency": "USD"}).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"from": "2026-02-30"}, "from"), ({"from": "2026-02-02", "to": "2026-02-01"}, "from"), ({"to": "\0"}, "to"),
        ({"to": "0001-01-01"}, "from"), ({"from": "1999-12-31"}, "from"), ({"currency": "XXX"}, "currency"),
        ({"vendor_id": "x"}, "vendor_id"), ({"colour": "red"}, "colour"), ({"limit": "0"}, "limit"),
        ({"cursor": "cD1-"}, "cursor"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", PATHS)
def test_strange_questions_are_refused(path: str, wrong: dict[str, str], field: str) -> None:
    write(Sale())
    refresh_reports()

    answer = client_as("admin").get(path, {"currency": "USD", **wrong})

    assert (answer.status_code, list(body(answer).get("errors", [field]))) in [(400, [field]), (404, [field])]


def test_what_cannot_be_compared_needs_a_currency() -> None:
    for path in [*PATHS[1:], OWN_PATHS[1]]:
        answer = client_as("admin", "vendor", vendor_id=VENDOR_A).get(path)
        assert (answer.status_code, list(body(answer)["errors"])) == (400, ["currency"])


@pytest.mark.parametrize(("path", "most"), [*((path, 2) for path in PATHS), *((path, 2) for path in OWN_PATHS)])
def test_a_report_takes_two_statements_however_long_it_is(
    path: str, most: int, django_assert_max_num_queries: Any
) -> None:
    for day in range(9):
        write(Sale(day=day, parts=[Part(0, [Line(product=day % 4)]), Part(1)], buyer=day % 5))
    refresh_reports()
    client = client_as("vendor", vendor_id=VENDORS[0]) if path in OWN_PATHS else client_as("admin")

    with django_assert_max_num_queries(most):
        assert client.get(path, {"currency": "USD", "from": START, "to": LAST}).status_code == 200


# ── Keeping them ─────────────────────────────────────────────────────────────────────────────────────────────────────


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
