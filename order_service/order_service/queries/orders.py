"""Orders as their buyers, vendors and admins may see them; a row of somebody else is absent."""

from uuid import UUID

from django.core import signing
from django.db.models import Prefetch, Q, QuerySet

from order_service.errors import OrderNotFound
from order_service.models import Customer, Order, OrderLine, Refund, Shipment, ShipmentItem, VendorOrder

LINK_SALT = "order-link"
HIDDEN_FROM_VENDORS = (VendorOrder.Status.PLACED,)


def link_token(order: Order) -> str:
    """What lets a guest read this one order."""
    return signing.Signer(salt=LINK_SALT).sign(str(order.id))


def _opens(token: str, order_id: UUID) -> bool:
    try:
        return signing.Signer(salt=LINK_SALT).unsign(token) == str(order_id)
    except signing.BadSignature:
        return False


def whole() -> QuerySet[Order]:
    """Orders with their vendor orders, lines and parcels: five statements, however many."""
    return Order.objects.prefetch_related(
        Prefetch("vendor_orders", VendorOrder.objects.order_by("id")),
        Prefetch("vendor_orders__lines", OrderLine.objects.order_by("id")),
        Prefetch("vendor_orders__shipments", Shipment.objects.order_by("id")),
        Prefetch("vendor_orders__shipments__items", ShipmentItem.objects.order_by("id")),
    )


def needing_attention(cause: str | None) -> QuerySet[Order]:
    rows = whole().exclude(needs_attention="")
    return rows.filter(attention_cause=cause) if cause else rows


def history_of(user_id: UUID) -> QuerySet[Order]:
    return whole().filter(user_id=user_id)


def order_for(
    order_id: UUID,
    *,
    user_id: UUID | None,
    is_admin: bool = False,
    token: str | None = None,
    cart_token: str | None = None,
) -> Order:
    """`token`: a link's; `cart_token`: of the guest's cart that was ordered. Raises OrderNotFound also for what is
    somebody else's.
    """
    found = whole().filter(id=order_id)
    if not (is_admin or (token and _opens(token, order_id))):
        mine = Q(user_id=user_id) if user_id else Q(pk__in=[])
        found = found.filter(mine | Q(guest_digest=Order.digest_of(cart_token)) if cart_token else mine)
    order = found.first()
    if order is None:
        raise OrderNotFound()
    return order


def vendor_orders_of(vendor_id: UUID | None) -> QuerySet[VendorOrder]:
    """A vendor's own, from confirmed on; None: everybody's, for admins."""
    rows = VendorOrder.objects.select_related("order").prefetch_related("lines", "shipments__items")
    rows = rows.exclude(status__in=HIDDEN_FROM_VENDORS).exclude(order__confirmed_at=None)
    return rows if vendor_id is None else rows.filter(vendor_id=vendor_id)


def vendor_order_for(vendor_order_id: UUID, *, vendor_id: UUID | None) -> VendorOrder:
    row = vendor_orders_of(vendor_id).filter(id=vendor_order_id).first()
    if row is None:
        raise OrderNotFound()
    return row


def refunds_of(order: Order) -> QuerySet[Refund]:
    return order.refunds.order_by("id")


def contact_of(user_id: UUID) -> tuple[str, str]:
    """(e-mail, locale) of a signed-in buyer; empty while user_service's word about the account is under way."""
    row = Customer.objects.filter(user_id=user_id).first()
    return (row.email, row.locale) if row else ("", "en")
