"""Six-digit codes that prove control of an e-mail address or a phone: kept in Redis as an HMAC, gone by themselves.

Keys are made of the e-mail address, not of the account, so that an unknown one costs the same and answers the same. A
phone's are made of the account and the number.
"""

import hashlib
import hmac
import secrets
from typing import Literal

from django.conf import settings

from shared.errors import Unavailable
from user_service.errors import TooManyCodes
from user_service.models.stores import RedisError, own

MailPurpose = Literal["verify_email", "password_reset", "erase_account"]
Purpose = MailPurpose | Literal["verify_phone"]

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


def make(proved: str, purpose: Purpose) -> str:
    """A new code; the one before is void. Raises Unavailable: without Redis there are no codes."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    key = _key(proved, purpose)
    try:
        with own().pipeline(transaction=True) as pipe:
            pipe.delete(key).hset(key, mapping={"digest": _digest(proved, purpose, code), "tries": 0})
            pipe.expire(key, settings.CODE_LIFETIME).execute()
    except RedisError:
        raise Unavailable("Codes cannot be sent at this moment.", retry_after=5) from None
    return code


def count_request(proved: str, purpose: Purpose) -> None:
    """Every request for a code counts, whether or not there is such an account. Raises TooManyCodes, Unavailable."""
    try:
        sent, wait = own().eval(_COUNT, 1, f"codes-sent:{purpose}:{_name(proved)}")  # type: ignore[no-untyped-call]
    except RedisError:
        raise Unavailable("Codes cannot be sent at this moment.", retry_after=5) from None
    if sent > settings.CODES_PER_HOUR:
        raise TooManyCodes(retry_after=max(int(wait), 1))


def is_right(proved: str, purpose: Purpose, code: str) -> bool:
    """Counts the try; a code that was tried too often is void. Raises Unavailable."""
    try:
        digest = _digest(proved, purpose, code)
        return bool(own().eval(_CHECK, 1, _key(proved, purpose), digest, settings.CODE_TRIES))  # type: ignore[no-untyped-call]
    except RedisError:
        raise Unavailable("Codes cannot be checked at this moment.", retry_after=5) from None


def forget(proved: str, purpose: Purpose) -> None:
    """Used once is used up. Raises Unavailable: a code that cannot be forgotten must not have worked."""
    try:
        own().delete(_key(proved, purpose))
    except RedisError:
        raise Unavailable("Codes cannot be checked at this moment.", retry_after=5) from None


def _key(proved: str, purpose: Purpose) -> str:
    return f"code:{purpose}:{_name(proved)}"


def _name(proved: str) -> str:
    return hashlib.sha256(proved.encode()).hexdigest()[:32]


def _digest(proved: str, purpose: Purpose, code: str) -> str:
    key = hashlib.sha256(b"codes:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, f"{purpose}\n{proved}\n{code}".encode(), "sha256").hexdigest()
