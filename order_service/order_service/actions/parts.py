"""Vendor orders as their lines and parcels make them, and orders as their vendor orders make them."""

from uuid import UUID

from django.db.models import F, Sum
from django.utils import timezone

from order_service.actions.orders import about, tell
from order_service.errors import OrderNotFound
from order_service.models import Order, OrderLine, ReturnItem, Shipment, VendorOrder
from shared.contracts.order import VendorOrderDelivered

Part = VendorOrder.Status


def locked_part(vendor_order_id: UUID, vendor_id: UUID | None) -> tuple[VendorOrder, Order]:
    """The order's row first, then its part: the same order everywhere. Raises OrderNotFound for another vendor's."""
    rows = VendorOrder.objects.filter(id=vendor_order_id).exclude(order__confirmed_at=None)
    order_id = (
        (rows if vendor_id is None else rows.filter(vendor_id=vendor_id)).values_list("order_id", flat=True).first()
    )
    if order_id is None:
        raise OrderNotFound()
    order = Order.objects.select_for_update().get(id=order_id)
    return VendorOrder.objects.select_for_update().get(id=vendor_order_id), order


def locked_lines(part: VendorOrder) -> list[OrderLine]:
    return list(OrderLine.objects.select_for_update().filter(vendor_order=part).order_by("id"))


def follow_lines(part: VendorOrder, order: Order) -> None:
    """After anything was sent, delivered, lost, cancelled or received: the vendor order, and then the order."""
    before = part.status
    part.follow(_state_of(part))
    if part.status == Part.DELIVERED and before != Part.DELIVERED:
        part.delivered_at = timezone.now()
        tell_delivered(part, order)
    part.save(update_fields=["status", "delivered_at"])
    follow_parts(order)


def _state_of(part: VendorOrder) -> str:
    lines = list(part.lines.all())
    if all(line.cancelled_quantity == line.quantity for line in lines):
        return Part.CANCELLED
    if any(line.unsent for line in lines):
        return Part.PARTIALLY_SHIPPED if any(line.shipped_quantity for line in lines) else Part.CONFIRMED
    if part.shipments.filter(status=Shipment.Status.SHIPPED).exists():
        return Part.SHIPPED
    return Part.RETURNED if _came_back(part) == sum(line.shipped_quantity for line in lines) else Part.DELIVERED


def _came_back(part: VendorOrder) -> int:
    received = ReturnItem.objects.filter(line__vendor_order=part).aggregate(sum=Sum("received_quantity"))["sum"]
    return received or 0


def tell_delivered(part: VendorOrder, order: Order) -> None:
    kept = part.lines.filter(quantity__gt=F("cancelled_quantity"))
    products = tuple(kept.order_by("product_id").values_list("product_id", flat=True).distinct())
    told = {"vendor_order_id": part.id, "vendor_id": part.vendor_id, "product_ids": products}
    charged = not order.is_replacement
    tell(order, VendorOrderDelivered(**about(order), **told, delivered_at=part.delivered_at, charged=charged))


def follow_parts(order: Order) -> None:
    """What all its vendor orders are, the order is; the cancelled ones do not count. Its end is the saga's business."""
    statuses = set(VendorOrder.objects.filter(order=order).values_list("status", flat=True)) - {Part.CANCELLED}
    before = order.status
    if not statuses:
        return
    if statuses == {Part.RETURNED}:
        _reach_delivery(order)
        order.give_back()
    elif statuses <= {Part.DELIVERED, Part.RETURNED}:
        _reach_delivery(order)
    elif statuses <= {Part.SHIPPED, Part.DELIVERED, Part.RETURNED}:
        _reach_shipping(order)
    elif order.status == Order.Status.SHIPPED:
        order.lose_a_parcel()
    if order.status != before:
        order.save()


def _reach_delivery(order: Order) -> None:
    if order.status != Order.Status.DELIVERED:
        order.deliver(at=timezone.now())


def _reach_shipping(order: Order) -> None:
    if order.status != Order.Status.SHIPPED:
        order.ship()
