"""Refunds: asked of the payment service, answered by it, and recorded here."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from order_service.actions.attention import Cause, call_for_attention
from order_service.actions.orders import about, money, tell
from order_service.errors import IllegalMove, OrderNotFound
from order_service.models import Order, Refund, Return
from order_service.queries.shares import left_of
from shared.audit import record
from shared.contracts.order import OrderRefunded
from shared.contracts.payment import PaymentRefunded, RefundFailed, RefundPayment, Split
from shared.errors import Invalid, Retry
from shared.money import Money, allocate

ALL_BACK, SOME_BACK = GIVEN_BACK = ("refunded", "partially_refunded")
"""An order's `payment_status` once a refund was made."""


@transaction.atomic
def ask_refund(
    *, order: Order, splits: Sequence[Split], reason: str, return_request: Return | None = None
) -> Refund | None:
    """Ask for the sum of the splits; None when nothing of it was paid, by the buyer or, as a commission below zero, by
    the platform.
    """
    if not any(split.gross > 0 or split.commission < 0 for split in splits):
        return None
    refund = Refund.objects.create(
        order=order,
        return_request=return_request,
        amount=sum(split.gross for split in splits),
        splits=[split.model_dump(mode="json") for split in splits],
        reason=reason[:200],
    )
    ask(refund)
    return refund


def ask(refund: Refund) -> None:
    """Of payment, which answers an id once."""
    order = refund.order
    tell(
        order,
        RefundPayment(
            refund_id=refund.id,
            payment_id=order.payment_id,
            order_id=order.id,
            return_id=refund.return_request_id,
            reason=refund.reason,
            amount=money(order, refund.amount),
            splits=tuple(Split.model_validate(split) for split in refund.splits),
        ),
    )


@transaction.atomic
def refund_part(*, order_id: UUID, amount: Money, reason: str, vendor_order_id: UUID | None = None) -> Refund:
    """An admin gives some of it back; without a vendor order: of all, by what is left of each.

    Raises OrderNotFound, IllegalMove, Invalid.
    """
    order = _found(order_id)
    if order.confirmed_at is None or order.is_replacement:
        raise IllegalMove("Nothing was paid for this order.")
    left = [one for one in left_of(order) if vendor_order_id in (None, one.vendor_order_id)]
    if not left:
        raise Invalid({"vendor_order_id": ["Not in this order."]})
    most = sum(split.gross for split in left)
    if amount.currency != order.currency or not 0 < amount.minor <= most:
        raise Invalid({"amount": [f"At most {order.money(most)} can be refunded, and something."]})
    shares = allocate(amount.minor, [split.gross for split in left])
    splits = [_portion(split, gross) for split, gross in zip(left, shares, strict=True) if gross]
    refund = ask_refund(order=order, splits=splits, reason=reason)
    assert refund is not None
    told = {"refund": refund.id, "minor": amount.minor, "currency": amount.currency, "reason": reason}
    record(action="order.order.refund", subject_kind="order", subject_id=order_id, **told)
    return refund


def _portion(split: Split, gross: int) -> Split:
    """A part of what is left, of which taxes and commission are parts alike."""
    if split.commission < 0:  # the platform paid more of the discounts than it earned: so it gets its part of that back
        tax, net = allocate(gross, [split.tax, split.gross - split.tax])
        whole = split.gross - split.tax or 1
        commission, commission_tax = -(net * -split.commission // whole), net * split.commission_tax // whole
    else:
        taken = [split.tax, split.commission, split.commission_tax]
        tax, commission, commission_tax, _owed = allocate(gross, [*taken, max(split.gross - sum(taken), 0)])
    figures = {"gross": gross, "tax": tax, "commission": commission, "commission_tax": commission_tax}
    return split.model_copy(update=figures)


# ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def record_refund(message: PaymentRefunded) -> None:
    """Also one that an admin started at the payment service."""
    order = _locked(message.order_id)
    refund, _made = Refund.objects.get_or_create(
        id=message.refund_id,
        defaults={"order": order, "amount": message.amount.minor, "reason": "refunded by an admin"},
    )
    refund.status, refund.amount = Refund.Status.DONE, message.amount.minor
    refund.done_at = refund.done_at or timezone.now()  # a refund told of twice stays on its day
    refund.splits = [split.model_dump(mode="json") for split in message.splits] or refund.splits
    refund.save(update_fields=["status", "amount", "done_at", "splits"])
    if refund.return_request is not None:
        close_return(refund.return_request)
    order.payment_status = ALL_BACK if _is_all_back(order) else SOME_BACK
    order.save(update_fields=["payment_status", "updated_at"])
    told = {"refund_id": refund.id, "amount": message.amount, "return_id": refund.return_request_id}
    tell(order, OrderRefunded(**about(order), **told, refunded_at=refund.done_at))


def _is_all_back(order: Order) -> bool:
    if order.total == 0:  # the platform paid it all
        return not any(split.commission < 0 for split in left_of(order))
    done = sum(order.refunds.filter(status=Refund.Status.DONE).values_list("amount", flat=True))
    return done >= order.total


def close_return(request: Return) -> None:
    """Once all of it is here, and every refund and replacement of it has been seen to."""
    if request.status not in {Return.Status.RECEIVED, Return.Status.EXCHANGED}:
        return
    if request.refunds.filter(status__in=[Refund.Status.ASKED, Refund.Status.FAILED]).exists():
        return
    placed, kept = _replacements(request)
    if placed:
        return
    if not kept:
        request.refund()
    elif request.status == Return.Status.RECEIVED:
        request.exchange()
    request.save(update_fields=["status", "updated_at"])


def _replacements(request: Return) -> tuple[bool, bool]:
    """Does one wait for its stock? Is one sent, or to be sent?"""
    statuses = set(request.exchanges.values_list("order__status", flat=True))
    return Order.Status.PLACED in statuses, bool(statuses - {Order.Status.CANCELLED})


def record_failed_refund(message: RefundFailed) -> None:
    """Nobody's money may be forgotten: an operator has to look. Once: what was seen to is not called for again."""
    order = _locked(message.order_id)
    refund = Refund.objects.filter(id=message.refund_id)
    failed = refund.filter(status=Refund.Status.ASKED)
    if not failed.update(status=Refund.Status.FAILED, failure=message.reason[:200]) and refund.exists():
        return
    call_for_attention(order, Cause.REFUND_FAILED, f"refund {message.refund_id} failed: {message.reason}")


# ── What an operator does about it ───────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def retry_refunds(*, order_id: UUID) -> Order:
    """Ask anew for what failed, under new ids: the payment service answers an id once. Raises OrderNotFound,
    IllegalMove.
    """
    order = _found(order_id)
    failed = list(order.refunds.select_for_update().filter(status=Refund.Status.FAILED).order_by("id"))
    if not failed:
        raise IllegalMove("No refund of this order has failed.")
    for refund in failed:
        refund.status = Refund.Status.RETRIED
        refund.save(update_fields=["status"])
        splits = [Split.model_validate(split) for split in refund.splits]
        ask_refund(order=order, splits=splits, reason=refund.reason, return_request=refund.return_request)
    told = {"refunds": len(failed), "about": order.attention_cause}
    if order.needs_attention:
        order.settle()
        order.save(update_fields=["needs_attention", "attention_cause", "attention_since", "updated_at"])
    record(action="order.order.retry", subject_kind="order", subject_id=order_id, **told)
    return order


@transaction.atomic
def settle_attention(*, order_id: UUID, reason: str = "") -> Order:
    """Whoever had to look at this order has done so, and has seen to failed refunds otherwise. Raises OrderNotFound,
    IllegalMove.
    """
    order = _found(order_id)
    told = {"about": order.needs_attention, "cause": order.attention_cause, "reason": reason}
    order.settle()
    order.save(update_fields=["needs_attention", "attention_cause", "attention_since", "updated_at"])
    for refund in order.refunds.filter(status=Refund.Status.FAILED).select_related("return_request"):
        refund.status = Refund.Status.SETTLED
        refund.save(update_fields=["status"])
        if refund.return_request is not None:
            close_return(refund.return_request)
    record(action="order.order.settle", subject_kind="order", subject_id=order_id, **told)
    return order


def _found(order_id: UUID) -> Order:
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        raise OrderNotFound
    return order


def _locked(order_id: UUID) -> Order:
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        raise Retry(f"order {order_id} is not here yet")
    return order
