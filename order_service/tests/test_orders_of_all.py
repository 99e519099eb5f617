"""Orders of all as admins list, filter and move them."""

from uuid import UUID

import pytest
from factories import confirmed, place
from rest_framework.test import APIClient

from shared.testing import body, client_as

pytestmark = pytest.mark.django_db
ADA, EVE = UUID(int=0xADA), UUID(int=0xE7E)


def ada() -> APIClient:
    return client_as("customer", user_id=ADA)


def test_admins_list_all_orders_and_filter_them() -> None:
    waiting, paid = place(user_id=EVE), confirmed(user_id=ADA)
    admin = client_as("admin")

    def listed(query: str = "") -> list[str]:
        return [row["id"] for row in body(admin.get(f"/api/v1/admin/orders{query}"))["results"]]

    assert listed() == [str(paid.id), str(waiting.id)]
    assert listed("?status=confirmed") == [str(paid.id)]
    assert listed(f"?number={waiting.number}") == [str(waiting.id)]
    assert listed("?email=nobody@example.com") == []
    assert listed("?limit=1") == [str(paid.id)]


ODD = [
    "from=2026-02-30",
    "from=1999-01-01",
    "currency=XXX",
    "user_id=x",
    "totals=perhaps",
    "status=lost",
    "number=" + "x" * 25,
    "colour=red",
    "email=%00",
    "needs_attention=maybe",
]


@pytest.mark.parametrize("query", ODD)
def test_an_odd_filter_is_refused(query: str) -> None:
    assert client_as("admin").get(f"/api/v1/admin/orders?{query}").status_code == 400


def test_the_admins_pages_are_closed_to_others() -> None:
    order = place(user_id=ADA)
    transition = f"/api/v1/admin/orders/{order.id}/transitions"

    assert [client_as(*role).get("/api/v1/admin/orders").status_code for role in ((), ("customer",))] == [401, 403]
    assert client_as("support").post(transition, {"to": "cancelled", "reason": "x"}).status_code == 403
    assert ada().post(transition, {"to": "cancelled", "reason": "x"}).status_code == 403


def test_an_admin_moves_an_order_within_the_rules() -> None:
    order = place(user_id=ADA)
    path = f"/api/v1/admin/orders/{order.id}/transitions"
    admin = client_as("admin")

    odd = admin.post(path, {"to": "delivered"})
    done = admin.post(path, {"to": "cancelled", "reason": "fraud"})

    assert (odd.status_code, set(body(odd)["errors"])) == (400, {"to", "reason"})
    assert (body(done)["status"], body(done)["cancel_reason"]) == ("cancelled", "fraud")
    assert admin.post(path, {"to": "cancelled", "reason": "again"}).status_code == 409
