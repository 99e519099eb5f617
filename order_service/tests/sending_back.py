"""Steps of a return, as a buyer and a vendor take them."""

from uuid import UUID

from factories import VENDOR_A, delivered, hear, make_cart, make_line, part_of

from order_service.models import Order, OrderLine
from shared.contracts.payment import PaymentRefunded, RefundPayment
from shared.testing import body, client_as, published

ADA = UUID(int=0xADA)


def ask(order: Order, quantity: int = 1, *, line: OrderLine | None = None, user: UUID = ADA):
    line = line or part_of(order).lines.first()
    items = [{"id": str(line.id), "quantity": quantity, "reason": "broken"}]
    return client_as("customer", user_id=user).post(f"/api/v1/orders/{order.id}/returns", {"items": items})


def decide(return_id: object, verb: str, form: object = None, *, vendor: UUID = VENDOR_A):
    return client_as("vendor", vendor_id=vendor).post(f"/api/v1/returns/{return_id}/{verb}", form or {})


def received(order: Order, quantity: int = 1) -> str:
    """The id of a return that has come back."""
    return_id = body(ask(order, quantity))["id"]
    assert [decide(return_id, verb).status_code for verb in ("approve", "receive")] == [200, 200]
    return str(return_id)


def bought(*lines: object) -> Order:
    return delivered(make_cart(*(lines or (make_line(quantity=2),))), user_id=ADA)


def approved(order: Order, quantity: int, **form: object) -> str:
    return_id = str(body(ask(order, quantity))["id"])
    assert decide(return_id, "approve", form).status_code == 200
    return return_id


def refunded() -> list[int]:
    return [refund.amount.minor for refund in published(RefundPayment)]


def settle_refunds(order: Order) -> None:
    for asked in published(RefundPayment):
        done = {"refund_id": asked.refund_id, "return_id": asked.return_id, "amount": asked.amount}
        hear(PaymentRefunded(payment_id=order.payment_id, order_id=order.id, **done))
