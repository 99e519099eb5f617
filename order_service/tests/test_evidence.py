"""What the auditor is told of orders, and what it may have mended."""

from typing import Any
from uuid import uuid4

import pytest
from factories import confirmed, delivered, hear, make_cart, make_line, place
from sending_back import bought, refunded

from order_service.models import Order, Refund
from order_service.queries import evidence
from shared.contracts.order import OrderConfirmed, VendorOrderDelivered
from shared.contracts.payment import RefundPayment
from shared.contracts.user import UserChanged, UserErased
from shared.evidence import Page
from shared.testing import body, client_as, client_of, published

pytestmark = pytest.mark.django_db


def mend(name: str, order: Order) -> int:
    response = client_of("auditor").post(f"/internal/audit/repairs/{name}", {"ids": [str(order.id)]}, format="json")
    assert response.status_code == 200
    return int(body(response)["mended"])


def test_an_order_is_told_with_its_parts_lines_and_refunds() -> None:
    order = delivered()

    [row] = evidence.orders(Page(ids=(order.id,)))

    assert (row["status"], row["total"], row["payment"], row["overdue"]) == (
        "delivered", order.total, order.payment_id, None,
    )  # fmt: skip
    assert sum(part["total"] for part in row["parts"].values()) == order.total
    assert sorted(row["ordered"].values()) == [1, 2]
    assert row["cancelled"] == {}
    assert row["refunds"] == {}


def test_no_address_is_told() -> None:
    order = confirmed()

    [row] = evidence.orders(Page(ids=(order.id,)))

    assert order.email not in str(row)
    assert order.shipping_address["line1"] not in str(row)


def test_more_orders_ask_the_database_no_more(django_assert_num_queries: Any) -> None:
    confirmed(user_id=uuid4())
    with django_assert_num_queries(5):
        evidence.orders(Page())
    for _ in range(3):
        confirmed(make_cart(make_line()), user_id=uuid4())
    with django_assert_num_queries(5):
        assert len(evidence.orders(Page())) == 4


def test_a_refund_touches_its_order() -> None:
    order = bought()
    [before] = evidence.orders(Page(ids=(order.id,)))

    Refund.objects.create(order=order, amount=1, reason="test")

    [after] = evidence.orders(Page(ids=(order.id,)))
    assert after["changed_at"] > before["changed_at"]


def test_what_is_kept_of_who_was_erased_is_told_once_it_should_be_gone() -> None:
    user = uuid4()
    known = {"email": "ada@example.com", "first_name": "Ada", "last_name": "B", "version": 1}
    hear(UserChanged.model_validate({"user_id": user, **known}))
    assert evidence.people(Page(ids=(user,))) == [{"id": user, "kept": {"mail addresses": 1}}]

    hear(UserErased(user_id=user))

    assert evidence.people(Page(ids=(user,))) == []


def test_a_confirmation_is_told_again_as_it_was() -> None:
    order = confirmed()

    assert mend("confirmations", order) == 1

    first, again = published(OrderConfirmed)
    assert first == again


def test_an_order_that_is_cancelled_is_not_told_to_be_confirmed() -> None:
    order = place()

    assert mend("confirmations", order) == 0
    assert published(OrderConfirmed) == []


def test_deliveries_are_told_again_as_they_were() -> None:
    order = delivered()
    first = published(VendorOrderDelivered)

    assert mend("deliveries", order) == 2
    assert sorted(map(str, published(VendorOrderDelivered)[2:])) == sorted(map(str, first))


def test_a_refund_is_asked_for_again_under_its_id() -> None:
    order = bought()
    path = f"/api/v1/admin/orders/{order.id}/refunds"
    form = {"amount": {"amount": "40.00", "currency": "USD"}, "reason": "goodwill"}
    client_as("admin").post(path, form, headers={"Idempotency-Key": "g-1"})

    assert mend("refunds", order) == 1

    first, again = published(RefundPayment)
    assert first == again
    assert refunded() == [4_000, 4_000]
    assert Refund.objects.count() == 1


def test_only_an_open_order_without_a_deadline_is_given_one() -> None:
    order, ended = place(), confirmed()
    assert (mend("endless", order), mend("endless", ended)) == (0, 0)

    Order.objects.filter(id=order.id).update(deadline=None)

    assert mend("endless", order) == 1
    assert Order.objects.get(id=order.id).deadline is not None
