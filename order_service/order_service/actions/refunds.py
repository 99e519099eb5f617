"""Refunds: asked of the payment service, answered by it, and recorded here."""

from uuid import UUID

from django.db import transaction

from order_service.actions.orders import about, money, tell
from order_service.errors import OrderNotFound
from order_service.models import Order, Refund, Return
from shared.audit import record
from shared.contracts.order import OrderRefunded
from shared.contracts.payment import PaymentRefunded, RefundFailed, RefundPayment, Split
from shared.errors import Retry


@transaction.atomic
def ask_refund(
    *, order: Order, splits: tuple[Split, ...], reason: str, return_request: Return | None = None
) -> Refund | None:
    """Ask for the sum of the splits; None when that is nothing."""
    amount = sum(split.gross for split in splits)
    if amount == 0:
        return None
    refund = Refund.objects.create(order=order, return_request=return_request, amount=amount, reason=reason)
    tell(
        order,
        RefundPayment(
            refund_id=refund.id,
            payment_id=order.payment_id,
            order_id=order.id,
            return_id=return_request.id if return_request else None,
            reason=reason,
            amount=money(order, amount),
            splits=splits,
        ),
    )
    return refund


def record_refund(message: PaymentRefunded) -> None:
    """Also one that an admin started at the payment service."""
    order = _locked(message.order_id)
    refund, _made = Refund.objects.get_or_create(
        id=message.refund_id,
        defaults={"order": order, "amount": message.amount.minor, "reason": "refunded by an admin"},
    )
    refund.status, refund.amount = Refund.Status.DONE, message.amount.minor
    refund.save(update_fields=["status", "amount"])
    if refund.return_request is not None:
        refund.return_request.refund()
        refund.return_request.save()
    done = sum(order.refunds.filter(status=Refund.Status.DONE).values_list("amount", flat=True))
    order.payment_status = "refunded" if done >= order.total else "partially_refunded"
    order.save(update_fields=["payment_status", "updated_at"])
    told = {"refund_id": refund.id, "amount": message.amount, "return_id": refund.return_request_id}
    tell(order, OrderRefunded(**about(order), **told))


def record_failed_refund(message: RefundFailed) -> None:
    """Nobody's money may be forgotten: an operator has to look."""
    order = _locked(message.order_id)
    Refund.objects.filter(id=message.refund_id).update(status=Refund.Status.FAILED)
    order.needs_attention = f"refund {message.refund_id} failed: {message.reason}"[:200]
    order.save(update_fields=["needs_attention", "updated_at"])


@transaction.atomic
def settle_attention(*, order_id: UUID) -> Order:
    """Whoever had to look at this order has done so. Raises OrderNotFound, IllegalMove."""
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        raise OrderNotFound
    about = order.needs_attention
    order.settle()
    order.save(update_fields=["needs_attention", "updated_at"])
    record(action="order.order.settle", subject_kind="order", subject_id=order_id, about=about)
    return order


def _locked(order_id: UUID) -> Order:
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        raise Retry(f"order {order_id} is not here yet")
    return order
