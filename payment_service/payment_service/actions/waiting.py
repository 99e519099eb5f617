"""What waits for a provider: leased by who asks for it, and put off when the provider is away."""

import logging
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from payment_service.errors import ProviderAway
from payment_service.models import Misfit, Payout, Reconciliation, Refund, WebhookEvent
from shared.due import take_one

log = logging.getLogger("nexus.payments")
Row = TypeVar("Row", Misfit, Payout, Reconciliation, Refund, WebhookEvent)
LEASE = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=5)


def wait_before(attempts: int) -> timedelta:
    """Exponential, from one second up."""
    return min(timedelta(seconds=2 ** min(attempts - 1, 10)), LONGEST_WAIT)


def urgency(attempts: int) -> int:
    """The log's level while nobody knows whether money moved. It is asked for with the same key until that is known:
    to give up and to try again with another would be to pay twice.
    """
    return logging.ERROR if attempts >= settings.TRANSFER_ATTEMPTS else logging.WARNING


def claim(rows: QuerySet[Row]) -> Row | None:
    """The longest due of these rows, leased: whoever dies with it leaves it due again when the lease ends."""
    return take_one(rows, lease=LEASE, grows=1)


def put_off(row: Misfit | Payout | Refund, error: ProviderAway) -> None:
    """The provider did not answer: the same is asked again later."""
    log.log(urgency(row.attempts), "%s %s waits: %s", row._meta.model_name, row.pk, error)
    type(row)._default_manager.filter(pk=row.pk).update(due_at=timezone.now() + wait_before(row.attempts))
