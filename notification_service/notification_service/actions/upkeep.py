"""What is kept only for a while."""

from django.conf import settings

from shared import idempotency


def forget_old_answers() -> int:
    """Delete the idempotency keys that may not be replayed any more; answers how many."""
    return idempotency.clean_up(settings.IDEMPOTENCY_KEEP)
