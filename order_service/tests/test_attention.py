"""Orders that the saga cannot help: listed with cause and age, retried or settled by an admin, and never forgotten."""

from uuid import uuid4

import pytest
from factories import VENDOR_A, confirmed, delivered, hear, part_of

from order_service import checkout
from order_service.actions.shipments import ship_items
from order_service.models import Order, Refund
from shared.contracts.catalog import CommitFailed
from shared.contracts.payment import PaymentRefunded, RefundFailed, RefundPayment
from shared.testing import audited, body, client_as, operator_as, published

pytestmark = pytest.mark.django_db

QUEUE = "/api/v1/admin/orders/attention"


def failed() -> Order:
    """Cancelled, and its refund did not work."""
    order = confirmed()
    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")
    fail(order)
    order.refresh_from_db()
    return order


def fail(order: Order) -> None:
    asked = [one for one in published(RefundPayment) if one.order_id == order.id][-1]
    hear(RefundFailed(payment_id=order.payment_id, order_id=order.id, refund_id=asked.refund_id, reason="closed"))


def sent_without_stock() -> Order:
    order = confirmed()
    parcel = {"carrier": "Post", "tracking_number": "T1", "items": None}
    ship_items(vendor_order_id=part_of(order).id, vendor_id=VENDOR_A, **parcel)
    hear(CommitFailed(order_id=order.id))
    return order


def queue(**query: str) -> list[dict[str, object]]:
    return body(client_as("support").get(QUEUE, query))["results"]


def act(order: object, verb: str, form: object = None, role: str = "admin"):
    return client_as(role).post(f"/api/v1/admin/orders/{order}/{verb}", form or {})


def test_orders_that_need_a_human_are_listed_with_cause_and_age_the_longest_waiting_first() -> None:
    confirmed(), delivered()
    first, second = failed(), sent_without_stock()

    rows = queue()

    assert [row["id"] for row in rows] == [str(first.id), str(second.id)]
    assert [row["attention_cause"] for row in rows] == ["refund_failed", "commit_failed"]
    assert "closed" in str(rows[0]["needs_attention"])
    assert all(row["attention_since"] for row in rows)
    assert [row["id"] for row in queue(cause="commit_failed")] == [str(second.id)]
    assert second.status == "confirmed"


def test_stock_that_was_missing_after_the_goods_were_sent_refunds_nothing_by_itself() -> None:
    sent_without_stock()

    assert published(RefundPayment) == []


def test_a_refund_that_failed_is_asked_for_again_under_a_new_id() -> None:
    order = failed()

    answer, again = act(order.id, "retry"), act(order.id, "retry")
    asked = published(RefundPayment)
    hear(PaymentRefunded(
        payment_id=order.payment_id, order_id=order.id, refund_id=asked[1].refund_id, amount=asked[1].amount
    ))  # fmt: skip

    assert (answer.status_code, again.status_code, queue()) == (200, 409, [])
    assert [one.amount.minor for one in asked] == [order.total, order.total]
    assert asked[0].refund_id != asked[1].refund_id
    assert list(order.refunds.order_by("id").values_list("status", flat=True)) == ["retried", "done"]
    assert ("order.order.retry", "order") in audited()


def test_a_retry_that_fails_too_comes_back() -> None:
    order = failed()
    act(order.id, "retry")

    fail(order)

    assert [row["id"] for row in queue()] == [str(order.id)]
    assert act(order.id, "retry").status_code == 200


def test_what_was_seen_to_by_hand_is_settled_with_a_reason_and_not_asked_for_again() -> None:
    order = failed()

    settled = act(order.id, "settle", {"reason": "bank transfer 17"})

    assert (settled.status_code, queue(), Refund.objects.get().status) == (200, [], "settled")
    assert (act(order.id, "settle", {"reason": "x"}).status_code, act(order.id, "retry").status_code) == (409, 409)
    assert ("order.order.settle", "order") in audited()
    form = {"amount": {"amount": "0.01", "currency": "USD"}, "reason": "more"}
    more = client_as("admin").post(f"/api/v1/admin/orders/{order.id}/refunds", form, headers={"Idempotency-Key": "k"})
    assert more.status_code == 400


@pytest.mark.parametrize("form", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "a\x00"}, {"why": "x"}, [1]])
def test_nothing_is_settled_without_a_reason(form: object) -> None:
    order = failed()

    assert act(order.id, "settle", form).status_code == 400
    assert len(queue()) == 1


@pytest.mark.parametrize("verb", ["retry", "settle"])
def test_only_admins_act_and_an_order_that_is_not_there_is_told(verb: str) -> None:
    order, form = failed(), {"reason": "x"} if verb == "settle" else None

    refused = [act(order.id, verb, form, role).status_code for role in ("support", "vendor", "customer")]

    assert (refused, act(uuid4(), verb, form).status_code) == ([403] * 3, 404)
    assert client_as("customer").get(QUEUE).status_code == 403
    assert client_as().get(QUEUE).status_code == 401


@pytest.mark.parametrize("query", ["cause=none", "colour=red", "limit=x"])
def test_an_odd_question_about_the_queue_is_refused(query: str) -> None:
    assert client_as("admin").get(f"{QUEUE}?{query}").status_code == 400


@pytest.mark.parametrize("count", [1, 4])
def test_the_queue_costs_as_many_statements_for_one_order_as_for_four(count: int, django_assert_num_queries) -> None:
    for _ in range(count):
        failed()
    client = client_as("admin")

    with django_assert_num_queries(4):
        assert len(body(client.get(QUEUE))["results"]) == count


def test_operators_retry_and_settle_on_their_pages_too() -> None:
    first, second, client = failed(), failed(), operator_as("admin")
    path = "/admin/order/order_service/order/"

    client.press(path, "retry", first)
    client.press(path, "settle", second, reason="bank transfer")

    assert queue() == []
    assert len(published(RefundPayment)) == 3


def test_a_failure_that_is_told_again_calls_for_nobody_who_has_been_there() -> None:
    order = failed()
    assert act(order.id, "settle", {"reason": "paid by hand"}).status_code == 200

    fail(order)

    assert queue() == []
