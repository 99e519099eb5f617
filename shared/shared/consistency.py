"""Read your writes, across services: an answer names the messages that its request sent; a later one waits for them.

    POST products/…/approve ──▶ Consistency-Token: catalog.offer_changed.v1:0193…
    POST cart/items, with it ──▶ answered as soon as cart has handled that message; after 2 s, 503 with Retry-After

Only what the first request itself told is waited for, not what others told because of it. Messages that the asked
service does not hear are none of its concern, so that one token may be shown to every service.
"""

import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from shared import context
from shared.errors import Invalid, Refused, Unavailable
from shared.http import PROBLEM, problem
from shared.models import InboxMessage, OutboxMessage

HEADER = "Consistency-Token"
MESSAGES = 8
"""So many of a request's messages are named, the last ones."""
_PAUSE_SECONDS = 0.02
_places = threading.BoundedSemaphore(4)
"""Whoever waits keeps a thread from others: no more than so many in each process."""


class NotHereYet(Unavailable):
    code = "not_here_yet"
    title = "What you wrote has not arrived here yet"


class ConsistencyMiddleware:
    """Waits for what the request's token names; names what the request told."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/v1/"):
            return self.get_response(request)
        try:
            wait_for(read_token(request.headers.get(HEADER, "")))
        except Refused as error:
            return _refusal(error)
        response = self.get_response(request)
        told = context.current().told
        if told and response.status_code < 400:
            response.setdefault(HEADER, token(told))
        return response


def _refusal(error: Refused) -> HttpResponse:
    body = problem(error.code, error.title, error.status, error.detail, getattr(error, "errors", None))
    after = {"Retry-After": str(error.retry_after)} if isinstance(error, NotHereYet) else {}
    return JsonResponse(body, status=error.status, content_type=PROBLEM, headers=after)


def token(told: Iterable[tuple[str, UUID]]) -> str:
    return ",".join(f"{type_}:{message_id}" for type_, message_id in list(told)[-MESSAGES:])


def token_of(correlation_id: str) -> str:
    """Of a request that was answered before, as far as its messages are still kept."""
    rows = OutboxMessage.objects.filter(correlation_id=correlation_id, sensitive=False).order_by("-position")
    return token(reversed(list(rows.values_list("type", "message_id")[:MESSAGES])))


def read_token(text: str) -> dict[UUID, str]:
    """Message id → type. Raises Invalid."""
    named = [part.partition(":") for part in text.split(",") if part]
    try:
        if len(named) > MESSAGES:
            raise ValueError
        return {UUID(message_id): type_ for type_, _colon, message_id in named}
    except ValueError:
        raise Invalid({HEADER: ["Not a token that an answer here ever had."]}) from None


def wait_for(named: dict[UUID, str]) -> None:
    """Until this service has handled those messages which it hears. Raises NotHereYet."""
    missing = {message_id for message_id, type_ in named.items() if type_ in heard_here()}
    if not missing or _arrived(missing):
        return
    if not _places.acquire(blocking=False):
        raise NotHereYet()
    try:
        _wait(missing)
    finally:
        _places.release()


def _wait(missing: set[UUID]) -> None:
    until = time.monotonic() + settings.READ_AFTER_WRITE_SECONDS
    while time.monotonic() < until:
        connection.close()  # to the pool: others may need it more
        time.sleep(_PAUSE_SECONDS)
        if _arrived(missing):
            return
    raise NotHereYet()


def _arrived(missing: set[UUID]) -> bool:
    """What was sent longer ago than the inbox remembers counts as handled."""
    forgotten = timezone.now() - settings.INBOX_KEEP
    awaited = [one for one in missing if context.made_at(one) > forgotten]
    rows = InboxMessage.objects.filter(consumer=settings.SERVICE, message_id__in=awaited, handled_at__isnull=False)
    return rows.count() == len(awaited)


@lru_cache(maxsize=1)
def heard_here() -> frozenset[str]:
    door = import_module(f"{settings.SERVICE}_service.subscriptions")
    return frozenset(contract.type for contract in door.SUBSCRIPTIONS)
