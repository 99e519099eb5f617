"""Sign-ins by way of another provider, between leaving for it and coming back: in Redis, short-lived, used once.

What comes back is believed only in the browser that left: its cookie fits the flow. Else somebody could send a victim
back with a code of his own, and the victim would be signed in as him (login CSRF).
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass

from django.conf import settings

from shared.errors import Unavailable
from user_service.errors import SocialFailed
from user_service.models.stores import RedisError, own


@dataclass(frozen=True, slots=True)
class Flow:
    """`verifier` is PKCE's secret (RFC 7636), `nonce` has to stand in the ID token."""

    nonce: str
    verifier: str
    browser: str
    """SHA-256 of the browser's cookie."""

    @property
    def challenge(self) -> str:
        """S256 of the verifier."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def begin() -> tuple[Flow, str, str]:
    """A new flow, its state, and the cookie. Raises Unavailable."""
    state, cookie = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    flow = Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(48), _digest(cookie))
    try:
        own().set(_key(state), json.dumps(asdict(flow)), ex=settings.SOCIAL_LIFETIME)
    except RedisError:
        raise _away() from None
    return flow, state, cookie


def finish(state: str, cookie: str) -> Flow:
    """Once only, even if what follows fails. Raises SocialFailed, Unavailable."""
    try:
        kept = own().getdel(_key(state))
    except RedisError:
        raise _away() from None
    flow = Flow(**json.loads(str(kept))) if kept else None
    if flow is None or not hmac.compare_digest(flow.browser, _digest(cookie)):
        raise SocialFailed("This sign-in was not begun in this browser, has been used, or took too long.")
    return flow


def _away() -> Unavailable:
    return Unavailable("Nobody can sign in this way at this moment.", retry_after=5)


def _key(state: str) -> str:
    return f"flow:{_digest(state)}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
