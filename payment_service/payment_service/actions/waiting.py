"""How long a due row is leased, and when a provider that was away is asked again."""

import logging
from datetime import timedelta

from django.conf import settings

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
