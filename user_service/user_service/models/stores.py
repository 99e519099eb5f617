"""The two Redis databases: this service's own (codes, brakes), and the one the edge reads (ended sessions)."""

from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from shared.stores import connected

__all__ = ["RedisError", "own", "sessions"]


def own() -> "Redis[str]":
    return _connected(settings.REDIS_URL)


def sessions() -> "Redis[str]":
    return _connected(settings.SESSIONS_REDIS_URL)


@lru_cache(maxsize=8)
def _connected(url: str) -> "Redis[str]":
    """One second try, for the connection that a restart of Redis left dead in the pool; then the caller decides."""
    return connected(url, seconds=0.5, connect=0.3)
