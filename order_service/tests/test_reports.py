"""Reports by example: their days, periods and names; who reads them, and what may be asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import VENDOR_A, confirmed, hear, make_cart, make_line
from report_pages import ADMIN, LAST, OWN, report
from sales import CATEGORIES, PRODUCTS, START, VENDORS, Line, Part, Sale, write

from order_service import checkout
from order_service.actions.reports import refresh_reports
from order_service.models import OrderDay, Refund, SalesDay
from order_service.queries.report_books import broken_rules
from shared.contracts.payment import PaymentRefunded
from shared.messages import MoneyData
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db


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
