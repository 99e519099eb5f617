"""Something is done to many orders: to each as to one alone, once, and whole."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from factories import VENDOR_A, VENDOR_B, confirmed, delivered, part_of, place

from order_service.actions import operations
from order_service.actions.attention import Cause, call_for_attention
from order_service.actions.shipments import pack_items
from order_service.checkout import run_operations
from order_service.errors import IllegalMove
from order_service.models import Order, OrderLine, OrderOperation, OrderOperationItem, Refund, Shipment, VendorOrder
from shared.context import new_id
from shared.contracts.order import OrderCancelled, VendorOrderCancelled, VendorOrderDelivered, VendorOrderShipped
from shared.contracts.user import RecordAudit
from shared.testing import audited, body, client_as, clock_process, in_parallel, published, wait_until

pytestmark = pytest.mark.django_db
ORDERS, PARTS = "/api/v1/admin/order-operations", "/api/v1/vendor-orders/operations"
ADMIN = new_id()


def admin() -> Any:
    return client_as("admin", user_id=ADMIN)


def vendor(vendor_id: UUID = VENDOR_A) -> Any:
    return client_as("vendor", vendor_id=vendor_id)


def ask(client: Any, path: str, kind: str, *ids: object, **more: Any) -> str:
    form = {"kind": kind, **({"ids": [str(one) for one in ids]} if ids else {}), **more}
    asked = client.post(path, form)
    assert asked.status_code == 202, asked.content
    assert asked["Location"] == f"{path}/{body(asked)['id']}"
    return str(body(asked)["id"])


def done(client: Any, path: str, kind: str, *ids: object, **more: Any) -> dict[str, tuple[str, str]]:
    """What became of each: status and code."""
    operation = ask(client, path, kind, *ids, **more)
    run_operations()
    items = body(client.get(f"{path}/{operation}/items?limit=100"))["results"]
    return {item["id"]: (item["status"], item["code"]) for item in items}


DONE = ("done", "")

# ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_many_orders_are_cancelled_and_what_is_refused_is_told_by_order() -> None:
    paid, waiting, sent, nobodys = confirmed(), place(), delivered(), new_id()

    told = done(admin(), ORDERS, "cancel", paid.id, sent.id, nobodys, waiting.id, reason="Fraud.")

    assert told == {
        str(paid.id): DONE, str(sent.id): ("refused", "illegal_transition"), str(nobodys): ("refused", "not_found"),
        str(waiting.id): DONE,
    }  # fmt: skip
    assert [one.order_id for one in published(OrderCancelled)] == [paid.id, waiting.id]
    assert Refund.objects.get().order_id == paid.id
    operation = OrderOperation.objects.get()
    assert (operation.status, operation.done, operation.succeeded, operation.refused) == ("finished", 4, 2, 2)
    assert (operation.due_at, Order.objects.get(id=paid.id).cancel_reason) == (None, "Fraud.")


def test_what_is_done_is_done_in_the_name_of_who_asked() -> None:
    order = confirmed()

    done(admin(), ORDERS, "cancel", order.id, reason="Fraud.")

    assert audited() == [("order.operation.create", "order_operation"), ("order.order.cancel", "order")]
    assert {(entry.actor_id, entry.actor_roles) for entry in published(RecordAudit)} == {(ADMIN, ("admin",))}
    assert len({entry.request_id for entry in published(RecordAudit)}) == 1


def test_all_that_fit_a_filter_are_meant_as_they_are_when_it_is_asked() -> None:
    orders = [confirmed() for _time in range(3)]
    waiting = place()
    operation = ask(admin(), ORDERS, "cancel", reason="Recall.", filter={"status": "confirmed"})
    later = confirmed()
    run_operations()

    assert {order.status for order in Order.objects.filter(id__in=[one.id for one in orders])} == {"cancelled"}
    assert [Order.objects.get(id=one.id).status for one in (waiting, later)] == ["placed", "confirmed"]
    shown = body(admin().get(f"{ORDERS}/{operation}"))
    assert (shown["total"], shown["filter"], shown["arguments"]) == (3, {"status": "confirmed"}, {"reason": "Recall."})


def test_orders_are_completed_settled_and_asked_for_refunds_again() -> None:
    arrived, troubled, failed = delivered(), confirmed(), confirmed()
    call_for_attention(troubled, Cause.COMMIT_FAILED, "look")
    Refund.objects.create(order=failed, amount=1, reason="x", status=Refund.Status.FAILED)

    assert done(admin(), ORDERS, "complete", arrived.id, reason="Waived.") == {str(arrived.id): DONE}
    assert done(admin(), ORDERS, "settle", troubled.id, reason="Called.") == {str(troubled.id): DONE}
    assert done(admin(), ORDERS, "retry", failed.id) == {str(failed.id): ("done", "")}

    assert Order.objects.get(id=arrived.id).status == "completed"
    assert Order.objects.get(id=troubled.id).needs_attention == ""
    assert Counter(Refund.objects.values_list("status", flat=True)) == {"retried": 1}
    assert done(admin(), ORDERS, "settle", troubled.id, reason="Again.") == {
        str(troubled.id): ("refused", "illegal_transition")
    }


# ── Vendor orders ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_vendor_orders_are_packed_shipped_and_delivered() -> None:
    parts = [part_of(confirmed()) for _time in range(3)]
    ids = [part.id for part in parts]

    packed = done(vendor(), PARTS, "pack", *ids)
    again = done(vendor(), PARTS, "pack", ids[0])
    numbers = {str(ids[0]): "T-0"}
    shipped = done(vendor(), PARTS, "ship", *ids, carrier="Post", tracking_numbers=numbers)
    arrived = done(vendor(), PARTS, "deliver", filter={"status": "shipped"})

    assert packed == shipped == arrived == {str(one): DONE for one in ids}
    assert again == {str(ids[0]): ("refused", "illegal_transition")}
    assert set(VendorOrder.objects.filter(id__in=ids).values_list("status", flat=True)) == {"delivered"}
    told = {one.vendor_order_id: (one.carrier, one.tracking_number) for one in published(VendorOrderShipped)}
    assert told == {ids[0]: ("Post", "T-0"), ids[1]: ("Post", ""), ids[2]: ("Post", "")}
    assert Counter(one.vendor_order_id for one in published(VendorOrderDelivered)) == dict.fromkeys(ids, 1)


def test_a_vendor_order_is_shipped_whole_what_is_packed_and_what_is_left() -> None:
    part = part_of(confirmed())
    line = part.lines.get()
    pack_items(vendor_order_id=part.id, vendor_id=VENDOR_A, items={line.id: 1})

    assert done(vendor(), PARTS, "ship", part.id, carrier="Post") == {str(part.id): DONE}

    line.refresh_from_db()
    assert (line.shipped_quantity, line.quantity) == (2, 2)
    assert list(Shipment.objects.values_list("status", flat=True)) == ["shipped", "shipped"]
    assert [one.complete for one in published(VendorOrderShipped)] == [False, True]
    assert done(vendor(), PARTS, "ship", part.id, carrier="Post")[str(part.id)] == ("refused", "illegal_transition")
    assert done(vendor(), PARTS, "deliver", part.id) == {str(part.id): DONE}
    assert done(vendor(), PARTS, "deliver", part.id) == {str(part.id): ("refused", "illegal_transition")}


@pytest.mark.parametrize(("said", "restocked"), [({}, True), ({"restock": False}, False)])
def test_vendor_orders_are_cancelled_with_a_reason(said: dict[str, bool], restocked: bool) -> None:
    parts = [part_of(confirmed()) for _time in range(2)]

    told = done(vendor(), PARTS, "cancel", *(part.id for part in parts), reason="Flood.", **said)

    assert set(told.values()) == {DONE}
    events = published(VendorOrderCancelled)
    assert {(one.reason, item.restock) for one in events for item in one.items} == {("Flood.", restocked)}
    assert Refund.objects.count() == 2


def test_a_vendor_touches_only_its_own_and_others_are_as_good_as_absent() -> None:
    order = confirmed()
    mine, theirs, nobodys = part_of(order), part_of(order, VENDOR_B), new_id()
    operation = ask(vendor(), PARTS, "pack", mine.id, theirs.id, nobodys)
    run_operations()

    items = body(vendor().get(f"{PARTS}/{operation}/items"))["results"]

    assert [item["status"] for item in items] == ["done", "refused", "refused"]
    assert {**items[1], "id": ""} == {**items[2], "id": ""}
    assert Shipment.objects.get().vendor_order_id == mine.id
    assert done(vendor(), PARTS, "deliver", filter={"number": order.number}) == {
        str(mine.id): ("refused", "illegal_transition")
    }
    assert done(admin(), PARTS, "pack", theirs.id) == {str(theirs.id): DONE}


# ── Once, and whole ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_operation_says_how_far_it_is_and_a_worker_that_dies_is_followed_by_one_that_goes_on() -> None:
    orders = [confirmed() for _time in range(4)]
    operation = ask(admin(), ORDERS, "cancel", *(order.id for order in orders), reason="Fraud.")
    queued = body(admin().get(f"{ORDERS}/{operation}"))
    dead = operations._take()
    assert dead is not None
    cancel = {("orders", "cancel"): cancel_one}
    operations._step(dead, cancel)
    operations._step(dead, cancel)  # and is killed here
    running = body(admin().get(f"{ORDERS}/{operation}"))
    run_operations()  # the lease is not over
    assert body(admin().get(f"{ORDERS}/{operation}")) == running

    OrderOperation.objects.update(due_at=timezone.now())
    run_operations()
    late = operations._step(dead, cancel)  # it was only slow

    finished = body(admin().get(f"{ORDERS}/{operation}"))
    assert late is False
    assert [(one["status"], one["done"]) for one in (queued, running, finished)] == [
        ("queued", 0), ("running", 2), ("finished", 4),
    ]  # fmt: skip
    assert [one.order_id for one in published(OrderCancelled)] == [order.id for order in orders]


def cancel_one(operation: OrderOperation, order_id: UUID) -> object:
    from order_service.checkout import cancel_order

    return cancel_order(order_id=order_id, reason=operation.arguments["reason"], by_admin=True)


@pytest.mark.parametrize("error", [IllegalMove("No."), None])
def test_what_is_refused_halfway_is_not_done_at_all(error: Exception | None) -> None:
    first, second = confirmed(), confirmed()
    ask(admin(), ORDERS, "cancel", first.id, second.id, reason="Fraud.")

    def halfway(operation: OrderOperation, order_id: UUID) -> object:
        cancelled = cancel_one(operation, order_id)
        if order_id == first.id:
            if error:
                raise error
            OrderLine.objects.filter(vendor_order__order_id=order_id).update(quantity=0)  # the database says no
        return cancelled

    operations.work_off({("orders", "cancel"): halfway})

    items = OrderOperationItem.objects.order_by("position")
    assert [item.status for item in items] == ["refused", "done"]
    assert [Order.objects.get(id=one.id).status for one in (first, second)] == ["confirmed", "cancelled"]
    assert [one.order_id for one in published(OrderCancelled)] == [second.id]


def test_an_operation_that_kills_its_workers_is_given_up() -> None:
    order = confirmed()
    ask(admin(), ORDERS, "cancel", order.id, reason="Fraud.")
    OrderOperation.objects.update(attempts=operations.ATTEMPTS)

    run_operations()

    assert OrderOperation.objects.get().status == "failed"
    assert Order.objects.get(id=order.id).status == "confirmed"


@pytest.mark.django_db(transaction=True)
def test_an_operation_survives_a_kill_and_does_nothing_twice() -> None:
    orders = [confirmed() for _time in range(30)]
    ask(admin(), ORDERS, "cancel", *(order.id for order in orders), reason="Fraud.")

    with clock_process():
        wait_until(lambda: OrderOperation.objects.get().done > 0)
    with clock_process():
        wait_until(lambda: OrderOperation.objects.get().status == "finished")

    assert OrderOperation.objects.get().succeeded == 30
    assert Counter(one.order_id for one in published(OrderCancelled)) == {order.id: 1 for order in orders}
    assert Counter(Refund.objects.values_list("order_id", flat=True)) == {order.id: 1 for order in orders}


def test_a_stopped_operation_leaves_the_rest_as_it_is() -> None:
    orders = [confirmed() for _time in range(3)]
    operation = ask(admin(), ORDERS, "cancel", *(order.id for order in orders), reason="Fraud.")
    taken = operations._take()
    assert taken is not None
    operations._step(taken, {("orders", "cancel"): cancel_one})

    stopped = body(admin().post(f"{ORDERS}/{operation}/stop"))
    going_on = operations._step(taken, {("orders", "cancel"): cancel_one})
    again = admin().post(f"{ORDERS}/{operation}/stop")
    run_operations()

    assert (stopped["status"], stopped["done"], going_on, again.status_code) == ("stopped", 1, False, 409)
    assert [Order.objects.get(id=order.id).status for order in orders] == ["cancelled", "confirmed", "confirmed"]
    left = body(admin().get(f"{ORDERS}/{operation}/items?status=waiting"))["results"]
    assert [item["id"] for item in left] == [str(order.id) for order in orders[1:]]


# ── Who, and what ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_operations_upon_orders_are_for_admins_and_each_vendor_sees_its_own() -> None:
    order = confirmed()
    upon_orders = ask(admin(), ORDERS, "retry", order.id)
    upon_parts = ask(vendor(), PARTS, "pack", part_of(order).id)

    for role in ("support", "vendor", "customer"):
        assert client_as(role, vendor_id=VENDOR_A).get(ORDERS).status_code == 403
    assert client_as("support").get(PARTS).status_code == 403
    assert client_as().get(ORDERS).status_code == client_as().get(PARTS).status_code == 401
    for verb, tail in (("get", ""), ("get", "/items"), ("post", "/stop")):
        assert getattr(vendor(VENDOR_B), verb)(f"{PARTS}/{upon_parts}{tail}").status_code == 404
        assert getattr(vendor(), verb)(f"{PARTS}/{upon_orders}{tail}").status_code == 404
        assert getattr(admin(), verb)(f"{ORDERS}/{upon_parts}{tail}").status_code == 404
    assert body(vendor(VENDOR_B).get(PARTS))["results"] == []
    assert [one["id"] for one in body(vendor().get(PARTS))["results"]] == [upon_parts]
    assert [one["id"] for one in body(client_as("admin").get(ORDERS))["results"]] == [upon_orders]
    assert admin().get(f"{PARTS}/{upon_parts}").status_code == 200


ONE = str(UUID(int=7))
SHIP = {"kind": "ship", "ids": [ONE], "carrier": "Post"}
STRANGE = [
    (ORDERS, {"ids": [ONE]}, "kind"), (ORDERS, {"kind": "ship", "ids": [ONE], "reason": "x"}, "kind"),
    (ORDERS, {"kind": "cancel", "ids": [ONE]}, "reason"),
    (ORDERS, {"kind": "cancel", "ids": [ONE], "reason": "x" * 41}, "reason"),
    (ORDERS, {"kind": "complete", "ids": [ONE], "reason": "\0"}, "reason"),
    (ORDERS, {"kind": "retry", "ids": [ONE], "reason": "x"}, "reason"),
    (ORDERS, {"kind": "retry"}, "ids"), (ORDERS, {"kind": "retry", "ids": []}, "ids"),
    (ORDERS, {"kind": "retry", "ids": ["x"]}, "ids"), (ORDERS, {"kind": "retry", "ids": [ONE], "filter": {}}, "ids"),
    (ORDERS, {"kind": "retry", "filter": {}}, "filter"),
    (ORDERS, {"kind": "retry", "filter": {"number": "N"}}, "filter"),
    (ORDERS, {"kind": "retry", "filter": {"status": "packed"}}, "filter.status"),
    (ORDERS, {"kind": "retry", "ids": [ONE], "carrier": "Post"}, "carrier"),
    (PARTS, {"kind": "ship", "ids": [ONE]}, "carrier"), (PARTS, {"kind": "complete", "ids": [ONE]}, "kind"),
    (PARTS, {**SHIP, "tracking_numbers": {str(UUID(int=8)): "T"}}, "tracking_numbers"),
    (PARTS, {**SHIP, "tracking_numbers": {ONE: "T\0"}}, f"tracking_numbers.{ONE}"),
    (PARTS, {"kind": "pack", "ids": [ONE], "restock": True}, "restock"),
    (PARTS, {"kind": "pack", "filter": {"email": "a"}}, "filter.email"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "form", "field"), STRANGE)
def test_strange_operations_are_refused(path: str, form: dict[str, Any], field: str) -> None:
    refused = client_as("admin" if path == ORDERS else "vendor", vendor_id=VENDOR_A).post(path, form)

    assert refused.status_code == 400
    assert [name.partition("ids.")[0] or "ids" for name in body(refused)["errors"]] == [field]
    assert not OrderOperation.objects.exists()


def test_an_id_counts_once_and_there_are_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [confirmed() for _time in range(3)]
    assert len(done(admin(), ORDERS, "retry", orders[0].id, orders[0].id)) == 1
    monkeypatch.setattr(operations, "MOST", 2)

    refused = admin().post(ORDERS, {"kind": "retry", "filter": {"status": "confirmed"}})
    named = admin().post(ORDERS, {"kind": "retry", "ids": [str(new_id()) for _time in range(5_001)]})

    assert list(body(refused)["errors"]) == ["filter"]
    assert (named.status_code, list(body(named)["errors"])) == (400, ["ids"])


def test_only_so_many_operations_wait_at_a_time() -> None:
    for _time in range(operations.AT_ONCE):
        ask(admin(), ORDERS, "retry", new_id())

    refused = admin().post(ORDERS, {"kind": "retry", "ids": [ONE]})

    assert (refused.status_code, body(refused)["code"]) == (409, "too_many_operations")
    ask(client_as("admin"), ORDERS, "retry", new_id())


@pytest.mark.django_db(transaction=True)
def test_only_so_many_operations_wait_that_were_asked_for_in_one_moment() -> None:
    answers = in_parallel(12, lambda _number: admin().post(ORDERS, {"kind": "retry", "ids": [ONE]}).status_code)

    assert Counter(answers) == {202: operations.AT_ONCE, 409: 12 - operations.AT_ONCE}


def test_a_repeated_request_with_a_key_is_one_operation() -> None:
    form = {"kind": "retry", "ids": [ONE]}
    first, second = (admin().post(ORDERS, form, headers={"Idempotency-Key": "k"}) for _time in range(2))

    assert first.content == second.content
    assert OrderOperation.objects.count() == 1


def test_lists_take_few_statements(django_assert_max_num_queries: Any) -> None:
    operation = ask(admin(), ORDERS, "retry", *(new_id() for _time in range(30)))

    for path, most in ((ORDERS, 1), (f"{ORDERS}/{operation}", 1), (f"{ORDERS}/{operation}/items", 2)):
        with django_assert_max_num_queries(most):
            admin().get(path)


def test_operations_that_ended_long_ago_are_forgotten() -> None:
    for _time in range(2):
        ask(admin(), ORDERS, "retry", new_id())
    run_operations()
    open_one = ask(admin(), ORDERS, "retry", new_id())
    OrderOperation.objects.update(created_at=timezone.now() - operations.KEPT - timedelta(days=1))
    fresh = ask(admin(), ORDERS, "retry", new_id())

    assert operations.forget_old_operations() == 2
    assert {str(one.id) for one in OrderOperation.objects.all()} == {open_one, fresh}
