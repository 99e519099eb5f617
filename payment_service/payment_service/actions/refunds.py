"""Money back: whole or in part, from the vendors' shares that the splits name, never more than was taken."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from payment_service.actions.ledger import Kind, Line, lock_accounts, pending_share, record, tax_on_commission
from payment_service.actions.providers import PROVIDERS
from payment_service.actions.splits import owed_of, part_of
from payment_service.actions.waiting import claim, put_off
from payment_service.clients import Transfer
from payment_service.errors import NothingToRefund, ProviderAway
from payment_service.models import Entry, Payment, Refund
from shared import audit, clock
from shared.context import Context, acting, current, new_id
from shared.contracts.payment import PaymentRefunded, RefundFailed, RefundPayment, Split
from shared.errors import NotFound, Retry
from shared.messages import MoneyData
from shared.money import Money, allocate
from shared.outbox import publish

# ── Somebody asks ────────────────────────────────────────────────────────────────────────────────────────────────────


def refund_payment(message: RefundPayment) -> None:
    """Order asks. Of a vendor order that was refunded in part already, what is left goes back; PaymentRefunded says how
    much: nothing for the buyer of what the platform paid wholly. Nothing left is told as RefundFailed, for an operator
    to look at.
    """
    payment = Payment.objects.select_for_update().filter(id=message.payment_id).first()
    if payment is None:
        raise Retry(f"payment {message.payment_id} is not here yet")
    if Refund.objects.filter(id=message.refund_id).exists():
        return
    if payment.status != Payment.Status.TAKEN or message.amount.currency != payment.currency:
        tell_failure(message.refund_id, payment, "not_taken")
        return
    splits = _at_most_what_is_left(payment, message.splits)
    if any(split.gross > 0 or split.commission < 0 for split in splits):
        _reserve(payment, message.refund_id, splits, message.reason, message.return_id)
    else:
        tell_failure(message.refund_id, payment, "nothing_left")


def _at_most_what_is_left(payment: Payment, wanted: Sequence[Split]) -> list[Split]:
    """Each vendor order gives back at most what it still has; those of which nothing is left, or unknown, go. One that
    the buyer paid nothing for has what the platform paid.
    """
    taken = [Split.model_validate(split) for split in payment.splits]
    left = {split.vendor_order_id: _left_of(payment, split) for split in taken}
    pairs = [(one, left[one.vendor_order_id]) for one in wanted if one.vendor_order_id in left]
    return [_capped(one, rest) for one, rest in pairs if rest.gross > 0 or rest.commission < 0]


def _capped(wanted: Split, left: Split) -> Split:
    """With all of the money goes all of the rest, but for a commission below zero: what the platform paid for things
    that do not come back.
    """
    if wanted.gross > left.gross or (wanted.gross == left.gross and wanted.commission <= left.commission):
        return left
    figures = {name: min(getattr(wanted, name), getattr(left, name)) for name in ("tax", "commission_tax")}
    figures["tax"] = left.tax if wanted.gross == left.gross else figures["tax"]
    return wanted.model_copy(update=figures)


@transaction.atomic
def start_refund(*, payment_id: UUID, amount: Money | None, reason: str) -> Refund:
    """An admin asks; without an amount: all that is left. Raises NotFound, NothingToRefund."""
    payment = Payment.objects.select_for_update().filter(id=payment_id).first()
    if payment is None:
        raise NotFound()
    left = payment.minor - payment.refunded if payment.status == Payment.Status.TAKEN else 0
    wanted = left if amount is None else amount.minor
    if not 0 < wanted <= left or (amount and amount.currency != payment.currency):
        raise NothingToRefund(f"{Money(left, payment.currency)} can be refunded.")
    refund = _reserve(payment, new_id(), _splits_for(payment, wanted), reason, None)
    told = {"refund": refund.id, "order": payment.order_id, "minor": refund.minor, "currency": refund.currency}
    audit.record(action="payment.payment.refund", subject_kind="payment", subject_id=payment_id, **told)
    return refund


def _splits_for(payment: Payment, minor: int) -> tuple[Split, ...]:
    """The amount shared out over the vendor orders by what is left of each, the rest in proportion."""
    left = [_left_of(payment, Split.model_validate(split)) for split in payment.splits]
    gross = allocate(minor, [split.gross for split in left])
    return tuple(part_of(split, part) for split, part in zip(left, gross, strict=True))


def _left_of(payment: Payment, split: Split) -> Split:
    """What of a vendor order's share has not been refunded."""
    gone = [
        Split.model_validate(one)
        for refund in payment.refunds.exclude(status=Refund.Status.FAILED)
        for one in refund.splits
        if one["vendor_order_id"] == str(split.vendor_order_id)
    ]
    names = ("gross", "tax", "commission", "commission_tax")
    figures = {name: getattr(split, name) - sum(getattr(one, name) for one in gone) for name in names}
    return split.model_copy(update=figures)


def _reserve(payment: Payment, refund_id: UUID, splits: Sequence[Split], reason: str, return_id: UUID | None) -> Refund:
    """Of two refunds at once, each sees what the other took: the payment's row is locked. The provider gives back what
    it took before any of it becomes store credit again.
    """
    minor = sum(split.gross for split in splits)
    credit = max(0, minor - payment.provider_left)
    payment.refunded, payment.credit_refunded = payment.refunded + minor, payment.credit_refunded + credit
    payment.save(update_fields=["refunded", "credit_refunded", "updated_at"])
    clock.wake(ask_for_refunds)
    return Refund.objects.create(
        id=refund_id,
        payment=payment,
        minor=minor,
        credit=credit,
        currency=payment.currency,
        splits=[split.model_dump(mode="json") for split in splits],
        return_id=return_id,
        reason=reason[:200],
        due_at=timezone.now(),
        correlation_id=current().correlation_id,
    )


# ── The provider is asked ────────────────────────────────────────────────────────────────────────────────────────────


def ask_for_refunds() -> int:
    """Carry out every refund that is due; answers how many were asked for."""
    asked = 0
    while refund := claim(Refund.objects.all()):
        transfer = _ask(refund)
        if transfer:
            with acting(Context(refund.correlation_id)):
                settle_refund(refund_id=refund.id, transfer=transfer)
        asked += 1
    return asked


def _ask(refund: Refund) -> Transfer | None:
    if not refund.to_send:  # all of it is store credit, or between the platform and its vendors
        return Transfer("", True)
    provider = PROVIDERS[refund.payment.method]
    try:
        return provider.refund(key=refund.id, reference=refund.payment.provider_reference, amount=refund.to_send)
    except ProviderAway as error:
        put_off(refund, error)
        return None


@transaction.atomic
def settle_refund(*, refund_id: UUID, transfer: Transfer) -> None:
    """Make a refund what the provider says it is; the same answer twice changes nothing."""
    payment = Payment.objects.select_for_update().get(refunds=refund_id)
    refund = Refund.objects.select_for_update().get(id=refund_id)
    if refund.status != Refund.Status.PENDING:
        return
    if transfer.waits:
        refund.due_at = None
    elif transfer.done:
        _finish(payment, refund)
    else:
        refund.fail(reason=transfer.reason or "refused")
        Payment.objects.filter(id=payment.id).update(
            refunded=F("refunded") - refund.minor, credit_refunded=F("credit_refunded") - refund.credit
        )
        tell_failure(refund.id, payment, refund.failure)
    refund.save()


def _finish(payment: Payment, refund: Refund) -> None:
    refund.finish(at=timezone.now())
    splits = [Split.model_validate(split) for split in refund.splits]
    _book(refund, splits, buyer=payment.user_id, memo=f"{payment.order_number}: {refund.reason}")
    tell_refunded(refund)


def tell_refunded(refund: Refund) -> None:
    payment, splits = refund.payment, [Split.model_validate(split) for split in refund.splits]
    publish(
        PaymentRefunded(
            refund_id=refund.id,
            payment_id=payment.id,
            order_id=payment.order_id,
            return_id=refund.return_id,
            amount=MoneyData(minor=refund.minor, currency=refund.currency),
            splits=tuple(splits),
            store_credit=refund.credit,
        )
    )


def _book(refund: Refund, splits: Sequence[Split], *, buyer: UUID | None, memo: str) -> None:
    """Each vendor's part comes from what is still pending of its vendor order, and the rest from what is available.

    Where earlier parts gave back a unit too much of the vendor's and too little of the commission, a last one is below
    zero: that goes to what is available, which had paid for it. What is pending only ever falls to nothing.
    """
    to_buyer = [Line(Kind.PROVIDER, -refund.to_send.minor)]
    if refund.credit:
        to_buyer.append(Line(Kind.STORE_CREDIT, -refund.credit, buyer))
    vendors = [Line(Kind.VENDOR_PENDING, 0, split.vendor_id) for split in splits]
    ours = [
        Line(Kind.TAX, 0),
        Line(Kind.COMMISSION, 0),
        *(line for one in splits for line in tax_on_commission(one, 1)),
    ]
    lock_accounts(currency=refund.currency, lines=[*to_buyer, *vendors, *ours])
    lines = [*to_buyer, *(line for split in splits for line in _claw_back(split))]
    record(kind=Entry.Kind.REFUND, reference=refund.id, currency=refund.currency, lines=lines, memo=memo)


def _claw_back(split: Split) -> list[Line]:
    owed = owed_of(split)
    share = pending_share(vendor_id=split.vendor_id, vendor_order_id=split.vendor_order_id)
    pending = max(min(owed, share), 0)
    return [
        Line(Kind.VENDOR_PENDING, pending, split.vendor_id, split.vendor_order_id),
        Line(Kind.VENDOR_AVAILABLE, owed - pending, split.vendor_id, split.vendor_order_id),
        Line(Kind.TAX, split.tax, vendor_order_id=split.vendor_order_id),
        Line(Kind.COMMISSION, split.commission, vendor_order_id=split.vendor_order_id),
        *tax_on_commission(split, split.commission_tax),
    ]


def tell_failure(refund_id: UUID, payment: Payment, reason: str) -> None:
    publish(RefundFailed(refund_id=refund_id, payment_id=payment.id, order_id=payment.order_id, reason=reason))
