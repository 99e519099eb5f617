"""What goes to the audit log: what admins do to orders, returns and coupons."""

from uuid import UUID

import pytest
from factories import VENDOR_A, confirmed, delivered, part_of

from order_service.models import Order
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db
ADMIN, ADA = new_id(), UUID(int=0xADA)


def recorded() -> list[tuple[str, str, str]]:
    return [(entry.action, entry.subject_kind, entry.subject_id) for entry in published(RecordAudit)]


def ask_return(order: Order) -> str:
    items = [{"id": str(part_of(order).lines.first().id), "quantity": 1, "reason": "broken"}]
    return str(
        body(client_as("customer", user_id=ADA).post(f"/api/v1/orders/{order.id}/returns", {"items": items}))["id"]
    )


def test_orders_cancelled_by_admins_are_recorded_and_those_by_buyers_are_not() -> None:
    admin, orders = client_as("admin", user_id=ADMIN), [confirmed(user_id=ADA) for _time in range(3)]

    moved = admin.post(f"/api/v1/admin/orders/{orders[0].id}/transitions", {"to": "cancelled", "reason": "fraud"})
    again = admin.post(f"/api/v1/admin/orders/{orders[0].id}/transitions", {"to": "cancelled", "reason": "fraud"})
    admin.post(f"/api/v1/orders/{orders[1].id}/cancel")
    client_as("customer", user_id=ADA).post(f"/api/v1/orders/{orders[2].id}/cancel")

    assert (moved.status_code, again.status_code) == (200, 409)
    assert recorded() == [("order.order.cancel", "order", str(order.id)) for order in orders[:2]]
    assert {(entry.actor_id, entry.actor_roles) for entry in published(RecordAudit)} == {(ADMIN, ("admin",))}
    assert published(RecordAudit)[0].detail == {"before": "confirmed"}


def test_returns_that_an_admin_decides_are_recorded_and_the_vendors_are_not() -> None:
    admin, vendor = client_as("admin", user_id=ADMIN), client_as("vendor", vendor_id=VENDOR_A)
    one, two, three = (ask_return(delivered(user_id=ADA)) for _time in range(3))

    for request, verb in ((one, "approve"), (one, "receive"), (two, "reject")):
        assert admin.post(f"/api/v1/returns/{request}/{verb}", _form(verb)).status_code == 200
    vendor.post(f"/api/v1/returns/{three}/approve", {})

    assert recorded() == [
        ("order.return.approve", "return", one),
        ("order.return.receive", "return", one),
        ("order.return.reject", "return", two),
    ]


def _form(verb: str) -> dict[str, str]:
    return {"reason": "Worn."} if verb == "reject" else {}


def test_a_coupon_is_recorded_and_a_refused_one_is_not() -> None:
    form = {"code": "ten", "kind": "percentage", "value": "10"}

    made = body(client_as("admin", user_id=ADMIN).post("/api/v1/coupons", form))
    again = client_as("admin", user_id=ADMIN).post("/api/v1/coupons", form)

    assert (again.status_code, recorded()) == (400, [("order.coupon.create", "coupon", made["id"])])
