"""Lists of orders: what they are narrowed to, and what all that fit sum to."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from factories import VENDOR_A, VENDOR_B, confirmed, delivered, make_cart, make_line, part_of, place

from order_service.models import Order
from shared.money import Money
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db

ADA, EVE = UUID(int=0xADA), UUID(int=0xE7E)


def test_the_admins_list_is_narrowed_by_day_currency_buyer_and_vendor() -> None:
    old, new = confirmed(user_id=ADA), place(user_id=EVE)
    Order.objects.filter(id=old.id).update(placed_at=datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC))
    part_of(new, VENDOR_B).delete()
    admin = client_as("admin")

    def listed(query: str) -> list[str]:
        return [row["id"] for row in body(admin.get(f"/api/v1/admin/orders?{query}"))["results"]]

    assert listed("to=2026-01-31") == listed(f"user_id={ADA}") == listed(f"vendor_id={VENDOR_B}") == [str(old.id)]
    assert listed("from=2026-02-01") == listed(f"user_id={EVE}") == [str(new.id)]
    assert listed("currency=EUR") == []


def test_the_first_page_of_the_admins_list_tells_how_many_fit_and_what_they_sum_to() -> None:
    dollars = [confirmed(), place()]
    yen = place(make_cart(make_line(unit_price=Money(700, "JPY"))))
    admin = client_as("admin")

    first = body(admin.get("/api/v1/admin/orders?limit=2"))
    rest = body(admin.get(first["next"]))
    narrowed = body(admin.get("/api/v1/admin/orders?status=confirmed"))["totals"]
    without = body(admin.get("/api/v1/admin/orders?totals=false"))

    assert [one["count"] for one in first["totals"]["currencies"]] == [1, 2]
    assert first["totals"]["count"] == 3
    jpy, usd = first["totals"]["currencies"]
    assert jpy["total"] == {"amount": str(yen.total), "currency": "JPY"}
    for name in ("items_total", "discount_total", "shipping_total", "tax_total", "tax_included", "total"):
        assert usd[name] == Money(sum(getattr(order, name) for order in dollars), "USD").as_json()
    assert (narrowed["count"], narrowed["currencies"][0]["total"]["amount"]) == (
        1,
        Money(dollars[0].total, "USD").amount,
    )
    assert (rest["totals"], without["totals"], len(without["results"])) == (None, None, 3)


def test_the_admins_list_takes_as_many_statements_for_many_orders(django_assert_max_num_queries: Any) -> None:
    for _time in range(4):
        confirmed()

    with django_assert_max_num_queries(6):
        client_as("admin").get("/api/v1/admin/orders")


def test_vendors_narrow_their_list() -> None:
    old, new = delivered(), confirmed()
    Order.objects.filter(id=old.id).update(placed_at=datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC))
    vendor = client_as("vendor", vendor_id=VENDOR_A)

    def listed(query: str) -> list[str]:
        return [row["order_number"] for row in body(vendor.get(f"/api/v1/vendor-orders?{query}"))["results"]]

    assert listed("status=delivered") == listed("to=2026-01-31") == listed(f"number={old.number}") == [old.number]
    assert listed("from=2026-02-01") == [new.number]
    assert vendor.get("/api/v1/vendor-orders?email=a").status_code == 400
