"""Orders as their buyers, vendors and admins may see them; a row of somebody else is absent."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db.models import Count, Prefetch, Q, QuerySet, Sum

from order_service.errors import OrderNotFound
from order_service.models import Customer, Order, OrderLine, Refund, Shipment, ShipmentItem, VendorOrder

LINK_SALT = "order-link"
EXACT = ("status", "email", "number", "currency", "user_id")
SUMMED = ("items_total", "discount_total", "shipping_total", "tax_total", "tax_included", "total")
HIDDEN_FROM_VENDORS = (VendorOrder.Status.PLACED,)


def link_token(order: Order) -> str:
    """What lets a guest read this one order."""
    return signing.Signer(salt=LINK_SALT).sign(str(order.id))


def _opens(token: str, order_id: UUID) -> bool:
    try:
        return signing.Signer(salt=LINK_SALT).unsign(token) == str(order_id)
    except signing.BadSignature:
        return False


def whole(orders: QuerySet[Order] | None = None) -> QuerySet[Order]:
    """Orders (all) with their vendor orders, lines and parcels: five statements, however many."""
    return (Order.objects.all() if orders is None else orders).prefetch_related(
        Prefetch("vendor_orders", VendorOrder.objects.order_by("id")),
        Prefetch("vendor_orders__lines", OrderLine.objects.order_by("id")),
        Prefetch("vendor_orders__shipments", Shipment.objects.order_by("id")),
        Prefetch("vendor_orders__shipments__items", ShipmentItem.objects.order_by("id")),
    )


def checkouts_under_way(payment_method: str) -> int:
    """How many orders wait for a service rather than for their buyer, counted no further than is admitted."""
    waiting = Order.objects.filter(payment_method=payment_method, payment_status="pending", deadline__isnull=False)
    return waiting[: settings.CHECKOUTS_AT_ONCE].count()


def needing_attention(cause: str | None) -> QuerySet[Order]:
    rows = whole().exclude(needs_attention="")
    return rows.filter(attention_cause=cause) if cause else rows


def chosen(wanted: Mapping[str, Any]) -> QuerySet[Order]:
    """Orders that fit what a list is narrowed to; days are of UTC, both included."""
    rows = Order.objects.filter(**{name: wanted[name] for name in EXACT if name in wanted})
    rows = rows.filter(_placed(wanted, "placed_at"))
    if wanted.get("vendor_id"):
        rows = rows.filter(vendor_orders__vendor_id=wanted["vendor_id"])
    return rows.exclude(needs_attention="") if wanted.get("needs_attention") else rows


def chosen_parts(wanted: Mapping[str, Any], vendor_id: UUID | None) -> QuerySet[VendorOrder]:
    """Vendor orders that fit; `vendor_id`: None is everybody's."""
    rows = vendor_orders_of(vendor_id).filter(_placed(wanted, "order__placed_at"))
    rows = rows.filter(order__number=wanted["number"]) if "number" in wanted else rows
    return rows.filter(status=wanted["status"]) if "status" in wanted else rows


def _placed(wanted: Mapping[str, Any], at: str) -> Q:
    """As moments: of a date that is made of each row's an index knows nothing."""
    ends = {f"{at}__gte": (wanted.get("from"), time.min), f"{at}__lte": (wanted.get("to"), time.max)}
    return Q(**{name: datetime.combine(_day(day), end, UTC) for name, (day, end) in ends.items() if day})


def _day(said: date | str) -> date:
    """Text where the choice was kept: exports and operations do."""
    return date.fromisoformat(said) if isinstance(said, str) else said


def totals_of(orders: QuerySet[Order]) -> list[dict[str, Any]]:
    """How many there are, and what they sum to, in each currency by itself."""
    sums = {f"{name}_sum": Sum(name) for name in SUMMED}
    found: QuerySet[Any, Any] = orders.order_by().values("currency").annotate(count=Count("id"), **sums)
    return list(found.order_by("currency"))


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
