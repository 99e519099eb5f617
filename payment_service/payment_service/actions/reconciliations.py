"""A provider's records are held against the ledger, and what differs is kept for somebody to look into.

The records come in a file, or the provider is asked for them: a page at a time, from a stored row, outside every
transaction. Where it was left, another worker goes on; what is told twice counts once. Nothing is booked by it: a
difference is somebody's to explain.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from payment_service.actions.providers import keeper_of
from payment_service.actions.waiting import claim, wait_before
from payment_service.clients.port import Record, RecordPage
from payment_service.errors import ProviderAway, ReconciliationRunning, RecordsNotKept
from payment_service.models import Difference, Reconciliation, ReconciliationPage
from payment_service.queries.provider_records import KINDS, MOST_RECORDS
from payment_service.queries.reconciliation import Comparison, compare, days_of
from shared import audit, clock
from shared.money import Money

log = logging.getLogger("nexus.payments")
MOST_PAGES = 2_000
MOST_TRIES = 300
"""Of a page that nobody answers: about a day."""
AFTER_MIDNIGHT = timedelta(hours=1)
"""The schedule gives a provider so long to close its day."""
Status = Reconciliation.Status


# ── By file ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def reconcile(*, provider: str, since: date, until: date, records: Sequence[Record], by: UUID) -> Reconciliation:
    """Of these days, both included, in UTC."""
    days: dict[str, Any] = {"provider": provider, "since": since, "until": until}
    made = Reconciliation.objects.create(**days, kinds=list(KINDS), records=len(records), made_by=by)
    _conclude(made, compare(records, **days))
    audit.record(
        action="payment.reconciliation.make",
        subject_kind="reconciliation",
        subject_id=made.id,
        **days,
        differing=made.differing,
    )
    return made


def _conclude(row: Reconciliation, found: Comparison) -> None:
    row.matched, row.differing = found.matched, len(found.differences)
    row.end(Status.DONE, at=timezone.now())
    row.save()
    for difference in found.differences:
        difference.reconciliation = row
    Difference.objects.bulk_create(found.differences, batch_size=1_000)
    if row.differing:
        log.error("reconciliation %s of %s: %s differences", row.id, row, row.differing)


# ── By the provider's own list ───────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def start_reconciliation(*, provider: str, since: date, until: date, by: UUID) -> Reconciliation:
    """The clock asks the provider right after the commit. Raises RecordsNotKept, ReconciliationRunning."""
    made = _started(provider=provider, since=since, until=until, made_by=by)
    days = {"provider": provider, "since": since, "until": until}
    audit.record(action="payment.reconciliation.start", subject_kind="reconciliation", subject_id=made.id, **days)
    return made


def _started(*, provider: str, **fields: Any) -> Reconciliation:
    """Of two at once, the unique index lets one through."""
    keeper = keeper_of(provider)
    if keeper is None:
        raise RecordsNotKept()
    made = Reconciliation(
        provider=provider,
        origin=Reconciliation.Origin.PROVIDER,
        status=Status.RUNNING,
        kinds=sorted(keeper.listed),
        due_at=timezone.now(),
        **fields,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise ReconciliationRunning() from None
    clock.wake(run_reconciliations)
    return made


def start_daily_reconciliations() -> int:
    """For the clock: yesterday's of each provider that RECONCILE_DAILY names; answers how many were started."""
    yesterday = (timezone.now() - AFTER_MIDNIGHT).date() - timedelta(days=1)
    done = Reconciliation.objects.filter(scheduled_for=yesterday).values_list("provider", flat=True)
    return sum(_start_daily(name, yesterday) for name in settings.RECONCILE_DAILY if name not in set(done))


def _start_daily(provider: str, day: date) -> bool:
    try:
        _started(provider=provider, since=day, until=day, scheduled_for=day)
    except ReconciliationRunning:
        return False
    return True


def run_reconciliations() -> int:
    """For the clock: read the next page of every one that is due, until none is; answers how many were read."""
    read = 0
    while row := claim(Reconciliation.objects.filter(status=Status.RUNNING)):
        page = _asked(row) if row.attempts <= MOST_TRIES else _given_up(row.id, "provider_away")
        if page:
            keep_page(reconciliation_id=row.id, number=row.pages + 1, page=page)
            read += 1
    return read


def _asked(row: Reconciliation) -> RecordPage | None:
    days = days_of(row.provider, row.since, row.until)
    keeper = keeper_of(row.provider)
    try:
        if keeper is None:
            raise ProviderAway("Nobody here asks it for its records any more.")
        return keeper.records(since=days.start - days.around, until=days.end + days.around, after=row.after)
    except ProviderAway as error:
        _put_off(row, error)
        return None


def _put_off(row: Reconciliation, error: ProviderAway) -> None:
    """The same page is asked for again later, up to a day."""
    log.warning("reconciliation %s of %s waits: %s", row.id, row, error)
    mine = Reconciliation.objects.filter(id=row.id, status=Status.RUNNING, pages=row.pages)
    mine.update(due_at=timezone.now() + wait_before(row.attempts))


@transaction.atomic
def _given_up(reconciliation_id: UUID, why: str) -> None:
    row = Reconciliation.objects.select_for_update().get(id=reconciliation_id)
    if row.status == Status.RUNNING:
        _give_up(row, why)


@transaction.atomic
def keep_page(*, reconciliation_id: UUID, number: int, page: RecordPage) -> None:
    """What the provider told as its page of this number; the last one concludes. A page that another worker has brought
    meanwhile is kept once.
    """
    row = Reconciliation.objects.select_for_update().get(id=reconciliation_id)
    if row.status != Status.RUNNING or row.pages + 1 != number:
        return
    ReconciliationPage.objects.create(reconciliation=row, number=number, records=[_plain(one) for one in page.records])
    row.pages, row.records = number, row.records + len(page.records)
    row.after, row.attempts, row.due_at = page.next, 0, timezone.now()
    if row.records > MOST_RECORDS or (page.next and number >= MOST_PAGES):
        _give_up(row, "too_many_records")
    elif page.next:
        row.save()
    else:
        _finish(row)


def _finish(row: Reconciliation) -> None:
    """Held against the books as they were when it began: what is newer, the provider was not asked for."""
    records = list(dict.fromkeys(_record(one) for page in row.told.order_by("number") for one in page.records))
    row.records = len(records)
    days: dict[str, Any] = {"provider": row.provider, "since": row.since, "until": row.until}
    _conclude(row, compare(records, **days, kinds=row.kinds, before=row.created_at))
    row.told.all().delete()


def _give_up(row: Reconciliation, why: str) -> None:
    log.error("reconciliation %s of %s is given up: %s", row.id, row, why)
    row.end(Status.FAILED, at=timezone.now(), failure=why)
    row.save()
    row.told.all().delete()


def _plain(one: Record) -> list[Any]:
    return [one.kind, one.key, one.reference, one.amount.minor, one.amount.currency, one.at.isoformat()]


def _record(plain: list[Any]) -> Record:
    kind, key, reference, minor, currency, at = plain
    return Record(kind, key, reference, Money(minor, currency), datetime.fromisoformat(at))
