"""Runs: everybody who has enough in a currency is paid out, once an admin has approved.

What a vendor was paid too much before lowers its available balance, so a run nets it against what is earned since:
below nothing, there is nothing to pay. Each item is paid in a transaction of its own, never more than planned, and less
if the balance has fallen meanwhile.
"""

from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from payment_service.actions.crypto_transfers import prepare_payout
from payment_service.actions.payouts import ask_for_payouts, hold_reason, lock_available, set_aside, why_not
from payment_service.errors import NothingToPayOut, PayoutRunOpen, PayoutsNotConfigured
from payment_service.models import Account, Payout, PayoutAccount, PayoutItem, PayoutRun
from payment_service.models.payouts import OPEN
from shared import audit, clock
from shared.context import Context, acting, current, new_id
from shared.contracts.payment import PayoutStarted
from shared.errors import NotFound
from shared.messages import MoneyData
from shared.outbox import publish

Status = PayoutItem.Status
_KINDS: dict[str, list[str]] = {
    PayoutRun.Method.PROVIDER: [],
    PayoutRun.Method.BANK_FILE: ["iban", "local"],
    PayoutRun.Method.CRYPTO: ["evm"],
}
"""What kinds of accounts each method pays to."""


# ── Made, approved, cancelled ────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def make_run(
    *,
    currency: str,
    by: UUID | None,
    method: str = PayoutRun.Method.PROVIDER,
    scheduled_for: date | None = None,
) -> PayoutRun:
    """A draft with an item for each vendor that has the minimum, and no payout on its way.

    Raises PayoutRunOpen, NothingToPayOut, PayoutsNotConfigured.
    """
    _demand_payer(method, currency)
    items = _items(currency, method)
    total = sum(item.minor for item in items if item.status == Status.PLANNED)
    if not total:
        raise NothingToPayOut()
    drafted = PayoutRun(currency=currency, method=method, made_by=by, scheduled_for=scheduled_for)
    drafted.needs_another = total > settings.PAYOUT_APPROVAL_OVER.get(currency, total)
    drafted.correlation_id = current().correlation_id
    run = _inserted(drafted)
    for item in items:
        item.run = run
    PayoutItem.objects.bulk_create(items)
    _audit("make", run, minor=total, currency=currency, items=len(items))
    return run


def _demand_payer(method: str, currency: str) -> None:
    """Raises PayoutsNotConfigured."""
    token = settings.CRYPTO_NODE_URL and settings.CRYPTO_TOKEN_ADDRESS and currency == settings.CRYPTO_TOKEN_CURRENCY
    there = {
        PayoutRun.Method.BANK_FILE: settings.PAYOUT_DEBTOR_NAME and settings.PAYOUT_DEBTOR_IBAN,
        PayoutRun.Method.CRYPTO: token,
        PayoutRun.Method.PROVIDER: settings.PAYOUT_PROVIDER,
    }
    if not there[PayoutRun.Method(method)]:
        raise PayoutsNotConfigured()


def _inserted(run: PayoutRun) -> PayoutRun:
    """Of two at once, the unique index lets one through."""
    try:
        with transaction.atomic():
            run.save(force_insert=True)
    except IntegrityError:
        raise PayoutRunOpen() from None
    return run


def _items(currency: str, method: str) -> list[PayoutItem]:
    rich = Account.objects.filter(
        kind=Account.Kind.VENDOR_AVAILABLE, currency=currency, balance__lte=-_minimum(currency)
    )
    busy = Payout.objects.filter(currency=currency, status__in=OPEN).values("vendor_id")
    return [_item(account, method) for account in rich.exclude(owner_id__in=busy).order_by("owner_id")]


def _item(account: Account, method: str) -> PayoutItem:
    assert account.owner_id is not None
    item = PayoutItem(vendor_id=account.owner_id, minor=-account.balance, currency=account.currency)
    lacks = bool(_KINDS[method]) and not _destination(account.owner_id, method)
    if reason := hold_reason(account.owner_id) or (lacks and "no_account"):
        item.status, item.reason = Status.HELD, reason
    return item


def _destination(vendor_id: UUID, method: str) -> dict[str, Any] | None:
    """The account, of a kind that the method pays to; None also where the provider knows it."""
    account = PayoutAccount.objects.filter(vendor_id=vendor_id, details__kind__in=_KINDS[method]).first()
    return account.details if account else None


def _minimum(currency: str) -> int:
    least: int = settings.PAYOUT_MINIMUM.get(currency, 1)
    return max(1, least)


@transaction.atomic
def approve_run(*, run_id: UUID, by: UUID | None) -> PayoutRun:
    """Raises NotFound, IllegalMove, NeedsAnotherAdmin."""
    run = _locked(run_id)
    run.approve(by=by, at=timezone.now())
    run.save()
    _audit("approve", run)
    clock.wake(carry_out_runs)
    return run


@transaction.atomic
def cancel_run(*, run_id: UUID, reason: str) -> PayoutRun:
    """As long as nothing of it was paid. Raises NotFound, IllegalMove."""
    run = _locked(run_id)
    run.cancel(at=timezone.now())
    run.save()
    _audit("cancel", run, reason=reason)
    return run


def _locked(run_id: UUID) -> PayoutRun:
    run = PayoutRun.objects.select_for_update().filter(id=run_id).first()
    if run is None:
        raise NotFound()
    return run


def _audit(verb: str, run: PayoutRun, **detail: object) -> None:
    audit.record(action=f"payment.payout_run.{verb}", subject_kind="payout_run", subject_id=run.id, **detail)


def make_scheduled_runs() -> int:
    """For the clock: on the day of the schedule, a run for each currency, by the provider or else by bank file, which
    begins at once unless it is beyond the limit; answers how many were made.
    """
    today = timezone.now().date()
    if settings.PAYOUT_SCHEDULE not in {"daily", f"{today:%A}".lower()}:
        return 0
    rich = Account.objects.filter(kind=Account.Kind.VENDOR_AVAILABLE, balance__lt=0)
    made = PayoutRun.objects.filter(scheduled_for=today).values("currency")
    currencies = rich.exclude(currency__in=made).values_list("currency", flat=True).distinct()
    return sum(_scheduled_run(currency, today) for currency in list(currencies.order_by("currency")))


@transaction.atomic
def _scheduled_run(currency: str, today: date) -> bool:
    method = PayoutRun.Method.PROVIDER if settings.PAYOUT_PROVIDER else PayoutRun.Method.BANK_FILE
    try:
        run = make_run(currency=currency, by=None, method=method, scheduled_for=today)
    except (PayoutRunOpen, NothingToPayOut, PayoutsNotConfigured):
        return False
    if not run.needs_another:
        approve_run(run_id=run.id, by=None)
    return True


# ── Carried out ──────────────────────────────────────────────────────────────────────────────────────────────────────


def carry_out_runs() -> int:
    """For the clock: pay what approved runs have planned; answers how many payouts were begun."""
    under_way = PayoutRun.objects.filter(status__in=[PayoutRun.Status.APPROVED, PayoutRun.Status.EXECUTING])
    return sum(_carry_out(run) for run in list(under_way.order_by("id")))


def _carry_out(run: PayoutRun) -> int:
    with acting(Context(run.correlation_id)):
        _begin(run.id)
        items = list(run.items.filter(status=Status.PLANNED).order_by("id").values_list("id", flat=True))
        started = sum(_start(item_id) for item_id in items)
        _finish(run.id)
        return started


@transaction.atomic
def _begin(run_id: UUID) -> None:
    run = _locked(run_id)
    if run.status == PayoutRun.Status.APPROVED:
        run.begin()
        run.save()


@transaction.atomic
def _start(item_id: UUID) -> bool:
    """Was it paid? Not if its run was cancelled at the last moment, or another worker has it."""
    rows = PayoutItem.objects.select_for_update(skip_locked=True, of=("self",)).select_related("run")
    item = rows.filter(id=item_id, status=Status.PLANNED, run__status=PayoutRun.Status.EXECUTING).first()
    if item is None:
        return False
    available = lock_available(vendor_id=item.vendor_id, currency=item.currency)
    item.destination = _destination(item.vendor_id, item.run.method)
    if reason := why_not(vendor_id=item.vendor_id, currency=item.currency):
        item.status, item.reason = Status.HELD, reason
    elif _KINDS[item.run.method] and not item.destination:
        item.status, item.reason = Status.HELD, "no_account"
    elif available < _minimum(item.currency):
        item.status, item.reason = Status.SKIPPED, "insufficient_balance"
    else:
        item.status, item.minor = Status.STARTED, min(item.minor, available)
        _pay(item)
    item.save()
    return item.status == Status.STARTED


def _pay(item: PayoutItem) -> None:
    payout = Payout(
        id=new_id(),
        item=item,
        vendor_id=item.vendor_id,
        minor=item.minor,
        currency=item.currency,
        due_at=timezone.now(),
        correlation_id=current().correlation_id,
    )
    if item.destination:
        payout.send_by_hand()
    set_aside(payout)
    if item.run.method == PayoutRun.Method.CRYPTO:
        prepare_payout(key=payout.id, vendor_id=item.vendor_id, amount=item.amount)
    amount = MoneyData(minor=item.minor, currency=item.currency)
    publish(PayoutStarted(payout_id=payout.id, vendor_id=item.vendor_id, amount=amount))
    clock.wake(ask_for_payouts)


@transaction.atomic
def _finish(run_id: UUID) -> None:
    """Once each item has come to its end, and its payout too."""
    run = _locked(run_id)
    planned = run.items.filter(status=Status.PLANNED).exists()
    on_its_way = Payout.objects.filter(item__run=run, status__in=OPEN).exists()
    if run.status == PayoutRun.Status.EXECUTING and not planned and not on_its_way:
        run.finish(at=timezone.now())
        run.save()
