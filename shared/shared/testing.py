"""For tests of services: deliver messages, read what was published, make callers. Real databases, no patches."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone
from rest_framework.test import APIClient, ForceAuthClientHandler

from shared import auth, context
from shared.context import new_id
from shared.contracts import all_messages
from shared.contracts.user import RecordAudit
from shared.inbox import Subscriptions, handle
from shared.messages import Envelope, Message
from shared.models import OutboxMessage


def envelope(message: Message, *, correlation_id: str = "test-correlation", version: int | None = None) -> Envelope:
    return Envelope(
        id=new_id(),
        source=message.owner(),
        type=message.type,
        subject=message.subject,
        time=timezone.now(),
        correlationid=correlation_id,
        aggregateversion=version,
        data=message.model_dump(mode="json"),
    )


def deliver(message: Message, subscriptions: Subscriptions) -> bool:
    """Hand a message to the service as its consumer would, over JSON and the inbox."""
    wire = envelope(message).model_dump_json()
    return handle(Envelope.model_validate_json(wire), subscriptions)


def published(*contracts: type[Message]) -> list[Any]:
    """The messages in the outbox, oldest first, as typed objects; only of these contracts if any are named."""
    types = all_messages()
    rows = OutboxMessage.objects.order_by("position")
    if contracts:
        rows = rows.filter(type__in=[contract.type for contract in contracts])
    return [types[row.type].model_validate(row.envelope["data"]) for row in rows]


def audited() -> list[tuple[str, str]]:
    """The action and the subject's kind of every audit entry in the outbox, oldest first."""
    return [(entry.action, entry.subject_kind) for entry in published(RecordAudit)]


def make_key_files(folder: Path, kid: str) -> str:
    """Write `<kid>.pem` (public) into the folder and answer the private key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{kid}.pem").write_bytes(public)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def access_token(
    private_key: str, kid: str, *, user_id: UUID | None = None, roles: tuple[str, ...] = ("customer",), **claims: Any
) -> str:
    now = int(timezone.now().timestamp())
    payload = {
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "sub": str(user_id or new_id()),
        "sid": str(new_id()),
        "jti": str(new_id()),
        "roles": list(roles),
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        **{name: str(value) if isinstance(value, UUID) else value for name, value in claims.items()},
    }
    return jwt.encode(payload, private_key, algorithm=auth.ALGORITHM, headers={"kid": kid, "typ": auth.ACCESS_TYPE})


def client_as(
    *roles: str, user_id: UUID | None = None, vendor_id: UUID | None = None, session_id: UUID | None = None
) -> APIClient:
    """An API client whose requests come from a checked caller with these roles; none: a guest."""
    client = APIClient()
    if roles:
        caller: Any = auth.Caller(
            id=user_id or new_id(), session_id=session_id or new_id(), roles=frozenset(roles), vendor_id=vendor_id
        )
        client.handler = _SignedIn(enforce_csrf_checks=False)
        client.force_authenticate(caller)
    return client


class _SignedIn(ForceAuthClientHandler):
    """Remembers the caller where the check of a token would."""

    _force_user: Any

    def _get_response(self, request: Any) -> Any:
        context.remember_user(str(self._force_user.id), self._force_user.roles)
        return super()._get_response(request)  # type: ignore[misc]


def operator_as(*roles: str, user_id: UUID | None = None) -> Client:
    """A browser on the pages of Django's admin, signed in with these roles; none: a guest."""
    client = Client()
    if roles:
        client.handler = _WithClaims(enforce_csrf_checks=False)
        client.handler.claims = {
            "sub": str(user_id or new_id()), "sid": str(new_id()), "jti": str(new_id()), "roles": list(roles),
        }  # fmt: skip
    return client


class _WithClaims(ClientHandler):
    """Has the claims ready that the check of a token would find."""

    claims: dict[str, Any]

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        setattr(request, auth.CLAIMS, self.claims)
        return super().get_response(request)


def client_of(service: str) -> APIClient:
    """An API client that is another service."""
    client = APIClient()
    caller: Any = auth.CallingService(service)
    client.force_authenticate(caller)
    return client


def body(response: Any) -> Any:
    return json.loads(response.content)
