"""Payout runs and their items, as admins read them."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from payment_service.models import PayoutItem, PayoutRun
from shared.errors import NotFound

_PAID = Q(items__status__in=[PayoutItem.Status.PLANNED, PayoutItem.Status.STARTED])


def payout_runs() -> QuerySet[PayoutRun]:
    """With `minor`, what is planned and paid together, `count`, of how many vendors, and `left_out`."""
    sums = {"minor": Sum("items__minor", filter=_PAID, default=0), "count": Count("items", filter=_PAID)}
    return PayoutRun.objects.annotate(**sums, left_out=Count("items", filter=~_PAID))


def payout_run(run_id: UUID) -> PayoutRun:
    """Raises NotFound."""
    run = payout_runs().filter(id=run_id).first()
    if run is None:
        raise NotFound()
    return run


def run_items(run_id: UUID) -> QuerySet[PayoutItem]:
    """Raises NotFound for a run that is not there."""
    return payout_run(run_id).items.select_related("payout")
