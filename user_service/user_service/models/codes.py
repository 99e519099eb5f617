"""Six-digit codes that prove control of an e-mail address: kept in Redis as an HMAC, gone by themselves.

Keys are made of the address, not of the account, so that an unknown address costs the same and answers the same.
"""

import hashlib
import hmac
import secrets
from typing import Literal

from django.conf import settings

from shared.errors import Unavailable
from user_service.errors import TooManyCodes
from user_service.models.stores import RedisError, own

Purpose = Literal["verify_email", "password_reset"]

_CHECK = """
    local kept = redis.call('HGET', KEYS[1], 'digest')
    if not kept then return 0 end
    if redis.call('HINCRBY', KEYS[1], 'tries', 1) > tonumber(ARGV[2]) then
        redis.call('DEL', KEYS[1])
        return 0
    end
    if kept == ARGV[1] then return 1 end
    return 0
"""

_COUNT = """
    local sent = redis.call('INCR', KEYS[1])
    if sent == 1 then redis.call('EXPIRE', KEYS[1], 3600) end
    return {sent, redis.call('TTL', KEYS[1])}
"""


def make(email: str, purpose: Purpose) -> str:
    """A new code; the one before is void. Raises Unavailable: without Redis there are no codes."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    key = _key(email, purpose)
    try:
        with own().pipeline(transaction=True) as pipe:
            pipe.delete(key).hset(key, mapping={"digest": _digest(email, purpose, code), "tries": 0})
            pipe.expire(key, settings.CODE_LIFETIME).execute()
    except RedisError:
        raise Unavailable("Codes cannot be sent at this moment.", retry_after=5) from None
    return code


def count_request(email: str, purpose: Purpose) -> None:
    """Every request for a code counts, whether or not there is such an account. Raises TooManyCodes, Unavailable."""
    try:
        sent, wait = own().eval(_COUNT, 1, f"codes-sent:{purpose}:{_name(email)}")  # type: ignore[no-untyped-call]
    except RedisError:
        raise Unavailable("Codes cannot be sent at this moment.", retry_after=5) from None
    if sent > settings.CODES_PER_HOUR:
        raise TooManyCodes(retry_after=max(int(wait), 1))


def is_right(email: str, purpose: Purpose, code: str) -> bool:
    """Counts the try; a code that was tried too often is void. Raises Unavailable."""
    try:
        digest = _digest(email, purpose, code)
        return bool(own().eval(_CHECK, 1, _key(email, purpose), digest, settings.CODE_TRIES))  # type: ignore[no-untyped-call]
    except RedisError:
        raise Unavailable("Codes cannot be checked at this moment.", retry_after=5) from None


def forget(email: str, purpose: Purpose) -> None:
    """Used once is used up. Raises Unavailable: a code that cannot be forgotten must not have worked."""
    try:
        own().delete(_key(email, purpose))
    except RedisError:
        raise Unavailable("Codes cannot be checked at this moment.", retry_after=5) from None


def _key(email: str, purpose: Purpose) -> str:
    return f"code:{purpose}:{_name(email)}"


def _name(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]


def _digest(email: str, purpose: Purpose, code: str) -> str:
    key = hashlib.sha256(b"codes:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, f"{purpose}\n{email}\n{code}".encode(), "sha256").hexdigest()
