"""Whatever was sold, reports say what plain Python counts."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_pages import ADMIN, OWN, report
from sales import CURRENCIES, VENDORS, Oracle, Sale, sales, write

from order_service.actions.reports import rebuild_reports, refresh_reports
from order_service.models import BuyerMonth, Order, OrderDay, ReportRun, SalesDay
from order_service.queries.report_books import broken_rules, checksum
from shared.money import Money
from shared.testing import client_as

pytestmark = pytest.mark.django_db


def told(row: Any, *names: str) -> dict[str, Any]:
    """Figures in minor units, without those that are zero."""
    amounts = {name: row[name] for name in names}
    plain = {name: Money.parse(**value).minor if isinstance(value, dict) else value for name, value in amounts.items()}
    return {name: value for name, value in plain.items() if value}


def said(row: dict[str, int], *names: str) -> dict[str, int]:
    return {name: row[name] for name in names if row[name]}


def not_empty(rows: dict[Any, dict[str, int]]) -> dict[Any, dict[str, int]]:
    return {key: value for key, value in rows.items() if value}


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
