"""What came back is replaced by goods of the same price, or paid back where there are none."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from factories import (
    VENDOR_A,
    VENDOR_B,
    delivered,
    hear,
    make_cart,
    make_line,
    part_of,
    stock_expired,
    stock_rejected,
    stock_reserved,
)

from order_service import checkout
from order_service.actions.shipments import deliver_shipment, ship_items
from order_service.models import Exchange, Order, OrderLine, Return
from shared.contracts.catalog import CommitFailed, ReleaseStock, ReserveStock
from shared.contracts.order import OrderConfirmed, ReturnReceived, VendorOrderDelivered
from shared.contracts.payment import CancelPayment, PaymentRefunded, RefundPayment, TakePayment
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)


def bought(quantity: int = 2) -> Order:
    return delivered(make_cart(make_line(quantity=quantity)), user_id=ADA)


def ask(order: Order, quantity: int = 1, **changes: object):
    line = part_of(order).lines.get()
    item = {"id": str(line.id), "quantity": quantity, "reason": "too small", **changes}
    form = {"items": [item], "resolution": "exchange"}
    return client_as("customer", user_id=ADA).post(f"/api/v1/orders/{order.id}/returns", form)


def receive(order: Order, quantity: int = 1, **changes: object) -> Order:
    """The replacement that is asked for when the goods have come."""
    return_id = body(ask(order, quantity, **changes))["id"]
    vendor = client_as("vendor", vendor_id=VENDOR_A)
    for verb in ("approve", "receive"):
        assert vendor.post(f"/api/v1/returns/{return_id}/{verb}").status_code == 200
    return Order.objects.get(exchange__return_request=return_id)


def refunded() -> list[int]:
    return [refund.amount.minor for refund in published(RefundPayment)]


def state(order: Order) -> tuple[str, str]:
    order.refresh_from_db()
    return order.status, Return.objects.get().status


def test_a_replacement_is_held_in_stock_and_nothing_is_charged() -> None:
    order = bought()

    replacement = receive(order)
    asked = published(ReserveStock)[-1]
    before = state(replacement)
    hear(stock_reserved(replacement))

    assert (asked.order_id, [line.quantity for line in asked.lines]) == (replacement.id, [1])
    assert (before, state(replacement)) == (("placed", "received"), ("confirmed", "exchanged"))
    assert (replacement.total, replacement.user_id, replacement.payment_status) == (0, ADA, "not_needed")
    assert (len(published(TakePayment)), refunded()) == (1, [])
    told = published(OrderConfirmed)[-1]
    assert (told.total.minor, told.vendor_orders[0].commission.minor, told.cart_id) == (0, 0, None)
    assert published(ReturnReceived)[0].items[0].restock is True
    shown = body(client_as("customer", user_id=ADA).get("/api/v1/returns"))["results"][0]
    assert (shown["resolution"], shown["replacement_orders"]) == ("exchange", [str(replacement.id)])


def test_another_variant_of_the_same_price_is_called_what_the_catalogue_calls_it() -> None:
    wanted = uuid4()
    replacement = receive(bought(), variant_id=str(wanted))

    message = stock_reserved(replacement)
    line = message.lines[0].model_copy(update={"name": "Lamp, large", "sku": "LAMP-L"})
    hear(message.model_copy(update={"lines": (line,)}))

    bought_now = OrderLine.objects.get(vendor_order__order=replacement)
    assert (bought_now.variant_id, bought_now.name, bought_now.sku) == (wanted, "Lamp, large", "LAMP-L")
    assert state(replacement) == ("confirmed", "exchanged")


def of_another_vendor(order: Order):
    message = stock_reserved(order)
    return message.model_copy(
        update={"lines": tuple(line.model_copy(update={"vendor_id": VENDOR_B}) for line in message.lines)}
    )


@pytest.mark.parametrize(
    ("answer", "reason", "released"),
    [
        (stock_rejected, "out_of_stock", 0),
        (lambda order: stock_reserved(order, price_difference=1), "price_changed", 1),
        (of_another_vendor, "price_changed", 1),
        (stock_expired, "payment_expired", 0),
    ],
    ids=["none there", "another price", "another vendor's", "hold expired"],
)
def test_without_a_replacement_the_money_goes_back(answer, reason: str, released: int) -> None:
    order = bought()
    replacement = receive(order, quantity=2)

    hear(answer(replacement))
    hear(answer(replacement))

    assert state(replacement) == ("cancelled", "received")
    assert (replacement.cancel_reason, refunded()) == (reason, [4_800])
    asked = published(RefundPayment)[0]
    assert (asked.payment_id, asked.order_id) == (order.payment_id, order.id)
    assert len(published(ReleaseStock)) >= released
    assert published(CancelPayment) == []
    done = {"refund_id": asked.refund_id, "return_id": asked.return_id, "amount": asked.amount}
    hear(PaymentRefunded(payment_id=order.payment_id, order_id=order.id, **done))
    assert Return.objects.get().status == "refunded"


def test_without_an_answer_of_the_catalogue_the_money_goes_back() -> None:
    replacement = receive(bought())
    Order.objects.filter(id=replacement.id).update(deadline=timezone.now() - timedelta(seconds=1))

    assert checkout.sweep_deadlines() == 1

    assert (state(replacement), refunded()) == (("cancelled", "received"), [2_400])
    hear(stock_reserved(replacement))
    assert [told.order_id for told in published(ReleaseStock)] == [replacement.id] * 2


def test_a_replacement_whose_stock_was_gone_after_all_is_paid_back() -> None:
    replacement = receive(bought())
    hear(stock_reserved(replacement))

    hear(CommitFailed(order_id=replacement.id))

    assert (state(replacement)[0], refunded()) == ("cancelled", [2_400])


@pytest.mark.parametrize("by_vendor", [True, False])
def test_a_replacement_that_is_cancelled_is_paid_back_once(by_vendor: bool) -> None:
    replacement = receive(bought())
    hear(stock_reserved(replacement))

    if by_vendor:
        checkout.cancel_part(vendor_order_id=part_of(replacement).id, vendor_id=VENDOR_A, reason="broken")
    else:
        checkout.cancel_order(order_id=replacement.id, reason="cancelled_by_buyer")

    assert (state(replacement)[0], refunded()) == ("cancelled", [2_400])


def test_what_was_sent_in_exchange_may_come_back_for_the_money_of_what_it_replaced() -> None:
    order = bought()
    replacement = receive(order)
    hear(stock_reserved(replacement))
    part = part_of(replacement)
    shipment = ship_items(vendor_order_id=part.id, vendor_id=VENDOR_A, carrier="P", tracking_number="1", items=None)
    deliver_shipment(shipment_id=shipment.id, vendor_id=VENDOR_A)
    assert published(VendorOrderDelivered)[-1].charged is False

    form = {"items": [{"id": str(part.lines.get().id), "quantity": 1, "reason": "broken too"}]}
    return_id = body(client_as("customer", user_id=ADA).post(f"/api/v1/orders/{replacement.id}/returns", form))["id"]
    for verb in ("approve", "receive"):
        client_as("vendor", vendor_id=VENDOR_A).post(f"/api/v1/returns/{return_id}/{verb}")

    refund = published(RefundPayment)[0]
    assert (refund.order_id, refund.payment_id, refund.amount.minor) == (order.id, order.payment_id, 2_400)
    assert refund.splits[0].vendor_order_id == part_of(order).id
    replacement.refresh_from_db()
    assert replacement.status == "returned"


def test_another_variant_is_only_for_an_exchange() -> None:
    order = bought()
    item = {"id": str(part_of(order).lines.get().id), "quantity": 1, "reason": "x", "variant_id": str(uuid4())}

    answer = client_as("customer", user_id=ADA).post(f"/api/v1/orders/{order.id}/returns", {"items": [item]})

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["items"])
    assert ask(order, variant_id="x").status_code == 400
    assert Exchange.objects.count() == 0
