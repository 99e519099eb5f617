"""How long a due row is leased, and when a provider that was away is asked again."""

from datetime import timedelta

LEASE = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=5)


def wait_before(attempts: int) -> timedelta:
    """Exponential, from one second up."""
    return min(timedelta(seconds=2 ** min(attempts - 1, 10)), LONGEST_WAIT)
