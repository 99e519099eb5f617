"""Lists of orders: what they are narrowed to, and what all that fit sum to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from factories import VENDOR_A, VENDOR_B, confirmed, delivered, make_cart, make_line, part_of, place

from order_service.models import Order, VendorOrder
from order_service.queries.orders import chosen, chosen_parts
from shared.context import new_id
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


def test_a_day_of_both_lists_is_utcs_to_its_last_microsecond() -> None:
    old, new, midnight = confirmed(), confirmed(), datetime(2026, 2, 1, tzinfo=UTC)
    for order, at in ((old, midnight - timedelta(microseconds=1)), (new, midnight)):
        Order.objects.filter(id=order.id).update(placed_at=at)
    admin, vendor = client_as("admin"), client_as("vendor", vendor_id=VENDOR_A)

    def listed(day: str) -> tuple[list[str], list[str]]:
        orders = body(admin.get(f"/api/v1/admin/orders?from={day}&to={day}"))["results"]
        parts = body(vendor.get(f"/api/v1/vendor-orders?from={day}&to={day}"))["results"]
        return [row["id"] for row in orders], [row["order_number"] for row in parts]

    assert listed("2026-01-31") == ([str(old.id)], [old.number])
    assert listed("2026-02-01") == ([str(new.id)], [new.number])
    assert body(admin.get("/api/v1/admin/orders?to=9999-12-31"))["totals"]["count"] == 2


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: chosen({"from": date(2020, 1, 31), "to": date(2020, 1, 31)}), "order_placed"),
        (lambda: chosen({"currency": "JPY"}), "order_by_currency"),
        (lambda: chosen_parts({"status": "partially_shipped"}, VENDOR_A), "vendor_order_by_status"),
    ],
)
def test_what_few_of_many_orders_have_is_found_by_an_index(rows: Any, index: str) -> None:
    copy_order(confirmed(), times=3_000)

    assert f"using {index}" in rows().order_by("-id")[:25].explain()


def copy_order(order: Order, *, times: int) -> None:
    """As the planner sees them: so many, and all alike."""
    whole = Order.objects.filter(id=order.id).values().get()
    part = VendorOrder.objects.filter(id=part_of(order, VENDOR_A).id).values().get()
    own = [{"id": new_id(), "payment_id": new_id(), "number": f"N-{n}", "cart_id": f"{n}"} for n in range(times)]
    copies = [Order(**{**whole, **one}) for one in own]
    Order.objects.bulk_create(copies, batch_size=1_000)
    parts = [VendorOrder(**{**part, "id": new_id(), "order_id": copy.id}) for copy in copies]
    VendorOrder.objects.bulk_create(parts, batch_size=1_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE order_group, vendor_order")


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
