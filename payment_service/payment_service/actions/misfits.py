"""What a provider took is not what was asked for: it is never the payment, and goes back as it came.

Until it has, the books say that the provider holds it and that it is unclaimed.
"""

import logging
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from payment_service.actions.ledger import Kind, Line, record
from payment_service.actions.providers import PROVIDERS
from payment_service.actions.waiting import claim, put_off
from payment_service.clients import Charge, Transfer
from payment_service.errors import ProviderAway
from payment_service.models import Entry, Misfit, Payment
from shared import audit, clock
from shared.errors import NotFound
from shared.money import Money

log = logging.getLogger("nexus.payments")


def send_back(payment: Payment, charge: Charge) -> None:
    """What a provider took instead of the payment. The payment's row is locked by the caller."""
    taken = charge.taken
    if taken is None or taken.minor <= 0 or Misfit.objects.filter(payment=payment).exists():
        return
    book(payment, taken)


def book(payment: Payment, taken: Money, *, source: str = "") -> Misfit:
    """Book it, once for each source, and let the clock ask the provider. The payment's row is locked by the caller."""
    misfit = Misfit.objects.create(
        payment=payment, source=source, minor=taken.minor, currency=taken.currency, due_at=timezone.now()
    )
    lines = [Line(Kind.PROVIDER, taken.minor), Line(Kind.UNCLAIMED, -taken.minor)]
    memo = f"{payment.order_number}: {payment.to_charge} was asked for"
    record(kind=Entry.Kind.MISFIT, reference=misfit.id, currency=taken.currency, lines=lines, memo=memo)
    log.error("payment %s: %s came, and %s was asked for", payment.id, taken, payment.to_charge)
    clock.wake(return_misfits)
    return misfit


def return_misfits() -> int:
    """Send back every one that is due; answers how many were asked for."""
    asked = 0
    while misfit := claim(Misfit.objects.all()):
        transfer = _ask(misfit)
        if transfer:
            settle_misfit(misfit_id=misfit.id, transfer=transfer)
        asked += 1
    return asked


def _ask(misfit: Misfit) -> Transfer | None:
    provider = PROVIDERS[misfit.payment.method]
    try:
        return provider.refund(key=misfit.key, reference=misfit.payment.provider_reference, amount=misfit.amount)
    except ProviderAway as error:
        put_off(misfit, error)
        return None


@transaction.atomic
def settle_misfit(*, misfit_id: UUID, transfer: Transfer) -> None:
    """What the provider says; the same answer twice changes nothing."""
    misfit = Misfit.objects.select_for_update().get(id=misfit_id)
    if misfit.status != Misfit.Status.PENDING:
        return
    if transfer.waits:
        misfit.due_at = None
    elif transfer.done:
        misfit.finish(at=timezone.now())
        lines = [Line(Kind.UNCLAIMED, misfit.minor), Line(Kind.PROVIDER, -misfit.minor)]
        record(kind=Entry.Kind.MISFIT_RETURNED, reference=misfit.id, currency=misfit.currency, lines=lines)
    else:
        misfit.fail(at=timezone.now(), reason=transfer.reason or "refused")
        log.error("misfit %s could not be sent back: %s", misfit.id, misfit.failure)
    misfit.save()


@transaction.atomic
def try_again(*, misfit_id: UUID) -> None:
    """An operator has seen to it that the provider will do it now. Raises NotFound, IllegalMove."""
    misfit = Misfit.objects.select_for_update().filter(id=misfit_id).first()
    if misfit is None:
        raise NotFound()
    misfit.try_again(at=timezone.now())
    misfit.save()
    audit.record(action="payment.misfit.try_again", subject_kind="payment", subject_id=misfit.payment_id)
    clock.wake(return_misfits)
