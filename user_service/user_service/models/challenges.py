"""Challenges: between the right password and the second factor. In Redis, short-lived, few tries, used once.

Without Redis there are none: who has a second factor cannot sign in until it is back.
"""

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from shared.errors import Unavailable
from user_service.errors import WrongChallenge
from user_service.models.accounts import User
from user_service.models.stores import RedisError, own

_TRY = """
    local user = redis.call('HGET', KEYS[1], 'user')
    if not user then return {} end
    return {user, redis.call('HGET', KEYS[1], 'password'), redis.call('HINCRBY', KEYS[1], 'tries', 1)}
"""


@dataclass(frozen=True, slots=True)
class Challenged:
    """Whose it is, the password it was made with, and how many tries there have been with this one."""

    user_id: UUID
    password: str
    tries: int

    def check(self, user: User | None) -> User:
        """The account, unless it was tried too often or the account has changed. Raises WrongChallenge."""
        if user is None or self.tries > settings.CHALLENGE_TRIES or not user.active:
            raise WrongChallenge()
        if user.must_reset_password or self.password != _fingerprint(user):
            raise WrongChallenge()
        return user


def make(user: User) -> str:
    """The challenge itself, which only the client keeps. Raises Unavailable."""
    challenge = secrets.token_urlsafe(32)
    fields: dict[str | bytes, str | bytes | int | float] = {"user": str(user.id), "password": _fingerprint(user)}
    try:
        with own().pipeline(transaction=True) as pipe:
            pipe.hset(_key(challenge), mapping=fields).expire(_key(challenge), settings.CHALLENGE_LIFETIME).execute()
    except RedisError:
        raise _away() from None
    return challenge


def count_try(challenge: str) -> Challenged:
    """Counted before the code is checked, so that parallel guesses cannot slip through. Raises WrongChallenge for an
    unknown or used one, Unavailable.
    """
    try:
        found = own().eval(_TRY, 1, _key(challenge))  # type: ignore[no-untyped-call]
    except RedisError:
        raise _away() from None
    if not found:
        raise WrongChallenge()
    return Challenged(UUID(found[0]), found[1], int(found[2]))


def use_up(challenge: str) -> None:
    """Raises WrongChallenge when somebody was faster, Unavailable: what cannot be used up must not have worked."""
    try:
        if not own().delete(_key(challenge)):
            raise WrongChallenge()
    except RedisError:
        raise _away() from None


def _away() -> Unavailable:
    return Unavailable("The second factor cannot be checked at this moment.", retry_after=5)


def _key(challenge: str) -> str:
    return f"challenge:{hashlib.sha256(challenge.encode()).hexdigest()}"


def _fingerprint(user: User) -> str:
    return hashlib.sha256(user.password.encode()).hexdigest()[:32]
