"""The end of an order that went well: nothing of it can be returned any more."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from order_service.actions.orders import about, tell
from order_service.errors import IllegalMove, OrderNotFound
from order_service.models import Order, Return
from shared.audit import record
from shared.contracts.order import OrderCompleted


def complete_orders(limit: int = 100) -> int:
    """For the clock: orders whose return window has passed; answers how many. Safe beside another worker."""
    ended = 0
    for order_id in due().order_by("delivered_at").values_list("id", flat=True)[:limit]:
        with transaction.atomic():
            order = due().select_for_update(skip_locked=True).filter(id=order_id).first()
            if order is not None:
                _complete(order, timezone.now())
                ended += 1
    return ended


def due() -> QuerySet[Order]:
    """Without those of which something is still on its way back."""
    returning = Return.objects.filter(status__in=Return.OPEN).values("vendor_order__order_id")
    since = timezone.now() - settings.RETURN_WINDOW
    return Order.objects.filter(status=Order.Status.DELIVERED, delivered_at__lte=since).exclude(id__in=returning)


@transaction.atomic
def complete_order(*, order_id: UUID, reason: str) -> Order:
    """An admin does not wait for the window. Raises OrderNotFound, IllegalMove."""
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        raise OrderNotFound()
    if Return.objects.filter(vendor_order__order=order, status__in=Return.OPEN).exists():
        raise IllegalMove("Something of this order is on its way back.")
    before = order.status
    _complete(order, timezone.now())
    told = {"before": before, "after": order.status, "reason": reason}
    record(action="order.order.complete", subject_kind="order", subject_id=order_id, **told)
    return order


def _complete(order: Order, now: datetime) -> None:
    order.complete(at=now)
    order.save()
    parts = order.vendor_orders.order_by("id").values_list("id", flat=True)
    tell(order, OrderCompleted(**about(order), vendor_order_ids=tuple(parts), completed_at=now))
