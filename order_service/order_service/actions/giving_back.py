"""Money back for goods: for what is cancelled, what came back, and what could not be exchanged."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.db.models import F

from order_service.actions.refunds import ask_refund
from order_service.models import Order, OrderLine, Refund, Return, VendorOrder
from order_service.queries.shares import split_of


def give_back(
    part: VendorOrder,
    quantities: Mapping[UUID, int],
    *,
    reason: str,
    shipping: bool = False,
    return_request: Return | None = None,
) -> Refund | None:
    """For so many of the vendor order's lines; of a replacement, for what it replaced. None where nothing was paid.

    The caller holds the lock of the vendor order's own order.
    """
    if not any(quantities.values()):
        return None
    shipping = shipping and not part.order.is_replacement
    paid_for, counted = _as_paid(part, quantities)
    order = paid_for.order
    split = split_of(paid_for, counted, shipping=shipping)
    for line_id in sorted(counted):
        OrderLine.objects.filter(id=line_id).update(refunded_quantity=F("refunded_quantity") + counted[line_id])
    if shipping:
        VendorOrder.objects.filter(id=paid_for.id).update(shipping_refunded=True)
    return ask_refund(order=order, splits=[split], reason=reason, return_request=return_request)


def _as_paid(part: VendorOrder, quantities: Mapping[UUID, int]) -> tuple[VendorOrder, Counter[UUID]]:
    """The vendor order that was paid for, and how many of its lines: at the start of a chain of exchanges."""
    counted = Counter({line_id: quantity for line_id, quantity in quantities.items() if quantity})
    while part.order.is_replacement:
        lines = OrderLine.objects.filter(id__in=counted, replaces__isnull=False)
        origins = dict(lines.values_list("id", "replaces_id"))
        earlier: Counter[UUID] = Counter()
        for line_id, quantity in counted.items():
            earlier[origins[line_id]] += quantity
        part = VendorOrder.objects.get(lines=next(iter(earlier)))
        counted = earlier
    Order.objects.select_for_update().get(id=part.order_id)
    return VendorOrder.objects.select_related("order").get(id=part.id), counted


def shipping_goes_back(request: Return, received: Mapping[UUID, int]) -> bool:
    """What SHIPPING_REFUND says: never, with all of a vendor order, or where it was the vendor's fault."""
    part = request.vendor_order
    if part.shipping_refunded or settings.SHIPPING_REFUND == "never":
        return False
    if settings.SHIPPING_REFUND == "vendor_fault":
        return request.vendor_fault
    lines = part.lines.all()
    return all(line.refunded_quantity + received.get(line.id, 0) == line.quantity for line in lines)
