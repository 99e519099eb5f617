"""For tests of services: deliver messages, read what was published, make callers. Real databases, no patches."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.client import ClientHandler
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient, ForceAuthClientHandler

from shared import auth, context
from shared.context import new_id
from shared.contracts import all_messages
from shared.contracts.user import RecordAudit
from shared.inbox import Subscriptions, handle, handle_together
from shared.messages import Envelope, Message
from shared.models import OutboxMessage
from shared.operators import SIGN_IN

FOR_OPERATORS: dict[str, object] = {"admin": 200, "support": 200, "customer": 403, "vendor": 403, "guest": SIGN_IN}
NONSENSE = (
    "%00",
    "%ED%A0%80",
    "-1",
    "9" * 400,
    "1e999",
    "0000-00-00",
    "9999-12-31+23:59:59-14:00",
    "%F0%9F%8F%BA",
    "__",
)
"""What nobody would type into an address, quoted."""
FOR_ADMINS = {**FOR_OPERATORS, "support": 403}
"""What `answers_by_role` is for a page that operators look at, and for one that support does not see."""


def examples(usual: int) -> int:
    """How many of them Hypothesis thinks up: as usual, or NEXUS_THOROUGH times as many."""
    return usual * int(os.environ.get("NEXUS_THOROUGH", "1"))


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


def deliver_together(messages: Iterable[Message], subscriptions: Subscriptions) -> int:
    """Hand over messages of one type that are handled together; answers how many there were."""
    wires = [envelope(message).model_dump_json() for message in messages]
    return handle_together([Envelope.model_validate_json(wire) for wire in wires], subscriptions)


def published(*contracts: type[Message]) -> list[Any]:
    """The messages in the outbox, oldest first, as typed objects; only of these contracts if any are named."""
    types = all_messages()
    rows = OutboxMessage.objects.order_by("position")
    if contracts:
        rows = rows.filter(type__in=[contract.type for contract in contracts])
    return [types[row.type].model_validate(row.envelope["data"]) for row in rows]


def kept(*besides: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of the service whose tests these are, by table, without the columns named."""
    models = apps.get_app_config(settings.ROOT_URLCONF.partition(".")[0]).get_models()
    tables = {model._meta.db_table: model._default_manager.order_by("pk").values() for model in models}
    return {
        table: [{name: value for name, value in row.items() if name not in besides} for row in rows]
        for table, rows in tables.items()
    }


def in_parallel(times: int, run: Callable[[int], Any]) -> list[Any]:
    """What `run(0)`, `run(1)`, … answer or raise, all begun at one moment, each in a thread with its own connection."""
    barrier = threading.Barrier(times)
    answers: list[Any] = [None] * times

    def one(number: int) -> None:
        barrier.wait(20)
        try:
            answers[number] = run(number)
        except Exception as error:
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@contextmanager
def clock_process() -> Iterator[subprocess.Popen[bytes]]:
    """The clock of the service whose tests these are, as a process on their database; killed with -9 at the end."""
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    told = {**os.environ, "DATABASE_URL": url, "JOB_LEASE_SECONDS": "1", "MEDIA_ROOT": settings.MEDIA_ROOT}
    door = import_module(settings.ROOT_URLCONF).__file__
    assert door
    command = [sys.executable, "manage.py", "work", "--only", "clock"]
    service = Path(door).parents[1]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=service, env=told, stdout=quiet, stderr=quiet)  # noqa: S603 - its own file
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    """Another process works; all there is to see of it is in the database."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


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
    *roles: str,
    user_id: UUID | None = None,
    vendor_id: UUID | None = None,
    session_id: UUID | None = None,
    vendor_role: str = "",
) -> APIClient:
    """An API client whose requests come from a checked caller with these roles; none: a guest."""
    client = APIClient()
    if roles:
        caller: Any = auth.Caller(
            id=user_id or new_id(),
            session_id=session_id or new_id(),
            roles=frozenset(roles),
            vendor_id=vendor_id,
            vendor_role=vendor_role,
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


class Browser(Client):
    """On the pages of Django's admin."""

    def found(self, path: str, term: object, **filters: str) -> int:
        """How many records a search finds."""
        return int(self.get(path, {"q": str(term), **filters}).context["cl"].result_count)

    def found_by_odd_terms(self, path: str) -> int:
        return sum(self.found(path, term) for term in ("nobody", "100%", "ü\\'", "x" * 5_000, new_id()))

    def opened(self, path: str) -> set[int]:
        """What a list answers to each choice of each filter, and to a search for half a quotation."""
        page = self.get(path).context["cl"]
        queries = [choice["query_string"] for one in page.filter_specs for choice in one.choices(page)]
        return {self.get(f"{path}{query}").status_code for query in [*queries, "?q=%22"]}

    def upset_by(self, path: str) -> list[str]:
        """Which nonsense in the place of a filter's value, a page's number or a record's id a list fails on."""
        page = self.get(path).context["cl"]
        names = [name for one in page.filter_specs for name in one.expected_parameters() if name]
        names = sorted({*names, *(name.partition("__")[0] for name in names), "q", "o", "p", "all"})
        asked = [f"{path}?{name}={value}" for name in names for value in NONSENSE]
        asked += [f"{path}{value}/change/" for value in NONSENSE]
        self.raise_request_exception = False
        return [address for address in asked if self.get(address).status_code >= 500]

    def asked(self, path: str) -> int:
        """How often a page asks the database, once Django knows what it keeps."""
        self.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert self.get(path).status_code == 200
        return len(queries)

    def press(self, path: str, operation: str, *records: Model, reason: str = "") -> list[str]:
        """Carry an operation out on a list's records; what is told."""
        chosen = {
            "action": operation,
            "_selected_action": [record.pk for record in records],
            "index": "0",
            "sure": "yes",
        }
        told = self.post(path, {**chosen, "reason": reason}, follow=True).context["messages"]
        return [str(one) for one in told]


def operator_as(*roles: str, user_id: UUID | None = None) -> Browser:
    """Signed in with these roles; none: a guest."""
    client = Browser()
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


def lists_of_records() -> dict[str, type[Model]]:
    """Address of the list → model, of what this service alone shows operators."""
    label = f"{settings.SERVICE}_service"
    models = [model for model in admin.site._registry if model._meta.app_label == label]
    return {f"/admin/{settings.SERVICE}/{label}/{model._meta.model_name}/": model for model in models}


def answers_by_role(path: str) -> dict[str, object]:
    """What a page answers to whom: a status, or where a guest is sent."""
    roles = [role for role in FOR_OPERATORS if role != "guest"]
    answers = {role: operator_as(role).get(path, follow=True).status_code for role in roles}
    guests_way = operator_as().get(path, follow=True).redirect_chain
    return {**answers, "guest": guests_way[-1][0].partition("?")[0]}


def client_of(service: str) -> APIClient:
    """An API client that is another service."""
    client = APIClient()
    caller: Any = auth.CallingService(service)
    client.force_authenticate(caller)
    return client


def body(response: Any) -> Any:
    return json.loads(response.content)
