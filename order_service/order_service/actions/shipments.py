"""Parcels: sent by a vendor, delivered; the vendor order and the order follow."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from order_service.actions.orders import about, tell
from order_service.errors import IllegalMove, OrderNotFound
from order_service.models import Order, OrderLine, Shipment, ShipmentItem, VendorOrder
from shared.contracts.order import VendorOrderDelivered, VendorOrderShipped
from shared.errors import Invalid


@transaction.atomic
def ship_items(
    *,
    vendor_order_id: UUID,
    vendor_id: UUID | None,
    carrier: str,
    tracking_number: str,
    items: dict[UUID, int] | None,
) -> Shipment:
    """`items`: line id → quantity; None: all that is left. Raises OrderNotFound, IllegalMove, Invalid."""
    part, order = locked_part(vendor_order_id, vendor_id)
    lines = list(OrderLine.objects.select_for_update().filter(vendor_order=part).order_by("id"))
    chosen = _chosen(lines, items)
    complete = all(line.shipped_quantity + chosen.get(line.id, 0) == line.quantity for line in lines)
    part.ship(complete=complete)
    part.save(update_fields=["status"])
    shipment = Shipment.objects.create(vendor_order=part, carrier=carrier, tracking_number=tracking_number)
    _write_items(shipment, lines, chosen)
    _order_follows(order)
    told = {"vendor_order_id": part.id, "vendor_id": part.vendor_id, "shipment_id": shipment.id, "complete": complete}
    tell(order, VendorOrderShipped(**about(order), **told, carrier=carrier, tracking_number=tracking_number))
    return shipment


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


def _chosen(lines: list[OrderLine], items: dict[UUID, int] | None) -> dict[UUID, int]:
    left = {line.id: line.quantity - line.shipped_quantity for line in lines}
    if items is None:
        items = {line_id: quantity for line_id, quantity in left.items() if quantity}
    wrong = [str(line_id) for line_id, quantity in items.items() if quantity > left.get(line_id, 0)]
    if wrong:
        raise Invalid({"items": [f"Not (so many) to be shipped: {', '.join(wrong)}."]})
    if not items:
        raise IllegalMove("Nothing is left to be shipped.")
    return items


def _write_items(shipment: Shipment, lines: list[OrderLine], chosen: dict[UUID, int]) -> None:
    sent = [line for line in lines if line.id in chosen]
    for line in sent:
        line.shipped_quantity += chosen[line.id]
    OrderLine.objects.bulk_update(sent, ["shipped_quantity"])
    ShipmentItem.objects.bulk_create(
        [ShipmentItem(shipment=shipment, line=line, quantity=chosen[line.id]) for line in sent]
    )


def _order_follows(order: Order) -> None:
    """Shipped or delivered once all its parts are."""
    statuses = set(VendorOrder.objects.filter(order=order).values_list("status", flat=True))
    if statuses == {VendorOrder.Status.DELIVERED}:
        order.deliver()
    elif statuses <= {VendorOrder.Status.SHIPPED, VendorOrder.Status.DELIVERED} and order.status == "confirmed":
        order.ship()
    else:
        return
    order.save()


@transaction.atomic
def deliver_shipment(*, shipment_id: UUID, vendor_id: UUID | None) -> Shipment:
    """Raises OrderNotFound for another vendor's shipment, IllegalMove for one delivered before."""
    found = Shipment.objects.filter(id=shipment_id).values_list("vendor_order_id", flat=True).first()
    if found is None:
        raise OrderNotFound()
    part, order = locked_part(found, vendor_id)
    shipment, now = Shipment.objects.select_for_update().get(id=shipment_id), timezone.now()
    shipment.deliver(at=now)
    shipment.save()
    waiting = part.shipments.filter(status=Shipment.Status.SHIPPED).exists()
    if part.status == VendorOrder.Status.SHIPPED and not waiting:
        _deliver(part, order)
    return shipment


def _deliver(part: VendorOrder, order: Order) -> None:
    part.deliver(at=timezone.now())
    part.save(update_fields=["status", "delivered_at"])
    _order_follows(order)
    products = tuple(part.lines.values_list("product_id", flat=True).distinct())
    told = {"vendor_order_id": part.id, "vendor_id": part.vendor_id, "product_ids": products}
    tell(order, VendorOrderDelivered(**about(order), **told, delivered_at=part.delivered_at))
