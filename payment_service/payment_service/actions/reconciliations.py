"""A provider's records are held against the ledger, and what differs is kept for somebody to look into."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import transaction

from payment_service.models import Difference, Reconciliation
from payment_service.queries.provider_records import Record
from payment_service.queries.reconciliation import compare
from shared import audit


@transaction.atomic
def reconcile(*, provider: str, since: date, until: date, records: Sequence[Record], by: UUID) -> Reconciliation:
    """Of these days, both included, in UTC. Nothing is booked: a difference is somebody's to explain."""
    found = compare(records, provider=provider, since=since, until=until)
    made = Reconciliation.objects.create(
        provider=provider,
        since=since,
        until=until,
        records=len(records),
        matched=found.matched,
        differing=len(found.differences),
        made_by=by,
    )
    for difference in found.differences:
        difference.reconciliation = made
    Difference.objects.bulk_create(found.differences, batch_size=1_000)
    told = {"provider": provider, "since": since, "until": until, "differing": made.differing}
    audit.record(action="payment.reconciliation.make", subject_kind="reconciliation", subject_id=made.id, **told)
    return made
