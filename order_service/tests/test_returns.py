"""Returns: from the wish to the refund, each step once, by whose order or shop it is."""

from uuid import uuid4

import pytest
from factories import VENDOR_A, VENDOR_B, confirmed, delivered, hear, make_line, part_of
from sending_back import ADA, approved, ask, bought, decide, received

from order_service.models import OrderLine, Return
from shared.contracts.order import OrderRefunded, ReturnDecided, ReturnReceived, ReturnRequested
from shared.contracts.payment import PaymentRefunded, RefundFailed, RefundPayment
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import body, client_as, in_parallel, published

pytestmark = pytest.mark.django_db


def test_a_return_goes_from_the_wish_to_the_refund() -> None:
    order = bought()

    asked = ask(order)
    approved = decide(body(asked)["id"], "approve")
    back = decide(body(asked)["id"], "receive")

    assert (asked.status_code, asked["Location"]) == (201, f"/api/v1/returns/{body(asked)['id']}")
    assert [body(answer)["status"] for answer in (asked, approved, back)] == ["requested", "approved", "received"]
    assert [told.approved for told in published(ReturnDecided)] == [True]
    assert [(item.quantity, item.restock) for item in published(ReturnReceived)[0].items] == [(1, True)]
    assert len(published(ReturnRequested)) == 1


def test_the_refund_is_the_lines_own_share_without_shipping() -> None:
    order = bought()

    return_id = received(order)

    refund = published(RefundPayment)[0]
    split = refund.splits[0]
    assert (split.gross, split.tax, split.commission) == (2_400, 400, 200)
    assert (refund.amount.minor, str(refund.return_id), refund.payment_id) == (2_400, return_id, order.payment_id)
    assert (split.vendor_id, split.vendor_order_id) == (VENDOR_A, part_of(order).id)


@pytest.mark.parametrize(
    ("quantity", "price", "currency"), [(3, 5, "USD"), (7, 333, "USD"), (3, 1, "JPY"), (9, 1_234_567, "KWD")]
)
def test_what_goes_back_piece_by_piece_is_refunded_exactly_once(quantity: int, price: int, currency: str) -> None:
    order = bought(make_line(quantity=quantity, unit_price=Money(price, currency)))
    part, line = part_of(order), OrderLine.objects.get()

    for _ in range(quantity):
        received(order)

    splits = [refund.splits[0] for refund in published(RefundPayment)]
    assert sum(split.gross for split in splits) == line.line_total + line.tax
    assert sum(split.tax for split in splits) == line.tax
    assert sum(split.commission for split in splits) == part.commission
    assert all(min(split.gross, split.tax, split.commission) >= 0 for split in splits)


def test_a_done_refund_is_told_and_shown() -> None:
    order = bought()
    received(order)
    asked = published(RefundPayment)[0]
    done = {"refund_id": asked.refund_id, "return_id": asked.return_id, "amount": asked.amount}

    hear(PaymentRefunded(payment_id=order.payment_id, order_id=order.id, **done))

    assert Return.objects.get().status == "refunded"
    order.refresh_from_db()
    assert order.payment_status == "partially_refunded"
    assert published(OrderRefunded)[0].amount == MoneyData(minor=2_400, currency="USD")


def test_a_failed_refund_waits_for_an_admins_attention() -> None:
    order = bought()
    received(order)
    asked = published(RefundPayment)[0]

    hear(RefundFailed(payment_id=order.payment_id, order_id=order.id, refund_id=asked.refund_id, reason="closed"))

    listed = body(client_as("admin").get("/api/v1/admin/orders?needs_attention=true"))["results"]
    assert [row["id"] for row in listed] == [str(order.id)]


def test_only_what_was_delivered_and_not_more_than_that_goes_back() -> None:
    waiting, order = confirmed(user_id=ADA), bought()

    early, many, twice = ask(waiting), ask(order, 3), [ask(order, 1).status_code for _ in range(3)]

    assert [(answer.status_code, body(answer)["code"]) for answer in (early, many)] == [(409, "not_returnable")] * 2
    assert twice == [201, 201, 409]


@pytest.mark.parametrize(
    "items",
    [
        [],
        "all",
        [{"id": "x", "quantity": 0, "reason": ""}],
        [{"id": str(uuid4()), "quantity": 1, "reason": "of another order"}],
        [{"id": str(uuid4()), "quantity": 10**20, "reason": "x" * 501}],
        [{"id": str(uuid4()), "quantity": 1, "reason": "a\x00b"}],
        [None],
    ],
)
def test_odd_items_are_refused(items: object) -> None:
    order = bought()

    response = client_as("customer", user_id=ADA).post(f"/api/v1/orders/{order.id}/returns", {"items": items})

    assert (response.status_code, body(response)["code"]) == (400, "invalid")


def test_a_line_is_named_once() -> None:
    order = bought()
    item = {"id": str(OrderLine.objects.get().id), "quantity": 1, "reason": "broken"}

    response = client_as("customer", user_id=ADA).post(f"/api/v1/orders/{order.id}/returns", {"items": [item, item]})

    assert (response.status_code, list(body(response)["errors"])) == (400, ["items"])


def test_items_of_two_vendors_are_two_returns() -> None:
    order = delivered(user_id=ADA)
    lines = OrderLine.objects.order_by("id")
    items = [{"id": str(line.id), "quantity": 1, "reason": "broken"} for line in lines]

    answer = body(client_as("customer", user_id=ADA).post(f"/api/v1/orders/{order.id}/returns", {"items": items}))

    assert {row["vendor_id"] for row in answer["results"]} == {str(VENDOR_A), str(VENDOR_B)}
    for vendor in (VENDOR_A, VENDOR_B):
        listed = body(client_as("vendor", vendor_id=vendor).get("/api/v1/returns"))["results"]
        assert [row["vendor_id"] for row in listed] == [str(vendor)]


def test_a_rejected_return_may_be_asked_for_again() -> None:
    order = bought()
    return_id = body(ask(order, 2))["id"]

    rejected = decide(return_id, "reject", {"reason": "worn"})

    assert (body(rejected)["status"], body(rejected)["decision_reason"]) == ("rejected", "worn")
    assert decide(return_id, "receive").status_code == 409
    assert ask(order, 2).status_code == 201
    assert published(RefundPayment) == []


def test_no_step_is_taken_early_or_twice() -> None:
    order = bought()
    return_id = body(ask(order))["id"]

    early = decide(return_id, "receive")
    statuses = [decide(return_id, verb).status_code for verb in ("approve", "approve", "receive", "receive")]

    assert (early.status_code, statuses) == (409, [200, 409, 200, 409])
    assert len(published(RefundPayment)) == 1


@pytest.mark.parametrize("verb", ["approve", "receive", "reject"])
def test_another_vendors_return_is_as_good_as_absent(verb: str) -> None:
    return_id = body(ask(bought()))["id"]

    theirs, absent = (decide(found, verb, {"reason": "no"} if verb == "reject" else None, vendor=VENDOR_B)
                      for found in (return_id, uuid4()))  # fmt: skip

    assert (theirs.status_code, absent.status_code) == (404, 404)
    assert {**body(theirs), "request_id": ""} == {**body(absent), "request_id": ""}
    assert Return.objects.get().status == "requested"


def test_another_buyers_order_and_return_are_as_good_as_absent() -> None:
    order = bought()
    return_id, stranger = body(ask(order))["id"], uuid4()

    refused = ask(order, user=stranger)

    assert refused.status_code == 404
    assert client_as("customer", user_id=stranger).get(f"/api/v1/returns/{return_id}").status_code == 404
    assert body(client_as("customer", user_id=stranger).get("/api/v1/returns"))["results"] == []
    assert client_as("customer", user_id=ADA).get(f"/api/v1/returns/{return_id}").status_code == 200
    assert client_as().get("/api/v1/returns").status_code == 401


def test_support_reads_orders_but_sends_nothing_back() -> None:
    order = bought()
    support = client_as("support")
    item = {"id": str(OrderLine.objects.get().id), "quantity": 1, "reason": "x"}

    assert support.get(f"/api/v1/orders/{order.id}").status_code == 200
    assert support.post(f"/api/v1/orders/{order.id}/returns", {"items": [item]}).status_code == 404
    assert client_as("customer", user_id=ADA).post(f"/api/v1/returns/{uuid4()}/approve").status_code == 403


def test_goods_that_are_not_fit_for_sale_are_refunded_and_not_restocked() -> None:
    return_id = body(ask(bought()))["id"]
    decide(return_id, "approve")

    decide(return_id, "receive", {"restock": False})

    assert [item.restock for item in published(ReturnReceived)[0].items] == [False]
    assert len(published(RefundPayment)) == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_wishes_never_return_more_than_was_bought() -> None:
    order = bought()
    line = OrderLine.objects.get()

    answers = in_parallel(6, lambda _number: ask(order, line=line).status_code)

    assert sorted(answers) == [201, 201, 409, 409, 409, 409]
    assert OrderLine.objects.get().returned_quantity == 2


@pytest.mark.django_db(transaction=True)
def test_goods_received_twice_at_once_are_refunded_once() -> None:
    return_id = body(ask(bought()))["id"]
    decide(return_id, "approve")

    answers = in_parallel(4, lambda _number: decide(return_id, "receive").status_code)

    assert sorted(answers) == [200, 409, 409, 409]
    assert len(published(RefundPayment)) == 1


def test_the_buyer_is_told_how_to_send_it() -> None:
    order = bought()

    return_id = approved(order, 1, instructions="To our dock.\nRing twice.", vendor_fault=True)

    shown = body(client_as("customer", user_id=ADA).get(f"/api/v1/returns/{return_id}"))
    assert (shown["instructions"], shown["vendor_fault"]) == ("To our dock.\nRing twice.", True)
    assert published(ReturnDecided)[0].instructions == "To our dock.\nRing twice."
