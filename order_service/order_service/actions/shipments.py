"""Parcels: packed and sent by a vendor, delivered or lost; the vendor order and the order follow."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from order_service.actions.orders import about, tell
from order_service.actions.parts import follow_lines, locked_lines, locked_part
from order_service.errors import IllegalMove, OrderNotFound
from order_service.models import Order, OrderLine, Shipment, ShipmentItem, VendorOrder
from shared.audit import record
from shared.contracts.order import ShipmentLost, VendorOrderShipped
from shared.errors import Invalid

Quantities = dict[UUID, int]
"""Line id → how many."""


@transaction.atomic
def ship_items(
    *,
    vendor_order_id: UUID,
    vendor_id: UUID | None,
    carrier: str,
    tracking_number: str,
    tracking_url: str = "",
    items: Quantities | None,
) -> Shipment:
    """`items`: None is all that is left. Raises OrderNotFound, IllegalMove, Invalid."""
    part, order = locked_part(vendor_order_id, vendor_id)
    shipment = _pack(part, items)
    _send(shipment, part, order, carrier=carrier, tracking_number=tracking_number, tracking_url=tracking_url)
    return shipment


@transaction.atomic
def pack_items(*, vendor_order_id: UUID, vendor_id: UUID | None, items: Quantities | None) -> Shipment:
    """A parcel that has not been handed over yet. As `ship_items`."""
    part, _order = locked_part(vendor_order_id, vendor_id)
    return _pack(part, items)


def _pack(part: VendorOrder, items: Quantities | None) -> Shipment:
    part.refuse_unless_live()
    lines = locked_lines(part)
    chosen = _chosen(lines, packed_in(part), items)
    shipment = Shipment.objects.create(vendor_order=part, status=Shipment.Status.PACKED)
    ShipmentItem.objects.bulk_create(
        [ShipmentItem(shipment=shipment, line=line, quantity=chosen[line.id]) for line in lines if line.id in chosen]
    )
    return shipment


def packed_in(part: VendorOrder) -> Counter[UUID]:
    """Line id → how many wait in a packed parcel."""
    rows = ShipmentItem.objects.filter(shipment__vendor_order=part, shipment__status=Shipment.Status.PACKED)
    packed: Counter[UUID] = Counter()
    for line_id, quantity in rows.values_list("line_id", "quantity"):
        packed[line_id] += quantity
    return packed


def _chosen(lines: Sequence[OrderLine], packed: Counter[UUID], items: Quantities | None) -> Quantities:
    left = {line.id: line.unsent - packed[line.id] for line in lines}
    if items is None:
        items = {line_id: quantity for line_id, quantity in left.items() if quantity}
    wrong = [str(line_id) for line_id, quantity in items.items() if quantity > left.get(line_id, 0)]
    if wrong:
        raise Invalid({"items": [f"Not (so many) to be shipped: {', '.join(wrong)}."]})
    if not items:
        raise IllegalMove("Nothing is left to be shipped.")
    return items


@transaction.atomic
def send_shipment(
    *, shipment_id: UUID, vendor_id: UUID | None, carrier: str, tracking_number: str, tracking_url: str = ""
) -> Shipment:
    """A packed parcel is handed over. Raises OrderNotFound, IllegalMove."""
    shipment, part, order = _locked_shipment(shipment_id, vendor_id)
    part.refuse_unless_live()
    _send(shipment, part, order, carrier=carrier, tracking_number=tracking_number, tracking_url=tracking_url)
    return shipment


@transaction.atomic
def ship_part(
    *, vendor_order_id: UUID, vendor_id: UUID | None, carrier: str, tracking_number: str, tracking_url: str = ""
) -> VendorOrder:
    """All of it: parcels that are packed are handed over, and what is left in one more. As `ship_items`."""
    part, order = locked_part(vendor_order_id, vendor_id)
    part.refuse_unless_live()
    waiting, packed = sum(line.unsent for line in locked_lines(part)), sum(packed_in(part).values())
    if waiting > packed or not packed:
        _pack(part, None)
    for shipment in _parcels(part, Shipment.Status.PACKED):
        _send(shipment, part, order, carrier=carrier, tracking_number=tracking_number, tracking_url=tracking_url)
    return part


def _parcels(part: VendorOrder, status: str) -> list[Shipment]:
    return list(part.shipments.select_for_update().filter(status=status).order_by("id"))


def _send(
    shipment: Shipment, part: VendorOrder, order: Order, *, carrier: str, tracking_number: str, tracking_url: str
) -> None:
    parcel = {"carrier": carrier, "tracking_number": tracking_number, "tracking_url": tracking_url}
    shipment.send(**parcel, at=timezone.now())
    shipment.save()
    _count(shipment, 1)
    follow_lines(part, order)
    complete = part.status == VendorOrder.Status.SHIPPED
    told = {"vendor_order_id": part.id, "vendor_id": part.vendor_id, "shipment_id": shipment.id, "complete": complete}
    tell(order, VendorOrderShipped(**about(order), **told, **parcel))


def _count(shipment: Shipment, sign: int) -> None:
    """What is in the parcel is on its way, or is not any more."""
    for line_id, quantity in shipment.items.order_by("line_id").values_list("line_id", "quantity"):
        OrderLine.objects.filter(id=line_id).update(shipped_quantity=F("shipped_quantity") + sign * quantity)


@transaction.atomic
def deliver_shipment(*, shipment_id: UUID, vendor_id: UUID | None) -> Shipment:
    """Raises OrderNotFound for another vendor's shipment, IllegalMove for one delivered before."""
    shipment, part, order = _locked_shipment(shipment_id, vendor_id)
    shipment.deliver(at=timezone.now())
    shipment.save()
    follow_lines(part, order)
    return shipment


@transaction.atomic
def deliver_part(*, vendor_order_id: UUID, vendor_id: UUID | None) -> VendorOrder:
    """All that is on its way has arrived. Raises OrderNotFound, IllegalMove."""
    part, order = locked_part(vendor_order_id, vendor_id)
    parcels = _parcels(part, Shipment.Status.SHIPPED)
    if not parcels:
        raise IllegalMove("Nothing of it is on its way.")
    for shipment in parcels:
        shipment.deliver(at=timezone.now())
        shipment.save()
    follow_lines(part, order)
    return part


@transaction.atomic
def lose_shipment(*, shipment_id: UUID, vendor_id: UUID | None) -> Shipment:
    """It never arrived: what was in it is to be sent again, or cancelled. Raises OrderNotFound, IllegalMove."""
    shipment, part, order = _locked_shipment(shipment_id, vendor_id)
    shipment.lose()
    shipment.save()
    _count(shipment, -1)
    follow_lines(part, order)
    told = {"vendor_order_id": part.id, "vendor_id": part.vendor_id, "shipment_id": shipment.id}
    tell(order, ShipmentLost(**about(order), **told, tracking_number=shipment.tracking_number))
    record(action="order.shipment.lose", subject_kind="shipment", subject_id=shipment.id, order=order.id)
    return shipment


def _locked_shipment(shipment_id: UUID, vendor_id: UUID | None) -> tuple[Shipment, VendorOrder, Order]:
    found = Shipment.objects.filter(id=shipment_id).values_list("vendor_order_id", flat=True).first()
    if found is None:
        raise OrderNotFound()
    part, order = locked_part(found, vendor_id)
    return Shipment.objects.select_for_update().get(id=shipment_id), part, order
