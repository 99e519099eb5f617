"""What buyers and vendors are told about orders."""

from typing import Any

from notification_service.actions.telling import buyer, shown_money, tell, vendor
from notification_service.models.notifications import Group
from shared.contracts.order import (
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    OrderRefunded,
    ReturnDecided,
    ReturnRequested,
    VendorOrderDelivered,
    VendorOrderPart,
    VendorOrderShipped,
)

_CANCEL_REASONS = {
    "out_of_stock": "something in it was sold out",
    "unavailable": "something in it is no longer for sale",
    "stock_timeout": "we could not set everything aside in time",
    "price_changed": "a price had changed",
    "payment_declined": "the payment was declined",
    "payment_expired": "it was not paid in time",
    "cancelled_by_buyer": "you asked for it",
}


def tell_order_placed(message: OrderPlaced) -> None:
    data = {**_order(message), "total": shown_money(message.total)}
    tell(buyer(message.buyer), kind="order_placed", group=Group.ORDERS, fact=message.order_id, data=data)


def tell_order_confirmed(message: OrderConfirmed) -> None:
    """The buyer, with everything; each vendor, with its own lines only."""
    data, parts = {**_order(message), "total": shown_money(message.total)}, message.vendor_orders
    shown = {"parts": [_part(part) for part in parts]}
    tell(
        buyer(message.buyer), kind="order_confirmed", group=Group.ORDERS, fact=message.order_id, data=data, shown=shown
    )
    for part in parts:
        own = {**_order(message), "vendor_order_id": str(part.vendor_order_id), "total": shown_money(part.total)}
        person = vendor(part.vendor_id)
        tell(person, kind="sale", group=Group.SELLING, fact=part.vendor_order_id, data=own, shown={"part": _part(part)})


def tell_order_cancelled(message: OrderCancelled) -> None:
    """The buyer; the vendors only when they had been told of the sale."""
    data = {**_order(message), "reason": message.reason}
    shown = {"because": _CANCEL_REASONS.get(message.reason, message.reason.replace("_", " "))}
    person = buyer(message.buyer)
    tell(person, kind="order_cancelled", group=Group.ORDERS, fact=message.order_id, data=data, shown=shown)
    for vendor_id in message.vendor_ids if message.was_confirmed else ():
        tell(vendor(vendor_id), kind="sale_cancelled", group=Group.SELLING, fact=message.order_id, data=data)


def tell_shipped(message: VendorOrderShipped) -> None:
    data = {**_order(message), "carrier": message.carrier, "tracking_number": message.tracking_number}
    shown = {"complete": message.complete}
    tell(buyer(message.buyer), kind="shipped", group=Group.ORDERS, fact=message.shipment_id, data=data, shown=shown)


def tell_delivered(message: VendorOrderDelivered) -> None:
    data = {**_order(message), "vendor_order_id": str(message.vendor_order_id)}
    tell(buyer(message.buyer), kind="delivered", group=Group.ORDERS, fact=message.vendor_order_id, data=data)


def tell_return_requested(message: ReturnRequested) -> None:
    data = {**_order(message), "return_id": str(message.return_id)}
    tell(vendor(message.vendor_id), kind="return_requested", group=Group.SELLING, fact=message.return_id, data=data)


def tell_return_decided(message: ReturnDecided) -> None:
    data = {**_order(message), "return_id": str(message.return_id)}
    kind = "return_approved" if message.approved else "return_rejected"
    shown = {"reason": message.reason}
    tell(buyer(message.buyer), kind=kind, group=Group.ORDERS, fact=message.return_id, data=data, shown=shown)


def tell_refunded(message: OrderRefunded) -> None:
    """Nobody, where the platform alone had paid."""
    if message.amount.minor == 0:
        return
    data = {**_order(message), "amount": shown_money(message.amount)}
    tell(buyer(message.buyer), kind="refunded", group=Group.ORDERS, fact=message.refund_id, data=data)


def _order(message: Any) -> dict[str, Any]:
    return {"order_id": str(message.order_id), "number": message.number}


def _part(part: VendorOrderPart) -> dict[str, Any]:
    lines = [
        {"quantity": line.quantity, "name": line.name, "total": shown_money(line.line_total)} for line in part.lines
    ]
    return {"vendor": part.vendor_name, "lines": lines, "total": shown_money(part.total)}
