"""A payment's life. The provider is asked from a stored row, outside every transaction, with the payment's id as key;
what it answers is settled in a transaction of its own, whoever brings the answer first: the call or a webhook.

    TakePayment ─▶ pending ──▶ taken             PaymentTaken
                     │  └────▶ declined          PaymentDeclined
                     ▼            ▲ │
              action_required ────┘ └──▶ taken   (money that arrives late is told, and order sends it back)
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from payment_service.actions.ledger import Kind, Line, record, tax_on_commission
from payment_service.actions.misfits import send_back
from payment_service.actions.providers import PROVIDERS, currencies_of
from payment_service.actions.splits import owed_of, part_of
from payment_service.actions.store_credit import give_credit_back, hold_credit
from payment_service.actions.waiting import LEASE, wait_before
from payment_service.clients import Charge, ChargeRequest
from payment_service.errors import ProviderAway
from payment_service.models import Cancellation, Entry, Payment
from shared import clock
from shared.context import Context, acting, current
from shared.contracts.payment import (
    CancelPayment,
    NextAction,
    PaymentActionRequired,
    PaymentDeclined,
    PaymentTaken,
    Split,
    TakePayment,
)
from shared.due import take
from shared.messages import MoneyData
from shared.money import allocate
from shared.outbox import gathered, publish

log = logging.getLogger("nexus.payments")


# ── Order asks ───────────────────────────────────────────────────────────────────────────────────────────────────────


def take_payment(message: TakePayment) -> None:
    """Store what is to be taken; the clock asks the provider right after the commit."""
    _one_at_a_time(message.payment_id)
    payment, new = Payment.objects.get_or_create(id=message.payment_id, defaults=_fields(message))
    if not new:
        return
    if Cancellation.objects.filter(payment_id=payment.id).exists():
        _decline(payment, "cancelled")
    elif not (currencies := currencies_of(payment.method)):
        _decline(payment, "unknown_method")
    elif payment.minor == 0:
        _take(payment)
    elif payment.currency not in currencies:
        _decline(payment, "currency_not_taken")
    else:
        _use_credit(payment, message)
    payment.save()
    clock.wake(ask_providers)


def _use_credit(payment: Payment, message: TakePayment) -> None:
    """Set aside before the provider is asked for the rest: what is held cannot be spent twice."""
    wanted = min(message.store_credit, payment.minor)
    held = hold_credit(payment, minor=wanted, exact=message.store_credit_exact)
    if held is None:
        _decline(payment, "insufficient_store_credit")
    else:
        payment.credit = held


def _fields(message: TakePayment) -> dict[str, object]:
    return {
        "order_id": message.order_id,
        "order_number": message.order_number,
        "user_id": message.user_id,
        "minor": message.amount.minor,
        "currency": message.amount.currency,
        "method": message.method,
        "token": message.token,
        "splits": [split.model_dump(mode="json") for split in message.splits],
        "expires_at": message.expires_at,
        "due_at": timezone.now(),
        "correlation_id": current().correlation_id,
    }


def cancel_payment(message: CancelPayment) -> None:
    """Remember the wish, and let the provider stop what it has begun. It may say that the money was taken already."""
    _one_at_a_time(message.payment_id)
    Cancellation.objects.get_or_create(payment_id=message.payment_id, defaults={"order_id": message.order_id})
    payment = Payment.objects.select_for_update().filter(id=message.payment_id).first()
    if payment and payment.is_open:
        payment.cancel_reason, payment.due_at = "cancelled", timezone.now()
        payment.save(update_fields=["cancel_reason", "due_at", "updated_at"])
        clock.wake(ask_providers)


def _one_at_a_time(payment_id: UUID) -> None:
    """TakePayment and CancelPayment may be handled by two workers at once, and neither sees the other's new row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [payment_id.int & (2**63 - 1)])


# ── The provider is asked ────────────────────────────────────────────────────────────────────────────────────────────


def ask_providers() -> int:
    """Ask about every payment that is due, a few at a time; answers how many. Safe beside another worker."""
    asked, at_once = 0, settings.PROVIDER_PARALLEL_CALLS
    while payments := _claim(at_once):
        for payment, charge in _answers(payments):
            with acting(Context(payment.correlation_id)):
                settle(payment_id=payment.id, charge=charge)
        asked += len(payments)
        if len(payments) < at_once:  # whoever came since has rung the bell
            break
    return asked


def _claim(limit: int) -> list[Payment]:
    """Those that are due, leased. Whose time to pay is over is to be stopped."""
    taken = take(Payment.objects.all(), limit=limit, lease=LEASE, grows=1)
    late = [payment for payment in taken if payment.expires_at <= timezone.now() and not payment.cancel_reason]
    for payment in late:
        unsaid = Payment.objects.filter(id=payment.id, status=payment.status, cancel_reason="")
        if payment.is_open and unsaid.update(cancel_reason="expired"):
            payment.cancel_reason = "expired"
    return taken


def _answers(payments: Sequence[Payment]) -> Iterator[tuple[Payment, Charge | None]]:
    """Each provider's answer as it comes; None where there was none."""
    with ThreadPoolExecutor(max_workers=len(payments)) as pool:
        calls = {pool.submit(_ask_in_thread, payment): payment for payment in payments}
        for call in as_completed(calls):
            yield calls[call], call.result()


def _ask_in_thread(payment: Payment) -> Charge | None:
    """Most providers are asked by HTTP alone; crypto keeps books, and a thread that ends leaves no connection open.
    Whatever breaks here is tried again later, and takes nobody else's answer away.
    """
    try:
        return _ask(payment)
    except Exception:
        log.exception("payment %s waits: asking about it broke", payment.id)
        return None
    finally:
        connection.close()


def _ask(payment: Payment) -> Charge | None:
    if not payment.to_charge:  # store credit covers it
        return Charge("", "cancelled" if payment.cancel_reason else "succeeded")
    provider = PROVIDERS[payment.method]
    request = ChargeRequest(payment.id, payment.to_charge, payment.token, payment.order_number, payment.expires_at)
    try:
        if payment.cancel_reason:
            return provider.cancel(request, payment.provider_reference)
        if payment.provider_reference:
            return provider.look_up(payment.provider_reference)
        return provider.charge(request)
    except ProviderAway as error:
        log.warning("payment %s waits: %s", payment.id, error)
        return None


# ── An answer is settled ─────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def settle(*, payment_id: UUID, charge: Charge | None) -> Payment:
    """Make a payment what the provider says it is; the same answer twice changes nothing."""
    payment = Payment.objects.select_for_update().get(id=payment_id)
    if charge is None:
        payment.due_at = timezone.now() + wait_before(payment.attempts) if payment.is_open else None
    else:
        payment.provider_reference = charge.reference
        payment.listed_as = charge.listed_as or payment.listed_as
        with gathered():
            _SETTLE[charge.status](payment, charge)
    payment.save()
    return payment


def _succeeded(payment: Payment, charge: Charge) -> None:
    """Money that is not what was asked for never becomes the payment: it goes back as it came."""
    if payment.status == Payment.Status.TAKEN:
        return
    if charge.taken in (None, payment.to_charge):
        _take(payment)
        return
    send_back(payment, charge)
    if payment.is_open:
        _decline(payment, "wrong_amount")


def _refused(payment: Payment, charge: Charge) -> None:
    if payment.is_open:
        _decline(payment, payment.cancel_reason or charge.reason or "declined")


def _asks_the_buyer(payment: Payment, charge: Charge) -> None:
    """Again, where what is to be done has become less."""
    action = NextAction(kind="redirect", url=charge.url, expires_at=payment.expires_at, crypto=charge.crypto)
    wanted = action.model_dump(mode="json")
    news = charge.crypto and payment.status == Payment.Status.ACTION_REQUIRED and payment.next_action != wanted
    if payment.status == Payment.Status.PENDING or news:
        payment.await_buyer(action=wanted)
        publish(PaymentActionRequired(payment_id=payment.id, order_id=payment.order_id, next_action=action))
    _look_again(payment, timedelta(seconds=60))


def _undecided(payment: Payment, charge: Charge) -> None:
    _look_again(payment, wait_before(payment.attempts))


def _look_again(payment: Payment, wait: timedelta) -> None:
    """In case the webhook is lost; sooner when the time to pay ends before, or order wants to stop."""
    now = timezone.now()
    soon = now + timedelta(seconds=1)
    at = soon if payment.cancel_reason else min(now + wait, max(payment.expires_at, soon))
    payment.due_at = at if payment.is_open else None


_SETTLE: dict[str, Callable[[Payment, Charge], None]] = {
    "succeeded": _succeeded,
    "declined": _refused,
    "cancelled": _refused,
    "requires_action": _asks_the_buyer,
    "pending": _undecided,
}


def _take(payment: Payment) -> None:
    """The buyer's money comes in, and is whose it is: vendors', the state's, ours."""
    now = timezone.now()
    if payment.status == Payment.Status.DECLINED:
        _only_what_came(payment)
    payment.take(at=now)
    splits = [Split.model_validate(split) for split in payment.splits]
    paid = [Line(Kind.PROVIDER, payment.to_charge.minor)]
    if payment.credit:
        paid.append(Line(Kind.STORE_CREDIT_HELD, payment.credit, payment.user_id))
    lines = [*paid, *(line for split in splits for line in _shares(split))]
    if any(line.minor for line in lines):  # the platform pays what the buyer does not
        record(
            kind=Entry.Kind.PAYMENT,
            reference=payment.id,
            currency=payment.currency,
            lines=lines,
            memo=payment.order_number,
        )
    tell_taken(payment)


def tell_taken(payment: Payment) -> None:
    assert payment.taken_at is not None
    amount = MoneyData(minor=payment.minor, currency=payment.currency)
    told = {"amount": amount, "store_credit": payment.credit, "taken_at": payment.taken_at}
    publish(PaymentTaken(payment_id=payment.id, order_id=payment.order_id, **told))


def _only_what_came(payment: Payment) -> None:
    """Late, after the decline gave the store credit back: the payment is the provider's part, and order returns it."""
    splits = [Split.model_validate(split) for split in payment.splits]
    payment.minor, payment.credit = payment.to_charge.minor, 0
    gross = allocate(payment.minor, [split.gross for split in splits])
    parts = [part_of(split, part) for split, part in zip(splits, gross, strict=True)]
    payment.splits = [part.model_dump(mode="json") for part in parts]


def _shares(split: Split) -> list[Line]:
    return [
        Line(Kind.VENDOR_PENDING, -owed_of(split), split.vendor_id, split.vendor_order_id),
        Line(Kind.TAX, -split.tax, vendor_order_id=split.vendor_order_id),
        Line(Kind.COMMISSION, -split.commission, vendor_order_id=split.vendor_order_id),
        *tax_on_commission(split, -split.commission_tax),
    ]


def _decline(payment: Payment, reason: str) -> None:
    payment.decline(reason=reason)
    give_credit_back(payment)
    publish(PaymentDeclined(payment_id=payment.id, order_id=payment.order_id, reason=reason))
