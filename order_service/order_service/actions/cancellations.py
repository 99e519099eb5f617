"""What a vendor cannot send: taken off its vendor order before it is sent, given back to the stock and refunded."""

from collections.abc import Sequence

from order_service.actions.giving_back import give_back
from order_service.actions.orders import about, tell
from order_service.actions.parts import follow_lines, locked_lines
from order_service.actions.shipments import Quantities
from order_service.errors import IllegalMove
from order_service.models import Order, OrderLine, Shipment, VendorOrder
from shared.contracts.order import CancelledItem, VendorOrderCancelled
from shared.errors import Invalid


def cancel_lines(part: VendorOrder, order: Order, *, items: Quantities | None, reason: str, restock: bool) -> None:
    """`items`: line → quantity; None: all that has not been sent. Packed parcels are unpacked. The caller holds both
    locks. Raises IllegalMove, Invalid.
    """
    part.refuse_unless_live()
    lines = locked_lines(part)
    gone = _chosen(lines, items)
    part.shipments.filter(status=Shipment.Status.PACKED).delete()
    for line in lines:
        line.cancelled_quantity += gone.get(line.id, 0)
    OrderLine.objects.bulk_update(lines, ["cancelled_quantity"])
    part.cancel_reason = reason
    part.save(update_fields=["cancel_reason"])
    whole = all(line.cancelled_quantity == line.quantity for line in lines)
    _tell(part, order, lines, gone, reason=reason, restock=restock, whole=whole)
    give_back(part, gone, reason=reason, shipping=whole)
    follow_lines(part, order)


def _chosen(lines: Sequence[OrderLine], items: Quantities | None) -> Quantities:
    left = {line.id: line.unsent for line in lines if line.unsent}
    if not left:
        raise IllegalMove("All of it has been sent.")
    if items is None:
        return left
    wrong = [str(line_id) for line_id, quantity in items.items() if quantity > left.get(line_id, 0)]
    if wrong:
        raise Invalid({"items": [f"Not (so many) to be cancelled: {', '.join(wrong)}."]})
    return items


def _tell(
    part: VendorOrder,
    order: Order,
    lines: Sequence[OrderLine],
    gone: Quantities,
    *,
    reason: str,
    restock: bool,
    whole: bool,
) -> None:
    items = tuple(
        CancelledItem(line_id=line.id, variant_id=line.variant_id, quantity=gone[line.id], restock=restock)
        for line in lines
        if line.id in gone
    )
    ids = {"vendor_order_id": part.id, "vendor_id": part.vendor_id}
    tell(order, VendorOrderCancelled(**about(order), **ids, items=items, reason=reason, complete=whole))
