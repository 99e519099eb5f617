"""Orders end by themselves when nothing of them can be returned any more."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from factories import VENDOR_A, confirmed, delivered, make_cart, make_line, part_of

from order_service.actions.completion import complete_orders
from order_service.actions.returns import Wanted, reject_return, request_return
from order_service.models import Order, VendorOrder
from shared.contracts.order import OrderCompleted
from shared.testing import audited, body, client_as, published

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)


def after(order: Order, days: int) -> None:
    """So many days after the delivery."""
    then = timezone.now() - timedelta(days=days)
    Order.objects.filter(id=order.id).update(delivered_at=then)
    VendorOrder.objects.filter(order=order).update(delivered_at=then)


def status_of(order: Order) -> str:
    order.refresh_from_db()
    return order.status


def test_an_order_is_completed_once_its_return_window_has_passed() -> None:
    order, early = delivered(), delivered()
    after(order, 15)
    after(early, 13)

    ended = complete_orders(), complete_orders()

    assert (ended, status_of(order), status_of(early)) == ((1, 0), "completed", "delivered")
    told = published(OrderCompleted)
    assert [one.order_id for one in told] == [order.id]
    assert set(told[0].vendor_order_ids) == set(order.vendor_orders.values_list("id", flat=True))


def test_what_is_not_delivered_is_not_completed() -> None:
    order = confirmed()
    after(order, 100)

    assert (complete_orders(), status_of(order)) == (0, "confirmed")


def test_an_order_waits_for_what_is_on_its_way_back() -> None:
    order = delivered(make_cart(make_line()), user_id=ADA)
    line = part_of(order).lines.get()
    request = request_return(order_id=order.id, wanted=[Wanted(line.id, 1, "broken")])[0]
    after(order, 15)

    before = complete_orders()
    reject_return(return_id=request.id, vendor_id=VENDOR_A, reason="worn")

    assert (before, complete_orders(), status_of(order)) == (0, 1, "completed")


def test_nothing_can_be_returned_after_the_window() -> None:
    order = delivered(make_cart(make_line()), user_id=ADA)
    after(order, 14)
    items = [{"id": str(part_of(order).lines.get().id), "quantity": 1, "reason": "broken"}]

    response = client_as("customer", user_id=ADA).post(f"/api/v1/orders/{order.id}/returns", {"items": items})

    assert (response.status_code, body(response)["code"]) == (409, "not_returnable")
    assert "14 days" in body(response)["detail"]


def test_an_admin_completes_early_and_says_why() -> None:
    order = delivered()
    path, form = f"/api/v1/admin/orders/{order.id}/transitions", {"to": "completed", "reason": "waived in writing"}

    answer, again = client_as("admin").post(path, form), client_as("admin").post(path, form)
    absent = client_as("admin").post(f"/api/v1/admin/orders/{uuid4()}/transitions", form)

    assert (body(answer)["status"], again.status_code, absent.status_code) == ("completed", 409, 404)
    assert audited() == [("order.order.complete", "order")]
    assert len(published(OrderCompleted)) == 1


def test_no_order_is_completed_before_it_was_delivered_whoever_asks() -> None:
    order = confirmed()

    response = client_as("admin").post(
        f"/api/v1/admin/orders/{order.id}/transitions", {"to": "completed", "reason": "x"}
    )

    assert (response.status_code, status_of(order)) == (409, "confirmed")
