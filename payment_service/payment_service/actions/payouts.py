"""Vendors' money: released some time after delivery, paid out when they ask for it (or by a run: payout_runs.py)."""

import logging
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from payment_service.actions.ledger import Kind, Line, lock_accounts, pending_share, record
from payment_service.actions.providers import PROVIDERS
from payment_service.actions.waiting import LONGEST_WAIT, claim, put_off
from payment_service.clients import Transfer
from payment_service.errors import IllegalMove, NeedsAnotherAdmin, ProviderAway
from payment_service.models import Entry, Payment, Payout, PayoutAccount, Release, Vendor
from payment_service.models.payouts import OPEN
from shared import audit, clock
from shared.context import Context, acting, current
from shared.contracts.order import OrderCompleted, VendorOrderDelivered
from shared.contracts.payment import PayOut, PayoutPaid, PayoutRefused
from shared.errors import NotFound, Retry
from shared.messages import MoneyData
from shared.outbox import publish

log = logging.getLogger("nexus.payments")


# ── Pending becomes available ────────────────────────────────────────────────────────────────────────────────────────


def plan_release(message: VendorOrderDelivered) -> None:
    """From delivery on the time to return runs; after it the vendor's share is the vendor's. Of what was sent in
    exchange, there is none.
    """
    if not message.charged:
        return
    Release.objects.get_or_create(
        vendor_order_id=message.vendor_order_id,
        defaults={
            "vendor_id": message.vendor_id,
            "order_id": message.order_id,
            "due_at": message.delivered_at + settings.PAYOUT_HOLD,
        },
    )
    clock.wake(release_due)


def release_completed(message: OrderCompleted) -> None:
    """Nothing can be returned any more: what is still held back is the vendors' now."""
    waiting = Release.objects.filter(vendor_order_id__in=message.vendor_order_ids, released_at__isnull=True)
    if waiting.filter(due_at__gt=message.completed_at).update(due_at=message.completed_at):
        clock.wake(release_due)


def release_due(limit: int = 100) -> int:
    """Make due shares available; answers how many."""
    due = Release.objects.filter(released_at__isnull=True, due_at__lte=timezone.now()).order_by("due_at")
    keys = list(due.values_list("vendor_order_id", flat=True)[:limit])
    return sum(_release_or_wait(key) for key in keys)


def _release_or_wait(vendor_order_id: UUID) -> bool:
    """A share whose payment is not here yet keeps nobody else's waiting."""
    try:
        return release_share(vendor_order_id=vendor_order_id)
    except Retry as error:
        log.warning("a release waits: %s", error)
        later = timezone.now() + LONGEST_WAIT
        Release.objects.filter(vendor_order_id=vendor_order_id, released_at__isnull=True).update(due_at=later)
        return False


@transaction.atomic
def release_share(*, vendor_order_id: UUID) -> bool:
    """Move what is left of one vendor order's pending share; False when another worker has it."""
    rows = Release.objects.select_for_update(skip_locked=True).filter(released_at__isnull=True)
    release = rows.filter(vendor_order_id=vendor_order_id).first()
    if release is None:
        return False
    currency = _currency_of(release)
    lock_accounts(currency=currency, lines=[Line(Kind.VENDOR_PENDING, 0, release.vendor_id)])
    left = pending_share(vendor_id=release.vendor_id, vendor_order_id=vendor_order_id)
    lines = [
        Line(Kind.VENDOR_PENDING, left, release.vendor_id, vendor_order_id),
        Line(Kind.VENDOR_AVAILABLE, -left, release.vendor_id, vendor_order_id),
    ]
    if left > 0:
        record(kind=Entry.Kind.RELEASE, reference=vendor_order_id, currency=currency, lines=lines)
    release.released_at = timezone.now()
    release.save(update_fields=["released_at"])
    return True


def _currency_of(release: Release) -> str:
    payment = Payment.objects.filter(order_id=release.order_id).first()
    if payment is None:
        raise Retry(f"the payment of order {release.order_id} is not here yet")
    return payment.currency


# ── A vendor asks for its money ──────────────────────────────────────────────────────────────────────────────────────


def pay_out(message: PayOut) -> None:
    """Take the sum out of the available balance, then let the clock ask the provider, at once or once an admin has
    approved; or refuse.
    """
    if Payout.objects.filter(id=message.payout_id).exists():
        return
    available = lock_available(vendor_id=message.vendor_id, currency=message.amount.currency)
    payout = _new_payout(message)
    if not settings.PAYOUT_PROVIDER:
        _refuse(payout, "payouts_are_off")
    elif reason := why_not(vendor_id=payout.vendor_id, currency=payout.currency):
        _refuse(payout, reason)
    elif not 0 < payout.minor <= available:
        _refuse(payout, "insufficient_balance")
    else:
        if payout.minor > settings.PAYOUT_APPROVAL_OVER.get(payout.currency, payout.minor):
            payout.wait_for_approval()
        set_aside(payout)


def lock_available(*, vendor_id: UUID, currency: str) -> int:
    """What the vendor may be paid, in minor units, until the transaction ends; of two payouts the second waits here."""
    lines = [Line(Kind.VENDOR_AVAILABLE, 0, vendor_id), Line(Kind.IN_TRANSIT, 0)]
    return -lock_accounts(currency=currency, lines=lines)[Kind.VENDOR_AVAILABLE, vendor_id].balance


def why_not(*, vendor_id: UUID, currency: str) -> str:
    """Why the vendor is not paid now, whatever it has; empty if it may be. Its accounts are locked by the caller."""
    if Payout.objects.filter(vendor_id=vendor_id, currency=currency, status__in=OPEN).exists():
        return "payout_pending"
    return hold_reason(vendor_id)


def hold_reason(vendor_id: UUID) -> str:
    """What of the vendor itself keeps its money back; empty: nothing."""
    if Vendor.objects.filter(id=vendor_id, status=Vendor.Status.SUSPENDED).exists():
        return "vendor_suspended"
    new = PayoutAccount.objects.filter(vendor_id=vendor_id, usable_from__gt=timezone.now()).exists()
    return "payout_account_new" if new else ""


def set_aside(payout: Payout) -> None:
    """Store it, and take its sum out of the available balance."""
    payout.save()
    lines = [Line(Kind.VENDOR_AVAILABLE, payout.minor, payout.vendor_id), Line(Kind.IN_TRANSIT, -payout.minor)]
    record(kind=Entry.Kind.PAYOUT, reference=payout.id, currency=payout.currency, lines=lines)
    clock.wake(ask_for_payouts)


def _new_payout(message: PayOut) -> Payout:
    return Payout(
        id=message.payout_id,
        vendor_id=message.vendor_id,
        minor=message.amount.minor,
        currency=message.amount.currency,
        member_id=message.member_id,
        due_at=timezone.now(),
        correlation_id=current().correlation_id,
    )


# ── An admin decides ─────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def approve_payout(*, payout_id: UUID, by: UUID) -> Payout:
    """Not by who asked for it or the vendor's own owner, and not while the vendor's money is kept back, as it may be
    since it asked.

    Raises NotFound, IllegalMove, NeedsAnotherAdmin.
    """
    payout = locked_payout(payout_id)
    if reason := hold_reason(payout.vendor_id):
        raise IllegalMove(f"Not now: {reason}.")
    payout.approve(by=by, at=timezone.now())
    if by == payout.member_id or Vendor.objects.filter(id=payout.vendor_id, owner_id=by).exists():
        raise NeedsAnotherAdmin()
    payout.save()
    audit_payout("approve", payout)
    clock.wake(ask_for_payouts)
    return payout


@transaction.atomic
def reject_payout(*, payout_id: UUID, reason: str) -> Payout:
    """One that waits for approval; its sum is available again. Raises NotFound, IllegalMove."""
    payout = locked_payout(payout_id)
    if payout.status != Payout.Status.AWAITING_APPROVAL:
        raise IllegalMove(f"A payout that is {payout.status} waits for nobody.")
    _give_back(payout, "rejected")
    audit_payout("reject", payout, reason=reason)
    return payout


def locked_payout(payout_id: UUID) -> Payout:
    """Until the transaction ends. Raises NotFound."""
    payout = Payout.objects.select_for_update().filter(id=payout_id).first()
    if payout is None:
        raise NotFound()
    return payout


def audit_payout(verb: str, payout: Payout, **detail: object) -> None:
    told = {"vendor": payout.vendor_id, "minor": payout.minor, "currency": payout.currency, **detail}
    audit.record(action=f"payment.payout.{verb}", subject_kind="payout", subject_id=payout.id, **told)


# ── The provider is asked ────────────────────────────────────────────────────────────────────────────────────────────


def ask_for_payouts() -> int:
    """Carry out every payout that is due; answers how many were asked for. With nobody to carry them out they wait."""
    asked = 0
    while settings.PAYOUT_PROVIDER and (payout := claim(Payout.objects.all())):
        transfer = _ask(payout)
        if transfer:
            with acting(Context(payout.correlation_id)):
                settle_payout(payout_id=payout.id, transfer=transfer)
        asked += 1
    return asked


def _ask(payout: Payout) -> Transfer | None:
    provider = PROVIDERS[settings.PAYOUT_PROVIDER]
    try:
        return provider.pay_out(key=payout.id, vendor_id=payout.vendor_id, amount=payout.amount)
    except ProviderAway as error:
        put_off(payout, error)
        return None


@transaction.atomic
def settle_payout(*, payout_id: UUID, transfer: Transfer) -> None:
    """Make a payout what the provider says it is; the same answer twice changes nothing."""
    payout = Payout.objects.select_for_update().get(id=payout_id)
    if payout.status != Payout.Status.PENDING:
        return
    if transfer.waits:
        payout.send_by_hand()
        payout.save()
    elif transfer.done:
        book_paid(payout, transfer.reference)
    else:
        _give_back(payout, transfer.reason or "refused")


def _give_back(payout: Payout, reason: str) -> None:
    lines = [Line(Kind.IN_TRANSIT, payout.minor), Line(Kind.VENDOR_AVAILABLE, -payout.minor, payout.vendor_id)]
    record(kind=Entry.Kind.PAYOUT_RETURNED, reference=payout.id, currency=payout.currency, lines=lines)
    _refuse(payout, reason)


def book_paid(payout: Payout, reference: str) -> None:
    lines = [Line(Kind.IN_TRANSIT, payout.minor), Line(Kind.PROVIDER, -payout.minor)]
    record(kind=Entry.Kind.PAYOUT_PAID, reference=payout.id, currency=payout.currency, lines=lines)
    now = timezone.now()
    payout.pay(at=now, reference=reference)
    payout.save()
    amount = MoneyData(minor=payout.minor, currency=payout.currency)
    publish(PayoutPaid(payout_id=payout.id, vendor_id=payout.vendor_id, amount=amount, paid_at=now))


def _refuse(payout: Payout, reason: str) -> None:
    payout.refuse(reason=reason)
    payout.save()
    publish(PayoutRefused(payout_id=payout.id, vendor_id=payout.vendor_id, reason=payout.reason))
