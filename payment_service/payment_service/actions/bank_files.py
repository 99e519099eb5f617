"""Payouts that a bank carries out: the file of a run, what the bank has done with it, and what came back."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from payment_service.actions.crypto_transfers import withdraw
from payment_service.actions.ledger import Kind, Line, record
from payment_service.actions.payouts import audit_payout, book_paid, locked_payout
from payment_service.errors import IllegalMove
from payment_service.models import Entry, Payout, PayoutItem, PayoutRun
from payment_service.queries.bank_files import credit_transfer
from shared import audit
from shared.contracts.payment import PayoutReturned
from shared.errors import NotFound
from shared.messages import MoneyData
from shared.outbox import publish


@transaction.atomic
def take_bank_file(*, run_id: UUID) -> bytes:
    """The run as ISO 20022 pain.001.001.09, the same bytes whenever it is asked for: a bank refuses a message id that
    it has had. That somebody took it is audited. Raises NotFound, IllegalMove.
    """
    run = _run_by_file(run_id)
    payouts = list(Payout.objects.filter(item__run=run).select_related("item").order_by("id"))
    if run.items.filter(status=PayoutItem.Status.PLANNED).exists() or not payouts:
        raise IllegalMove("There is a file once the run is executing, if anybody is paid by it.")
    content = credit_transfer(run, payouts)
    _audit("bank_file", run, payouts=len(payouts))
    return content


@transaction.atomic
def mark_executed(*, run_id: UUID, payout_ids: Sequence[UUID] | None = None) -> int:
    """The bank has carried out these payouts of the file, or all that are on their way; answers how many. Raises
    NotFound, also for a payout that is not of the run or not on its way.
    """
    run = _run_by_file(run_id)
    wanted = Payout.objects.filter(item__run=run, status=Payout.Status.IN_TRANSIT)
    if payout_ids is not None:
        wanted = wanted.filter(id__in=payout_ids)
    payouts = list(wanted.select_for_update(of=("self",)).order_by("id"))
    if payout_ids is not None and len(payouts) != len(set(payout_ids)):
        raise NotFound()
    for payout in payouts:
        book_paid(payout, payout.id.hex)
    _audit("executed", run, payouts=len(payouts))
    return len(payouts)


@transaction.atomic
def return_payout(*, payout_id: UUID, reason: str) -> Payout:
    """It came back from the vendor's bank, before or after it was marked executed: the sum is available again. On a
    chain nothing comes back; one that nobody can have signed is withdrawn. Raises NotFound, IllegalMove.
    """
    withdraw(payout_id)
    payout = locked_payout(payout_id)
    came_from = Kind.PROVIDER if payout.status == Payout.Status.PAID else Kind.IN_TRANSIT
    payout.come_back(reason=reason)
    payout.save()
    lines = [Line(came_from, payout.minor), Line(Kind.VENDOR_AVAILABLE, -payout.minor, payout.vendor_id)]
    kind = Entry.Kind.PAYOUT_RETURNED
    record(kind=kind, reference=payout.id, currency=payout.currency, lines=lines, memo=reason)
    amount = MoneyData(minor=payout.minor, currency=payout.currency)
    told = {"payout_id": payout.id, "vendor_id": payout.vendor_id, "amount": amount}
    publish(PayoutReturned(**told, reason=reason))
    audit_payout("return", payout, reason=reason)
    return payout


def _run_by_file(run_id: UUID) -> PayoutRun:
    run = PayoutRun.objects.filter(id=run_id).first()
    if run is None:
        raise NotFound()
    if run.method != PayoutRun.Method.BANK_FILE:
        raise IllegalMove("No bank pays this run.")
    return run


def _audit(verb: str, run: PayoutRun, **detail: object) -> None:
    audit.record(action=f"payment.payout_run.{verb}", subject_kind="payout_run", subject_id=run.id, **detail)
