"""Where the edge looks whether a session has ended: `ended:<session id>` in Redis, for as long as a token can live.

`ended:epoch` says that all marks are there. Its value is the run id of the Redis server that it was written to: a
flushed server has none, and one that came back with an older state has a run id that does not fit.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from user_service.models.stores import sessions

EPOCH = "ended:epoch"
_SPARE = timedelta(seconds=60)


def mark(session_ids: Iterable[UUID]) -> None:
    """Raises RedisError."""
    with sessions().pipeline(transaction=False) as pipe:
        for session_id in session_ids:
            pipe.set(_key(session_id), 1, ex=window())
        pipe.execute()


def complete() -> bool:
    """Whether Redis holds all marks. Raises RedisError."""
    with sessions().pipeline(transaction=False) as pipe:
        epoch, server = pipe.get(EPOCH).info("server").execute()
    return bool(epoch == server["run_id"])


def rebuild(session_ids: Iterable[UUID]) -> None:
    """All marks and the sentinel, at once or not at all. Raises RedisError."""
    run_id = sessions().info("server")["run_id"]
    with sessions().pipeline(transaction=True) as pipe:
        for session_id in session_ids:
            pipe.set(_key(session_id), 1, ex=window())
        pipe.set(EPOCH, run_id).execute()


def window() -> timedelta:
    """How long ago a session may have ended and still have a living access token, and a minute for skewed clocks."""
    lifetime: timedelta = settings.ACCESS_TOKEN_LIFETIME
    return lifetime + _SPARE


def _key(session_id: UUID) -> str:
    return f"ended:{session_id}"
