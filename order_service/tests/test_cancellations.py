"""What a vendor cannot send is taken off its part, given back and refunded."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from factories import VENDOR_A, VENDOR_B, confirmed, hear, make_cart, make_line, part_of, place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from order_service import checkout
from order_service.actions.shipments import deliver_shipment, lose_shipment, pack_items, ship_items
from order_service.errors import IllegalMove
from order_service.models import Order, OrderLine, Shipment, VendorOrder
from shared.contracts.catalog import CommitFailed
from shared.contracts.order import OrderCancelled, VendorOrderCancelled
from shared.contracts.payment import RefundPayment
from shared.money import Money
from shared.testing import audited, body, client_as, in_parallel, published

pytestmark = pytest.mark.django_db

PARCEL = {"carrier": "Post", "tracking_number": "T1"}


def cancel(part: VendorOrder, *, vendor: UUID = VENDOR_A, **form: object):
    client = client_as("vendor", vendor_id=vendor)
    return client.post(f"/api/v1/vendor-orders/{part.id}/cancel", {"reason": "sold out", **form})


def some(line: OrderLine, quantity: int) -> list[dict[str, object]]:
    return [{"id": str(line.id), "quantity": quantity}]


def status_of(row: Order | VendorOrder) -> str:
    row.refresh_from_db()
    return row.status


def test_a_vendor_cancels_its_part_and_the_rest_of_the_order_goes_on() -> None:
    order = confirmed()
    part = part_of(order)

    answer = cancel(part)

    assert (answer.status_code, body(answer)["status"], body(answer)["cancel_reason"]) == (200, "cancelled", "sold out")
    assert (status_of(order), status_of(part_of(order, VENDOR_B))) == ("confirmed", "confirmed")
    refund = published(RefundPayment)[0]
    assert (refund.amount.minor, len(refund.splits)) == (part.total, 1)
    assert (refund.splits[0].tax, refund.splits[0].commission) == (part.tax_total, part.commission)
    told = published(VendorOrderCancelled)[0]
    assert ([(one.quantity, one.restock) for one in told.items], told.complete) == ([(2, True)], True)
    assert audited() == [("order.vendor_order.cancel", "vendor_order")]
    assert published(OrderCancelled) == []


def test_some_of_a_line_is_cancelled_and_the_rest_is_sent() -> None:
    order = confirmed(make_cart(make_line(quantity=3)))
    part = part_of(order)
    line = part.lines.get()

    answer = cancel(part, items=some(line, 1), restock=False)
    shipment = ship_items(vendor_order_id=part.id, vendor_id=VENDOR_A, **PARCEL, items=None)
    deliver_shipment(shipment_id=shipment.id, vendor_id=VENDOR_A)

    assert body(answer)["items"][0]["cancelled_quantity"] == 1
    assert [item.quantity for item in shipment.items.all()] == [2]
    assert published(RefundPayment)[0].amount.minor == 2_400
    assert [one.restock for one in published(VendorOrderCancelled)[0].items] == [False]
    assert (status_of(part), status_of(order)) == ("delivered", "delivered")


def test_an_order_whose_vendors_all_cancel_is_cancelled_and_refunded_to_the_last_cent() -> None:
    order = confirmed()

    cancel(part_of(order))
    cancel(part_of(order, VENDOR_B), vendor=VENDOR_B)

    assert (status_of(order), order.cancel_reason) == ("cancelled", "cancelled_by_vendor")
    assert sum(refund.amount.minor for refund in published(RefundPayment)) == order.total
    assert len(published(OrderCancelled)) == 1


def test_a_buyer_who_cancels_later_gets_only_what_is_left() -> None:
    order = confirmed()
    cancel(part_of(order))

    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")

    assert [refund.amount.minor for refund in published(RefundPayment)] == [
        part_of(order).total,
        part_of(order, VENDOR_B).total,
    ]
    assert published(OrderCancelled)[0].vendor_ids == (VENDOR_B,)


def test_a_sale_whose_stock_was_gone_is_refunded_only_for_what_was_left_of_it() -> None:
    order = confirmed()
    cancel(part_of(order))

    hear(CommitFailed(order_id=order.id))

    assert status_of(order) == "cancelled"
    assert sum(refund.amount.minor for refund in published(RefundPayment)) == order.total


def test_what_was_sent_cannot_be_cancelled() -> None:
    part = part_of(confirmed(make_cart(make_line(quantity=2))))
    line = part.lines.get()
    ship_items(vendor_order_id=part.id, vendor_id=VENDOR_A, **PARCEL, items={line.id: 1})

    many, rest, none = cancel(part, items=some(line, 2)), cancel(part), cancel(part)

    assert (many.status_code, list(body(many)["errors"])) == (400, ["items"])
    assert (rest.status_code, none.status_code, body(none)["code"]) == (200, 409, "illegal_transition")
    assert status_of(part) == "shipped"


def test_what_is_packed_is_unpacked_when_it_is_cancelled() -> None:
    order = confirmed()
    for vendor in (VENDOR_A, VENDOR_B):
        pack_items(vendor_order_id=part_of(order, vendor).id, vendor_id=vendor, items=None)

    cancel(part_of(order))
    left = Shipment.objects.count()
    checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")

    assert (left, Shipment.objects.count()) == (1, 0)


def test_what_was_lost_is_the_vendors_to_cancel() -> None:
    order = confirmed(make_cart(make_line()))
    part = part_of(order)
    shipment = ship_items(vendor_order_id=part.id, vendor_id=VENDOR_A, **PARCEL, items=None)
    lose_shipment(shipment_id=shipment.id, vendor_id=VENDOR_A)

    with pytest.raises(IllegalMove):
        checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer")
    answer = cancel(part, restock=False)

    assert (answer.status_code, status_of(order)) == (200, "cancelled")
    assert published(RefundPayment)[0].amount.minor == order.total


def test_another_vendors_part_is_as_good_as_absent() -> None:
    part = part_of(confirmed())

    theirs, unpaid = cancel(part, vendor=uuid4()), cancel(part_of(place()))

    assert (theirs.status_code, unpaid.status_code) == (404, 404)
    assert status_of(part) == "confirmed"


@pytest.mark.parametrize(
    "form",
    [
        {"reason": ""},
        {"reason": "a\nb"},
        {"reason": "x" * 201},
        {"items": []},
        {"items": [{"id": str(uuid4()), "quantity": 10**30}]},
        {"items": [{"id": str(uuid4()), "quantity": 1}]},
        {"restock": "perhaps"},
        {"total": 0},
    ],
)
def test_an_odd_cancellation_is_refused(form: dict[str, object]) -> None:
    part = part_of(confirmed())

    assert cancel(part, **form).status_code == 400
    assert status_of(part) == "confirmed"


@pytest.mark.django_db(transaction=True)
def test_sending_and_cancelling_the_same_items_at_once_does_one_of_the_two() -> None:
    order = confirmed(make_cart(make_line()))
    part = part_of(order)
    run: list[Callable[[], object]] = [
        lambda: ship_items(vendor_order_id=part.id, vendor_id=VENDOR_A, **PARCEL, items=None),
        lambda: checkout.cancel_part(vendor_order_id=part.id, vendor_id=VENDOR_A, reason="sold out"),
    ]

    answers = in_parallel(2, lambda number: run[number]())

    assert sum(isinstance(answer, IllegalMove) for answer in answers) == 1
    assert status_of(order) in {"shipped", "cancelled"}
    assert len(published(RefundPayment)) == (order.status == "cancelled")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
    price=st.integers(1, 10_007),
    pieces=st.lists(st.integers(1, 3), min_size=1, max_size=4),
)
def test_a_part_that_is_cancelled_in_pieces_is_refunded_exactly_once(
    currency: str, price: int, pieces: list[int]
) -> None:
    order = confirmed(make_cart(make_line(quantity=sum(pieces), unit_price=Money(price, currency), available=100)))
    part = part_of(order)
    line = part.lines.get()

    for quantity in pieces:
        checkout.cancel_part(vendor_order_id=part.id, vendor_id=VENDOR_A, reason="x", items={line.id: quantity})

    splits = [refund.splits[0] for refund in published(RefundPayment) if refund.order_id == order.id]
    assert sum(split.gross for split in splits) == order.total
    assert sum(split.tax for split in splits) == part.tax_total
    assert sum(split.commission for split in splits) == part.commission
