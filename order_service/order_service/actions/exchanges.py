"""Exchanges: a replacement is an order of its own, held in stock as any other, for which nothing is charged."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from order_service.actions.giving_back import give_back
from order_service.actions.orders import about, money, new_number, reservation_of, tell
from order_service.actions.refunds import close_return
from order_service.models import Exchange, Order, OrderLine, Return, ReturnItem, VendorOrder
from order_service.models.orders import REPLACEMENT
from shared.context import current
from shared.contracts.catalog import StockReserved
from shared.contracts.order import OrderPlaced


def send_replacement(*, request: Return, items: Sequence[ReturnItem], quantities: Mapping[UUID, int]) -> Order:
    """An order for what is wanted instead of what came; its stock is asked for as any other's."""
    origin = request.vendor_order.order
    lines = [_line(item, quantities[item.line_id]) for item in items if quantities.get(item.line_id)]
    worth = sum(line.line_total for line in lines)
    order = Order.objects.create(**_as_before(origin), number=new_number(), **_nothing_charged(worth))
    part = VendorOrder.objects.create(
        order=order,
        vendor_id=request.vendor_order.vendor_id,
        vendor_name=request.vendor_order.vendor_name,
        commission_basis_points=request.vendor_order.commission_basis_points,
        commission=0,
        **_nothing_charged(worth),
    )
    for line in lines:
        line.vendor_order = part
    OrderLine.objects.bulk_create(lines)
    Exchange.objects.create(return_request=request, order=order)
    tell(order, OrderPlaced(**about(order), total=money(order, 0), placed_at=order.placed_at))
    tell(order, reservation_of(order, lines))
    return order


def _as_before(origin: Order) -> dict[str, object]:
    """Who it is for, and where it goes."""
    same = (
        "user_id", "guest_digest", "email", "buyer_name", "locale", "currency", "shipping_method", "shipping_address",
        "billing_address",
    )  # fmt: skip
    return {
        **{name: getattr(origin, name) for name in same},
        "correlation_id": current().correlation_id,
        "payment_method": REPLACEMENT,
        "payment_status": "not_needed",
        "deadline": timezone.now() + settings.STOCK_ANSWER_WITHIN,
    }


def _nothing_charged(worth: int) -> dict[str, int]:
    return {"items_total": worth, "discount_total": worth, "shipping_total": 0, "tax_total": 0, "total": 0}


def _line(item: ReturnItem, quantity: int) -> OrderLine:
    """At the price of what it replaces, all of it taken off."""
    line, total = item.line, item.line.unit_price * quantity
    return OrderLine(
        replaces=line,
        variant_id=item.variant_id or line.variant_id,
        product_id=line.product_id,
        category_id=line.category_id,
        sku=line.sku,
        name=line.name,
        quantity=quantity,
        unit_price=line.unit_price,
        line_total=total,
        discount=total,
    )


def is_of_the_same_vendor(order: Order, message: StockReserved) -> bool:
    vendors = set(order.vendor_orders.values_list("vendor_id", flat=True))
    return {line.vendor_id for line in message.lines} == vendors


def name_lines(order: Order, message: StockReserved) -> None:
    """Only the catalogue knows what another variant is called."""
    for told in message.lines:
        names = {"sku": told.sku, "name": told.name, "product_id": told.product_id, "category_id": told.category_id}
        OrderLine.objects.filter(id=told.line_id, vendor_order__order=order).update(**names)


def finish_exchange(order: Order) -> None:
    """The replacement is certain."""
    close_return(_return_of(order))


def pay_instead(order: Order, reason: str) -> None:
    """There is no replacement: the buyer gets the money of what came back."""
    request, part = _return_of(order), VendorOrder.objects.select_related("order").get(order=order)
    left = {line.id: line.quantity - line.cancelled_quantity for line in part.lines.all()}
    give_back(part, left, reason=f"not exchanged: {reason}", return_request=request)
    close_return(request)


def _return_of(order: Order) -> Return:
    return Return.objects.select_for_update(of=("self",)).get(exchanges__order=order)
