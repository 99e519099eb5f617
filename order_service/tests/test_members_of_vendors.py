"""What each role in a vendor may do here. A member who may not is refused before anything is looked for."""

from typing import Any
from uuid import uuid4

import pytest
from factories import VENDOR_A, delivered, make_cart, make_line, part_of
from sending_back import ADA, ask

from shared.testing import body, client_as

pytestmark = pytest.mark.django_db
ROLES = ("", "owner", "manager", "staff", "orders", "catalogue", "finance", "of a later release")
SELLERS = {"", "owner", "manager", "staff"}
ORDERS, CATALOGUE = SELLERS | {"orders"}, SELLERS | {"catalogue"}
SALES = ORDERS | {"finance"}
NOTHING = uuid4()


def as_(role: str) -> Any:
    return client_as("customer", "vendor", vendor_id=VENDOR_A, vendor_role=role)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "vendor-orders", ORDERS),
        ("get", f"vendor-orders/{NOTHING}", ORDERS),
        ("post", f"vendor-orders/{NOTHING}/shipments", ORDERS),
        ("post", f"vendor-orders/{NOTHING}/shipments/packed", ORDERS),
        ("post", f"vendor-orders/{NOTHING}/cancel", ORDERS),
        ("get", f"vendor-orders/{NOTHING}/packing-slip", ORDERS),
        ("get", f"vendor-orders/{NOTHING}/label", ORDERS),
        ("post", f"shipments/{NOTHING}/send", ORDERS),
        ("post", f"shipments/{NOTHING}/deliver", ORDERS),
        ("post", f"shipments/{NOTHING}/lost", ORDERS),
        ("post", f"returns/{NOTHING}/approve", ORDERS),
        ("post", f"returns/{NOTHING}/reject", ORDERS),
        ("post", f"returns/{NOTHING}/receive", ORDERS),
        ("get", "vendor-orders/operations", ORDERS),
        ("post", "vendor-orders/operations", ORDERS),
        ("get", "order-exports", ORDERS),
        ("post", "order-exports", ORDERS),
        ("get", "promotions", CATALOGUE),
        ("post", "promotions", CATALOGUE),
        ("delete", f"promotions/{NOTHING}", CATALOGUE),
        ("get", "vendor-orders/reports/sales", SALES),
        ("get", "vendor-orders/reports/products?currency=USD", SALES),
    ],
)
def test_each_role_may_do_what_its_areas_open(method: str, path: str, allowed: set[str]) -> None:
    answers = {role: getattr(as_(role), method)(f"/api/v1/{path}").status_code for role in ROLES}

    assert {role for role, status in answers.items() if status != 403} == allowed


def test_who_does_not_handle_orders_sees_its_own_returns_alone() -> None:
    order = delivered(make_cart(make_line()), user_id=ADA)
    assert ask(order).status_code == 201
    assert part_of(order).vendor_id == VENDOR_A

    seen = {role: len(body(as_(role).get("/api/v1/returns"))["results"]) for role in ROLES}

    assert {role for role, count in seen.items() if count} == ORDERS


def test_a_member_buys_as_anybody_does() -> None:
    mine = client_as("customer", "vendor", user_id=ADA, vendor_id=VENDOR_A, vendor_role="finance")
    order = delivered(make_cart(make_line()), user_id=ADA)

    assert mine.get(f"/api/v1/orders/{order.id}").status_code == 200
    assert ask(order).status_code == 201
    assert len(body(mine.get("/api/v1/returns"))["results"]) == 1
