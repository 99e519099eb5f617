"""Google, or any OpenID provider set as the issuer: discovery, the code's exchange, the check of the ID token."""

import hmac
import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
from django.conf import settings

from shared.errors import Unavailable
from shared.text import is_odd
from user_service.errors import SocialFailed
from user_service.models.flows import Flow

log = logging.getLogger("nexus.social")
ALGORITHMS = {"RS256", "ES256"}
_KEPT_SECONDS = 3_600.0
_KEYS_AT_MOST_EVERY_SECONDS = 10.0
_LEEWAY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider says it is."""

    subject: str
    email: str
    email_verified: bool
    first_name: str
    last_name: str


class Provider:
    """One issuer and its documents, which are kept for an hour; an unknown key's id has the keys fetched anew."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.document: dict[str, Any] = {}
        self.document_until = 0.0
        self.keys: dict[str, Any] = {}
        self.keys_at = 0.0

    def authorization_url(self, flow: Flow, state: str) -> str:
        """Where the browser goes. Raises Unavailable."""
        query = {
            "response_type": "code",
            "client_id": settings.GOOGLE_CLIENT_ID,
            "redirect_uri": settings.GOOGLE_REDIRECT_URI,
            "scope": "openid email profile",
            "state": state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._said('authorization_endpoint')}?{urlencode(query)}"

    def person(self, *, code: str, flow: Flow) -> Person:
        """Who came back with this code. Raises SocialFailed, Unavailable."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.GOOGLE_REDIRECT_URI,
            "client_id": settings.GOOGLE_CLIENT_ID,
            "client_secret": settings.GOOGLE_CLIENT_SECRET,
            "code_verifier": flow.verifier,
        }
        answer = _ask("POST", self._said("token_endpoint"), data=form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise SocialFailed()
        return _person(self._claims(token, flow))

    def _claims(self, token: str, flow: Flow) -> dict[str, Any]:
        """OpenID Connect Core, 3.1.3.7. Raises SocialFailed."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid", "")), str(header.get("alg", "")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=settings.GOOGLE_CLIENT_ID,
                issuer=self.issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except jwt.PyJWTError as error:
            log.warning("an ID token was refused: %s", type(error).__name__)
            raise SocialFailed() from None
        _check_claims(claims, flow)
        return claims

    def _key(self, kid: str, algorithm: str) -> jwt.PyJWK:
        """The issuer's key of this id, for this algorithm only. Raises SocialFailed, jwt.PyJWTError."""
        due = time.monotonic() - self.keys_at
        if due > _KEPT_SECONDS or (kid not in self.keys and due > _KEYS_AT_MOST_EVERY_SECONDS):
            listed = _ask("GET", self._said("jwks_uri")).get("keys", [])
            self.keys = {str(key.get("kid", "")): key for key in listed if key.get("use", "sig") == "sig"}
            self.keys_at = time.monotonic()
        key = self.keys.get(kid)
        if key is None or algorithm not in ALGORITHMS or key.get("alg", algorithm) != algorithm:
            raise SocialFailed()
        return jwt.PyJWK(key, algorithm)

    def _said(self, name: str) -> str:
        """A member of the discovery document, which has to be the issuer's own. Raises Unavailable."""
        if time.monotonic() > self.document_until:
            document = _ask("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if document.get("issuer") != self.issuer:
                raise Unavailable("The sign-in provider's configuration is not its own.", retry_after=60)
            self.document, self.document_until = document, time.monotonic() + _KEPT_SECONDS
        try:
            return str(self.document[name])
        except KeyError:
            raise Unavailable("The sign-in provider's configuration is not complete.", retry_after=60) from None


@lru_cache(maxsize=8)
def provider(issuer: str) -> Provider:
    return Provider(issuer)


def _check_claims(claims: dict[str, Any], flow: Flow) -> None:
    """What PyJWT does not look at. Raises SocialFailed."""
    if not hmac.compare_digest(str(claims["nonce"]).encode(), flow.nonce.encode()):
        raise SocialFailed()
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else settings.GOOGLE_CLIENT_ID) != settings.GOOGLE_CLIENT_ID:
        raise SocialFailed()


def _person(claims: dict[str, Any]) -> Person:
    email = _text(claims, "email", 254)
    first, _, last = (_text(claims, "name", 200) or email.partition("@")[0]).partition(" ")
    return Person(
        subject=str(claims["sub"])[:255],
        email=email,
        email_verified=claims.get("email_verified") is True,
        first_name=(_text(claims, "given_name", 100) or first[:100]),
        last_name=(_text(claims, "family_name", 100) or last[:100]),
    )


def _text(claims: dict[str, Any], name: str, most: int) -> str:
    value = claims.get(name, "")
    plain = "".join(character for character in value if not is_odd(character)) if isinstance(value, str) else ""
    return plain.strip()[:most]


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return httpx.Client(timeout=httpx.Timeout(5.0, connect=2.0), follow_redirects=False)


def _ask(method: str, url: str, **kwargs: Any) -> dict[str, Any]:
    """Raises SocialFailed for a 4xx (a code that is wrong or was used), Unavailable for all else that is no answer."""
    try:
        response = _http().request(method, url, headers={"Accept": "application/json"}, **kwargs)
        answer = response.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        log.warning("the sign-in provider does not answer: %s", type(error).__name__)
        raise Unavailable("The sign-in provider does not answer.", retry_after=5) from None
    if 400 <= response.status_code < 500:
        raise SocialFailed()
    if not response.is_success or not isinstance(answer, dict):
        raise Unavailable("The sign-in provider is not well.", retry_after=5)
    return answer
