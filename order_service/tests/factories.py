"""Carts, orders and the answers of the other services, with memorable figures."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from order_service import checkout
from order_service.actions.orders import Placing
from order_service.actions.shipments import deliver_shipment, ship_items
from order_service.clients import Cart, CartLine
from order_service.models import Order, OrderLine, VendorOrder
from order_service.queries.quotes import quote
from order_service.subscriptions import SUBSCRIPTIONS
from shared.contracts.catalog import ReservedLine, StockRejected, StockReleased, StockReserved
from shared.contracts.payment import PaymentDeclined, PaymentTaken
from shared.messages import Message, MoneyData
from shared.money import Money
from shared.testing import deliver

ADDRESS = {"name": "Ada Buyer", "line1": "1 Row", "city": "London", "postal_code": "N1", "country": "GB"}
VENDOR_A, VENDOR_B = UUID(int=0xA), UUID(int=0xB)
CART_ID = "22a932e3-cce8-5793-978a-ad770ae73ec3"
"""What cart calls a cart: it listens to orders, and looks for it by this."""


def make_line(**changes: Any) -> CartLine:
    plain: dict[str, Any] = {
        "variant_id": uuid4(),
        "product_id": uuid4(),
        "category_id": None,
        "vendor_id": VENDOR_A,
        "vendor_name": "Northwind",
        "sku": "LAMP-1",
        "name": "Lamp",
        "quantity": 2,
        "unit_price": Money(2_000, "USD"),
        "available": 10,
        "active": True,
    }
    return CartLine(**{**plain, **changes})


def make_cart(*lines: CartLine, coupon: str | None = None) -> Cart:
    lines = lines or (make_line(), make_line(vendor_id=VENDOR_B, vendor_name="Lumen", sku="MUG-1", quantity=1))
    return Cart(CART_ID, lines[0].unit_price.currency, coupon, lines)


def make_placing(user_id: UUID | None = None, email: str = "ada@example.com") -> Placing:
    return Placing(user_id, email, "Ada Buyer", CART_ID, ADDRESS, ADDRESS, "simulator", "ok")


def place(cart: Cart | None = None, *, user_id: UUID | None = None, coupon: str | None = None, **changes: Any) -> Order:
    cart = cart or make_cart()
    placing = replace(make_placing(user_id), cart_version=cart.version)
    quoted = quote(cart=cart, country="GB", method=None, coupon_code=coupon, buyer_key=placing.buyer_key)
    return checkout.place_order(cart=cart, quote=quoted, placing=placing, expected_total=changes.get("expected_total"))


def hear(message: Message) -> None:
    assert deliver(message, SUBSCRIPTIONS)


def stock_reserved(order: Order, *, price_difference: int = 0) -> StockReserved:
    lines = OrderLine.objects.filter(vendor_order__order=order).select_related("vendor_order")
    told = [
        ReservedLine(
            line_id=line.id,
            variant_id=line.variant_id,
            product_id=line.product_id,
            vendor_id=line.vendor_order.vendor_id,
            vendor_name=line.vendor_order.vendor_name,
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price=MoneyData(minor=line.unit_price + price_difference, currency=order.currency),
        )
        for line in lines
    ]
    return StockReserved(order_id=order.id, lines=tuple(told), expires_at=timezone.now() + timedelta(hours=1))


def stock_rejected(order: Order) -> StockRejected:
    return StockRejected(order_id=order.id, reason="out_of_stock")


def stock_expired(order: Order) -> StockReleased:
    return StockReleased(order_id=order.id, reason="expired")


def payment_taken(order: Order) -> PaymentTaken:
    amount = MoneyData(minor=order.total, currency=order.currency)
    return PaymentTaken(payment_id=order.payment_id, order_id=order.id, amount=amount, taken_at=timezone.now())


def payment_declined(order: Order, reason: str = "declined") -> PaymentDeclined:
    return PaymentDeclined(payment_id=order.payment_id, order_id=order.id, reason=reason)


def confirmed(cart: Cart | None = None, **changes: Any) -> Order:
    order = place(cart, **changes)
    hear(stock_reserved(order))
    hear(payment_taken(order))
    order.refresh_from_db()
    return order


def part_of(order: Order, vendor_id: UUID = VENDOR_A) -> VendorOrder:
    return VendorOrder.objects.get(order=order, vendor_id=vendor_id)


def delivered(cart: Cart | None = None, **changes: Any) -> Order:
    """Everything sent and arrived."""
    order = confirmed(cart, **changes)
    for part in order.vendor_orders.order_by("id"):
        parcel = {"carrier": "Post", "tracking_number": "T1", "items": None}
        shipment = ship_items(vendor_order_id=part.id, vendor_id=part.vendor_id, **parcel)
        deliver_shipment(shipment_id=shipment.id, vendor_id=part.vendor_id)
    order.refresh_from_db()
    return order
