"""The brake on guessing passwords: failures are counted per account and network, and per network.

Never per account alone, or a stranger could lock a victim out. Attempts are counted before the password is checked,
so that parallel guesses cannot slip through; a right password takes its count back. Without Redis this process counts
for itself: the brake gets weaker, but never opens and never errs.
"""

import hashlib
import ipaddress
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings

from user_service.errors import Busy, TooManyFailures
from user_service.models.stores import RedisError, own

_COUNT = """
    local n = redis.call('INCR', KEYS[1])
    if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
    return {n, redis.call('TTL', KEYS[1])}
"""
_LOCAL_KEYS = 10_000
_local: dict[str, tuple[int, float]] = {}
_lock = threading.Lock()


@contextmanager
def attempt(email: str, address: str | None) -> Iterator[None]:
    """Around looking at a password. What is raised in there was a failure; but Busy, and nobody has looked. Raises
    TooManyFailures.
    """
    _count_attempt(email, address)
    try:
        yield
    except Busy:
        _take_back(email, address)
        raise
    _forgive(email, address)


def _count_attempt(email: str, address: str | None) -> None:
    """Raises TooManyFailures with the seconds to wait."""
    for key, limit in _limits(email, address):
        count, wait = _count(key)
        if count > limit:
            raise TooManyFailures(retry_after=max(wait, 1))


def _forgive(email: str, address: str | None) -> None:
    """The password was right: the account starts anew with this network, the network gets its attempt back."""
    account, network = (key for key, _ in _limits(email, address))
    try:
        own().pipeline(transaction=False).delete(account).decr(network).execute()
    except RedisError:
        _forgive_locally(account, network)


def _take_back(email: str, address: str | None) -> None:
    keys = [key for key, _ in _limits(email, address)]
    try:
        with own().pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.decr(key)
            pipe.execute()
    except RedisError:
        _take_back_locally(keys)


def count_guess(user_id: UUID, address: str | None, *, familiar: bool) -> None:
    """Of a second factor, counted before it is checked. All strange networks together have a limit too: who guesses
    here knows the password, and may have many of them; a `familiar` one is the owner's. Raises TooManyFailures.
    """
    limits = [(_guesses(user_id, address), settings.CHALLENGE_TRIES)]
    if not familiar:
        limits.append((f"failures:two-factor:{user_id}", settings.CHALLENGE_TRIES_OF_ACCOUNT))
    for key, limit in limits:
        count, wait = _count(key)
        if count > limit:
            raise TooManyFailures(retry_after=max(wait, 1))


def forgive_guesses(user_id: UUID, address: str | None) -> None:
    """The code was right."""
    key = _guesses(user_id, address)
    try:
        own().delete(key)
    except RedisError:
        with _lock:
            _local.pop(key, None)


def network_of(address: str | None) -> str:
    """An IPv4 address, or the /64 of an IPv6 address: what one subscriber usually has."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((parsed, 64 if parsed.version == 6 else 32), strict=False))


def _limits(email: str, address: str | None) -> list[tuple[str, int]]:
    network = network_of(address)
    account = hashlib.sha256(f"{email}\n{network}".encode()).hexdigest()[:32]
    return [
        (f"failures:account:{account}", settings.LOGIN_FAILURES),
        (f"failures:network:{network}", settings.LOGIN_FAILURES_OF_NETWORK),
    ]


def _guesses(user_id: UUID, address: str | None) -> str:
    return f"failures:two-factor:{user_id}:{network_of(address)}"


def _count(key: str) -> tuple[int, int]:
    try:
        count, wait = own().eval(_COUNT, 1, key, int(settings.LOGIN_BRAKE.total_seconds()))  # type: ignore[no-untyped-call]
        return int(count), int(wait)
    except RedisError:
        return _count_locally(key)


def _count_locally(key: str) -> tuple[int, int]:
    now = time.monotonic()
    with _lock:
        count, until = _local.get(key, (0, 0.0))
        if until <= now:
            count, until = 0, now + settings.LOGIN_BRAKE.total_seconds()
        if len(_local) >= _LOCAL_KEYS:
            _local.pop(next(iter(_local)))
        _local[key] = (count + 1, until)
        return count + 1, int(until - now) + 1


def _forgive_locally(account: str, network: str) -> None:
    with _lock:
        _local.pop(account, None)
    _take_back_locally([network])


def _take_back_locally(keys: list[str]) -> None:
    with _lock:
        for key in keys:
            if key in _local:
                count, until = _local[key]
                _local[key] = (count - 1, until)
