"""Who is calling: access tokens of users (checked again, although the edge has) and tokens of services.

A token's key id names its key file, and all keys are ES256: a token cannot choose how it is checked.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.http import HttpRequest
from rest_framework import permissions
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from shared import context

if TYPE_CHECKING:  # at run time it would import this module again, by way of DRF's settings
    from rest_framework.views import APIView

ALGORITHM = "ES256"
ACCESS_TYPE = "at+jwt"
SERVICE_TYPE = "svc+jwt"
SERVICE_TOKEN_LIFETIME = timedelta(seconds=60)
_RELOAD_AFTER_SECONDS = 1.0
_LONGEST_SECONDS = 10.0
"""After a key's file is gone, its tokens are refused at the latest then."""
CLAIMS = "_nexus_claims"
"""Where a request keeps those of its token, once they are checked."""


class Argon2id(Argon2PasswordHasher):
    """Argon2id with OWASP's minimum of 19 MiB, two passes, one lane: about 27 ms instead of 144."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


@dataclass(frozen=True, slots=True)
class Caller:
    """The user a checked token speaks for."""

    id: UUID
    session_id: UUID
    roles: frozenset[str]
    vendor_id: UUID | None = None
    vendor_role: str = ""
    """As what it sells for the vendor; a token that does not say is of before it was told, and may do all."""
    token_id: str = ""
    is_authenticated: bool = True

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    @property
    def pk(self) -> UUID:
        return self.id

    def sells(self, *areas: str) -> bool:
        """For a vendor, in one of these areas."""
        return self.vendor_id is not None and not areas_of(self.vendor_role).isdisjoint(areas)


ORDERS, CATALOGUE, MONEY = "orders", "catalogue", "money"
AREAS: dict[str, frozenset[str]] = {
    "": frozenset({ORDERS, CATALOGUE, MONEY}),
    "owner": frozenset({ORDERS, CATALOGUE, MONEY}),
    "manager": frozenset({ORDERS, CATALOGUE, MONEY}),
    "staff": frozenset({ORDERS, CATALOGUE}),
    "orders": frozenset({ORDERS}),
    "catalogue": frozenset({CATALOGUE}),
    "finance": frozenset({MONEY}),
}
"""Role in a vendor → what it opens in all services; what vendor_service opens besides is its own to say."""


def areas_of(vendor_role: str) -> frozenset[str]:
    """None of a role that this release does not know."""
    return AREAS.get(vendor_role, frozenset())


def caller_of(request: Request) -> Caller:
    """The signed-in user; only where the view's permissions let no one else in."""
    caller: object = request.user
    assert isinstance(caller, Caller)
    return caller


@dataclass(frozen=True, slots=True)
class CallingService:
    """Another service of the fleet, by short name."""

    name: str
    is_authenticated: bool = True

    @property
    def pk(self) -> str:
        return self.name


@dataclass
class KeyRing:
    """Public keys in a folder, `<kid>.pem`. A new one is noticed when it is first asked for, a removed one soon."""

    folder: Path
    keys: dict[str, str] = field(default_factory=dict)
    read_at: float = 0.0

    def get(self, kid: str) -> str | None:
        age = time.monotonic() - self.read_at
        if age > (_LONGEST_SECONDS if kid in self.keys else _RELOAD_AFTER_SECONDS):
            self.reload()
        return self.keys.get(kid)

    def reload(self) -> None:
        self.keys = {path.stem: path.read_text() for path in self.folder.glob("*.pem")}
        self.read_at = time.monotonic()


@lru_cache(maxsize=4)
def key_ring(folder: Path) -> KeyRing:
    return KeyRing(folder)


def decode(token: str, *, ring: KeyRing, typ: str, audience: str, issuer: str | None) -> dict[str, Any]:
    """The claims of a token whose signature, type, audience, issuer and times hold. Raises AuthenticationFailed."""
    try:
        header = jwt.get_unverified_header(token)
        key = ring.get(str(header.get("kid", "")))
        if header.get("typ") != typ or header.get("alg") != ALGORITHM or key is None:
            raise AuthenticationFailed("The token is not valid.", code="token_not_valid")
        return jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=issuer,
            options={"require": ["exp", "iat", "aud", "iss"]},
        )
    except jwt.InvalidTokenError:
        raise AuthenticationFailed("The token is not valid.", code="token_not_valid") from None


def _bearer(request: Request | HttpRequest) -> str | None:
    parts = request.META.get("HTTP_AUTHORIZATION", "").split()
    if not parts or parts[0].lower() != "bearer":
        return None
    if len(parts) != 2:
        raise AuthenticationFailed("The Authorization header is malformed.", code="token_not_valid")
    return str(parts[1])


class UserAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`. A bad token is 401 on public routes too; none at all is a guest."""

    def authenticate(self, request: Request) -> tuple[Caller, dict[str, Any]] | None:
        claims = _user_claims(request._request)
        if claims is None:
            return None
        speaking = _caller(claims)
        context.remember_user(str(speaking.id), speaking.roles)
        return speaking, claims

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="nexus"'


def _user_claims(request: HttpRequest) -> dict[str, Any] | None:
    """Of the access token, checked once a request, whoever asks first. Raises AuthenticationFailed."""
    if not hasattr(request, CLAIMS):
        token = _bearer(request)
        claims = (
            None
            if token is None
            else decode(
                token,
                ring=key_ring(settings.JWT_PUBLIC_KEYS_DIR),
                typ=ACCESS_TYPE,
                audience=settings.JWT_AUDIENCE,
                issuer=settings.JWT_ISSUER,
            )
        )
        setattr(request, CLAIMS, claims)
    checked: dict[str, Any] | None = getattr(request, CLAIMS)
    return checked


def caller(request: HttpRequest) -> Caller | None:
    """Who speaks, on pages that are no API view; None for a guest. Raises AuthenticationFailed."""
    claims = _user_claims(request)
    return _caller(claims) if claims else None


def user_of(request: HttpRequest) -> UUID | None:
    """The user whose token came with the request; None for a guest. Raises AuthenticationFailed."""
    speaking = caller(request)
    return speaking.id if speaking else None


def _caller(claims: dict[str, Any]) -> Caller:
    try:
        vendor_id = claims.get("vendor_id")
        return Caller(
            id=UUID(claims["sub"]),
            session_id=UUID(claims["sid"]),
            roles=frozenset(claims["roles"]),
            vendor_id=UUID(vendor_id) if vendor_id else None,
            vendor_role=str(claims.get("vendor_role") or ""),
            token_id=str(claims["jti"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AuthenticationFailed("The token is not valid.", code="token_not_valid") from None


class ServiceAuthentication(BaseAuthentication):
    """A token of another service, signed with its own key, for this service as audience."""

    def authenticate(self, request: Request) -> tuple[CallingService, dict[str, Any]] | None:
        token = _bearer(request)
        if token is None:
            return None
        claims = decode(
            token,
            ring=key_ring(settings.SERVICE_PUBLIC_KEYS_DIR),
            typ=SERVICE_TYPE,
            audience=settings.SERVICE,
            issuer=None,
        )
        if claims.get("iss") != jwt.get_unverified_header(token)["kid"]:
            raise AuthenticationFailed("The token is not valid.", code="token_not_valid")
        return CallingService(claims["iss"]), claims

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="nexus-internal"'


def service_token(audience: str) -> str:
    """A token that lets this service call the service `audience` (short name) for the next minute."""
    return signed(audience, by=settings.SERVICE, key=_service_key(settings.SERVICE_KEY_FILE))


def signed(audience: str, *, by: str, key: str) -> str:
    """As `service_token`, for who is no Django service: `by` is its name, `key` its private key (PEM)."""
    now = int(time.time())
    claims = {"iss": by, "aud": audience, "iat": now, "exp": now + SERVICE_TOKEN_LIFETIME.seconds}
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": by, "typ": SERVICE_TYPE})


@lru_cache(maxsize=1)
def _service_key(path: Path) -> str:
    return path.read_text()


class IsSignedIn(permissions.BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.user, Caller)


class IsService(permissions.BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.user, CallingService)


def only(*services: str) -> type[permissions.BasePermission]:
    """A permission class: the caller is one of these services."""
    return type("IsOneOf", (_IsOneOf,), {"services": frozenset(services)})


class _IsOneOf(permissions.BasePermission):
    services: Iterable[str] = ()

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.user, CallingService) and request.user.name in self.services


def roles(*allowed: str, area: str | tuple[str, ...] = ()) -> type[permissions.BasePermission]:
    """A permission class: the caller has one of these roles. `roles("vendor")` also asks for a vendor id, and with an
    `area` (or several, of which one is enough) for a role in that vendor that opens it.
    """
    areas = (area,) if isinstance(area, str) else area
    return type("HasRole", (_HasRole,), {"allowed": frozenset(allowed), "areas": areas})


class _HasRole(permissions.BasePermission):
    allowed: Iterable[str] = ()
    areas: tuple[str, ...] = ()

    def has_permission(self, request: Request, view: "APIView") -> bool:
        caller = request.user
        if not isinstance(caller, Caller):
            return False
        held = caller.roles & frozenset(self.allowed)
        if held - {"vendor"}:
            return True
        return "vendor" in held and caller.vendor_id is not None and (not self.areas or caller.sells(*self.areas))
