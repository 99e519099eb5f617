from uuid import UUID, uuid4

import pytest
from factories import VENDOR_A, VENDOR_B, confirmed, make_cart, make_line, part_of, place

from order_service import checkout
from order_service.errors import IllegalMove
from order_service.models import Order, OrderLine, Shipment, VendorOrder
from shared.contracts.order import ShipmentLost, VendorOrderDelivered, VendorOrderShipped
from shared.testing import body, client_as, in_parallel, published

pytestmark = pytest.mark.django_db

VENDOR = {"carrier": "Post", "tracking_number": "T1"}


def ship(part: VendorOrder, *, vendor: UUID = VENDOR_A, **items: object):
    return client_as("vendor", vendor_id=vendor).post(f"/api/v1/vendor-orders/{part.id}/shipments", {**VENDOR, **items})


def deliver(shipment_id: object, vendor: UUID = VENDOR_A):
    return client_as("vendor", vendor_id=vendor).post(f"/api/v1/shipments/{shipment_id}/deliver")


def only_line(part: VendorOrder) -> OrderLine:
    return part.lines.get()


def status_of(part: VendorOrder) -> str:
    part.refresh_from_db()
    return part.status


def test_a_parcel_without_items_takes_all_that_is_left() -> None:
    part = part_of(confirmed(make_cart(make_line(quantity=3))))

    response = ship(part)

    assert (response.status_code, body(response)["items"][0]["quantity"]) == (201, 3)
    assert response["Location"] == f"/api/v1/vendor-orders/{part.id}"
    assert (status_of(part), Order.objects.get().status) == ("shipped", "shipped")
    assert published(VendorOrderShipped)[0].complete is True


def test_a_vendor_order_may_go_in_several_parcels() -> None:
    part = part_of(confirmed(make_cart(make_line(quantity=3))))
    line = only_line(part)

    first = ship(part, items=[{"id": str(line.id), "quantity": 1}])
    between = status_of(part)
    second = ship(part)

    assert (first.status_code, between, status_of(part)) == (201, "partially_shipped", "shipped")
    assert body(second)["items"] == [{"id": str(line.id), "quantity": 2}]
    assert [told.complete for told in published(VendorOrderShipped)] == [False, True]


@pytest.mark.parametrize("quantities", [[3], [1, 1], [2, 1]], ids=["too many", "twice the same", "twice, too many"])
def test_more_than_was_bought_cannot_be_shipped(quantities: list[int]) -> None:
    part = part_of(confirmed(make_cart(make_line(quantity=2))))
    line = only_line(part)

    response = ship(part, items=[{"id": str(line.id), "quantity": quantity} for quantity in quantities])

    assert (response.status_code, list(body(response)["errors"])) == (400, ["items"])
    assert (Shipment.objects.count(), only_line(part).shipped_quantity) == (0, 0)


def test_another_vendors_line_is_not_in_this_parcel() -> None:
    order = confirmed()
    theirs = only_line(part_of(order, VENDOR_B))

    assert ship(part_of(order), items=[{"id": str(theirs.id), "quantity": 1}]).status_code == 400


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"carrier": "", "tracking_number": "x" * 101},
        {"carrier": "a\x00b", "tracking_number": []},
        {"carrier": 1, "tracking_number": "T", "items": [], "more": 1},
        {"carrier": "c", "tracking_number": "T", "items": [{"id": "x", "quantity": 10**30}]},
        {"carrier": "c", "tracking_number": "T", "items": [{"id": str(uuid4()), "quantity": 0}]},
        {"carrier": "c", "tracking_number": "T", "items": "all"},
        [1],
    ],
)
def test_an_odd_parcel_is_refused(form: object) -> None:
    part = part_of(confirmed())

    response = client_as("vendor", vendor_id=VENDOR_A).post(f"/api/v1/vendor-orders/{part.id}/shipments", form)

    assert response.status_code == 400
    assert Shipment.objects.count() == 0


def test_another_vendors_order_is_as_good_as_absent() -> None:
    part = part_of(confirmed())
    stranger = client_as("vendor", vendor_id=uuid4())
    paths = [f"/api/v1/vendor-orders/{found}" for found in (part.id, uuid4())]

    read = [stranger.get(path) for path in paths]
    shipped = [stranger.post(f"{path}/shipments", VENDOR) for path in paths]

    assert {answer.status_code for answer in read + shipped} == {404}
    theirs, absent, *others = ({**body(answer), "request_id": ""} for answer in read + shipped)
    assert theirs == absent
    assert others == [absent, absent]
    assert body(stranger.get("/api/v1/vendor-orders"))["results"] == []


def test_a_vendor_sees_its_own_orders_once_they_are_paid() -> None:
    waiting, paid = place(), confirmed()
    vendor = client_as("vendor", vendor_id=VENDOR_A)

    listed = body(vendor.get("/api/v1/vendor-orders"))["results"]

    assert [row["order_number"] for row in listed] == [paid.number]
    assert {row["vendor"]["id"] for row in listed} == {str(VENDOR_A)}
    assert vendor.get(f"/api/v1/vendor-orders/{part_of(waiting).id}").status_code == 404
    assert ship(part_of(waiting)).status_code == 404


def test_an_order_that_was_never_paid_stays_hidden_when_it_is_cancelled() -> None:
    order = place()
    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")

    assert ship(part_of(order)).status_code == 404


def test_a_delivered_parcel_is_told_once_and_a_second_delivery_is_refused() -> None:
    order = confirmed(make_cart(make_line()))
    shipment = body(ship(part_of(order)))["id"]

    first, second = deliver(shipment), deliver(shipment)

    assert (first.status_code, body(first)["status"]) == (200, "delivered")
    assert (second.status_code, body(second)["code"]) == (409, "illegal_transition")
    assert (status_of(part_of(order)), Order.objects.get().status) == ("delivered", "delivered")
    assert len(published(VendorOrderDelivered)) == 1


def test_a_vendor_order_is_delivered_with_its_last_parcel() -> None:
    part = part_of(confirmed(make_cart(make_line(quantity=2))))
    first = body(ship(part, items=[{"id": str(only_line(part).id), "quantity": 1}]))["id"]
    assert deliver(first).status_code == 200

    second = body(ship(part))["id"]
    before = status_of(part)
    deliver(second)

    assert (before, status_of(part)) == ("shipped", "delivered")
    assert published(VendorOrderDelivered)[0].product_ids == (only_line(part).product_id,)


def test_the_order_follows_when_all_its_vendors_have_sent_and_delivered() -> None:
    order = confirmed()
    a, b = part_of(order), part_of(order, VENDOR_B)
    seen = []
    for step in (
        lambda: ship(a),
        lambda: deliver(a.shipments.get().id),
        lambda: ship(b, vendor=VENDOR_B),
        lambda: deliver(b.shipments.get().id, VENDOR_B),
    ):
        assert step().status_code < 300
        order.refresh_from_db()
        seen.append(order.status)

    assert seen == ["confirmed", "confirmed", "shipped", "delivered"]


def test_another_vendors_parcel_cannot_be_delivered() -> None:
    shipment = body(ship(part_of(confirmed())))["id"]

    refused, absent = deliver(shipment, VENDOR_B), deliver(uuid4(), VENDOR_B)

    assert (refused.status_code, absent.status_code) == (404, 404)
    assert {**body(refused), "request_id": ""} == {**body(absent), "request_id": ""}
    assert Shipment.objects.get().status == "shipped"


def test_what_is_on_its_way_cannot_be_cancelled() -> None:
    order = confirmed()
    ship(part_of(order))

    with pytest.raises(IllegalMove):
        checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")


def test_vendors_pages_are_closed_to_others_and_open_to_admins() -> None:
    part = part_of(confirmed())
    path = f"/api/v1/vendor-orders/{part.id}"

    assert client_as("customer").get(path).status_code == 403
    assert client_as("vendor").get(path).status_code == 403
    assert client_as().get(path).status_code == 401
    assert client_as("admin").get(path).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_same_items_are_never_in_two_parcels() -> None:
    part = part_of(confirmed(make_cart(make_line(quantity=2))))

    answers = in_parallel(6, lambda _number: ship(part).status_code)

    assert sorted(answers) == [201, 409, 409, 409, 409, 409]
    assert (Shipment.objects.count(), only_line(part).shipped_quantity) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_sending_and_cancelling_at_once_does_one_of_the_two() -> None:
    order = confirmed(make_cart(make_line()))
    part = part_of(order)

    def run(number: int) -> object:
        return checkout.cancel_order(order_id=order.id, reason="x") if number else ship(part).status_code

    shipped, cancelled = in_parallel(2, run)

    assert (shipped == 201) == isinstance(cancelled, IllegalMove)
    order.refresh_from_db()
    assert order.status in {"shipped", "cancelled"}


# ── Packed, lost, and how the buyer sees it ──────────────────────────────────────────────────────────────────────────


def pack(part: VendorOrder, vendor: UUID = VENDOR_A, **form: object):
    return client_as("vendor", vendor_id=vendor).post(f"/api/v1/vendor-orders/{part.id}/shipments/packed", form)


def act(shipment_id: object, verb: str, form: object = None, vendor: UUID = VENDOR_A):
    return client_as("vendor", vendor_id=vendor).post(f"/api/v1/shipments/{shipment_id}/{verb}", form or {})


def test_a_packed_parcel_keeps_its_items_until_it_is_handed_over() -> None:
    part = part_of(confirmed(make_cart(make_line(quantity=3))))

    packed = pack(part, items=[{"id": str(only_line(part).id), "quantity": 2}])
    many = ship(part, items=[{"id": str(only_line(part).id), "quantity": 2}])
    before = status_of(part), published(VendorOrderShipped)
    sent = act(body(packed)["id"], "send", {**VENDOR, "tracking_url": "https://post.example/T1"})

    assert (packed.status_code, body(packed)["status"], many.status_code) == (201, "packed", 400)
    assert (before, sent.status_code, status_of(part)) == (("confirmed", []), 200, "partially_shipped")
    assert published(VendorOrderShipped)[0].tracking_url == "https://post.example/T1"
    assert act(body(packed)["id"], "send", VENDOR).status_code == 409


def test_a_lost_parcel_is_sent_again() -> None:
    order = confirmed(make_cart(make_line(quantity=2)))
    part = part_of(order)
    first = body(ship(part))["id"]
    order.refresh_from_db()
    shipped = order.status

    lost = act(first, "lost")
    order.refresh_from_db()
    between = status_of(part), order.status, only_line(part).shipped_quantity
    second = body(ship(part))["id"]
    late = deliver(first)
    deliver(second)

    assert (shipped, body(lost)["status"], between) == ("shipped", "lost", ("confirmed", "confirmed", 0))
    assert (late.status_code, status_of(part), Order.objects.get().status) == (409, "delivered", "delivered")
    assert len(published(ShipmentLost)) == 1


def test_what_arrived_or_was_never_sent_cannot_be_lost() -> None:
    part = part_of(confirmed(make_cart(make_line(quantity=2))))
    packed = body(pack(part, items=[{"id": str(only_line(part).id), "quantity": 1}]))["id"]
    arrived = body(ship(part))["id"]
    deliver(arrived)

    assert [act(one, "lost").status_code for one in (packed, arrived)] == [409, 409]
    assert [
        act(arrived, verb, VENDOR if verb == "send" else None, uuid4()).status_code for verb in ("lost", "send")
    ] == [404, 404]


def test_the_buyer_sees_where_each_parcel_is() -> None:
    ada = UUID(int=0xADA)
    order = confirmed(make_cart(make_line(quantity=2)), user_id=ada)
    ship(part_of(order), tracking_url="https://post.example/T1")

    shown = body(client_as("customer", user_id=ada).get(f"/api/v1/orders/{order.id}"))["vendor_orders"][0]["shipments"]

    assert [(one["carrier"], one["tracking_number"], one["tracking_url"], one["status"]) for one in shown] == [
        ("Post", "T1", "https://post.example/T1", "shipped")
    ]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "post.example", "https://", "http://a b", "x" * 501, 1, None])
def test_a_link_that_is_none_is_refused(url: object) -> None:
    part = part_of(confirmed())

    response = ship(part, tracking_url=url)

    assert (response.status_code, list(body(response)["errors"])) == (400, ["tracking_url"])


@pytest.mark.parametrize("status", Order.Status.values)
def test_an_order_moves_only_where_the_table_lets_it(status: str) -> None:
    moves = {
        "awaiting_payment": lambda order: order.await_payment(deadline=None),
        "confirmed": lambda order: order.lose_a_parcel(),
        "shipped": lambda order: order.ship(),
        "delivered": lambda order: order.deliver(at=None),
        "completed": lambda order: order.complete(at=None),
        "cancelled": lambda order: order.cancel(reason="x"),
        "returned": lambda order: order.give_back(),
    }
    for to, move in moves.items():
        order = Order(status=status)
        if to in Order.MOVES[status]:
            move(order)
            assert order.status == to
        else:
            with pytest.raises(IllegalMove):
                move(order)
            assert order.status == status
