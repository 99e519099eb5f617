"""Failed logins on their way into the history. A login that fails writes to Redis only, as much for an address nobody
has as for any other, and answers; the clock writes them down. Without Redis they are lost, and nobody waits for them.
"""

import json
import logging
from collections.abc import Collection, Mapping
from typing import Any

from django.utils import timezone

from shared.context import new_id
from user_service.models.stores import RedisError, own

log = logging.getLogger("nexus.logins")
KEY = "login-failures"
MOST = 10_000


def note(outcome: str, *, whose: str, address: str | None, user_agent: str) -> None:
    """`whose`: an account's id, or an e-mail address that may be nobody's. Never raises."""
    now = timezone.now()
    row = {
        "id": str(new_id()),
        "whose": whose,
        "outcome": outcome,
        "address": address,
        "user_agent": user_agent[:300],
        "at": now.isoformat(),
    }
    try:
        with own().pipeline(transaction=False) as pipe:
            pipe.zadd(KEY, {json.dumps(row): now.timestamp()}).zremrangebyrank(KEY, 0, -MOST - 1).execute()
    except RedisError as error:
        log.warning("a failed login is missing in its history: %s", error)


def waiting(batch: int) -> dict[str, Mapping[str, Any]]:
    """The oldest, each under its name for `forget`. Raises RedisError."""
    return {name: json.loads(name) for name in own().zrange(KEY, 0, batch - 1)}


def forget(names: Collection[str]) -> None:
    """Raises RedisError."""
    if names:
        own().zrem(KEY, *names)
