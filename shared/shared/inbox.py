"""Messages in. The message's id is inserted in the handler's transaction: handled once, or not at all.

The insert comes first, so that a second delivery of the same message waits for the first to commit and then does
nothing (insert-first, as in Eventuate Tram).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from shared import outbox
from shared.context import Context, acting
from shared.messages import Envelope, Message, Received
from shared.models import InboxMessage

Handler = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Together:
    """A function that takes several messages of one type, as they came, and asks the database once for all of them.

    It is given those that wait anyway, never more than `at_most`, and waits for none. All succeed in one transaction;
    if that fails, each is tried alone.
    """

    function: Callable[[Sequence[Received[Any]]], object]
    at_most: int = 32


Subscriptions = Mapping[type[Message], Handler | Together]

CLAIM = """
    INSERT INTO inbox_message
        (consumer, message_id, type, subject, source, correlation_id, sent_at, handled_at, attempts, last_error)
    SELECT one.*, clock_timestamp(), 1, ''
    FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]) AS one
    ON CONFLICT (consumer, message_id) DO UPDATE
        SET handled_at = clock_timestamp(), attempts = inbox_message.attempts + 1, last_error = ''
        WHERE inbox_message.handled_at IS NULL
    RETURNING message_id
"""

FAIL = """
    INSERT INTO inbox_message
        (consumer, message_id, type, subject, source, correlation_id, sent_at, handled_at, attempts, last_error)
    VALUES (%s, %s, %s, %s, %s, %s, %s, NULL, 1, %s)
    ON CONFLICT (consumer, message_id) DO UPDATE
        SET attempts = inbox_message.attempts + 1, last_error = EXCLUDED.last_error
    RETURNING attempts
"""


class UnknownMessage(Exception):
    """A message of a type this service does not subscribe to: its binding is older or newer than its code."""


def handle(envelope: Envelope, subscriptions: Subscriptions, *, consumer: str | None = None) -> bool:
    """Run the subscribed function in one transaction with the inbox row. False: it had been handled before.

    Raises UnknownMessage, pydantic.ValidationError (both permanent), and whatever the function raises.
    """
    contract, handler = _subscribed(envelope.type, subscriptions)
    if isinstance(handler, Together):
        return bool(handle_together([envelope], subscriptions, consumer=consumer))
    message = contract.model_validate(envelope.data)
    with acting(_context(envelope)), transaction.atomic():
        if not _claim([envelope], consumer or settings.SERVICE):
            return False
        handler(message)
    return True


def handle_together(envelopes: Sequence[Envelope], subscriptions: Subscriptions, *, consumer: str | None = None) -> int:
    """Run the function of messages of one type, which takes them together; answers how many it had not had before.

    Raises as `handle` does, and has then done nothing.
    """
    contract, handler = _subscribed(envelopes[0].type, subscriptions)
    assert isinstance(handler, Together)
    once = {envelope.id: envelope for envelope in envelopes}
    messages = {id_: Received(contract.model_validate(one.data), _context(one)) for id_, one in once.items()}
    with transaction.atomic(), outbox.gathered():
        fresh = _claim(list(once.values()), consumer or settings.SERVICE)
        if fresh:
            handler.function([message for id_, message in messages.items() if id_ in fresh])
    return len(fresh)


def _context(envelope: Envelope) -> Context:
    return Context(envelope.correlationid, str(envelope.id), envelope.traceparent)


def _subscribed(type_: str, subscriptions: Subscriptions) -> tuple[type[Message], Handler | Together]:
    """Raises UnknownMessage."""
    for contract, handler in subscriptions.items():
        if contract.type == type_:
            return contract, handler
    raise UnknownMessage(type_)


def _claim(envelopes: Sequence[Envelope], consumer: str) -> set[UUID]:
    """The ids of those that are handled for the first time; in key order, so that two who have the same messages wait
    for each other in one direction only.
    """
    rows = sorted((_columns(envelope, consumer) for envelope in envelopes), key=itemgetter(1))
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [list(column) for column in zip(*rows, strict=True)])
        return {message_id for (message_id,) in cursor.fetchall()}


def record_failure(envelope: Envelope, error: BaseException, *, consumer: str | None = None) -> int:
    """Count a failed attempt, in a transaction of its own. Answers how many there have been."""
    text = f"{type(error).__name__}: {error}"[:2_000]
    with connection.cursor() as cursor:
        cursor.execute(FAIL, [*_columns(envelope, consumer or settings.SERVICE), text])
        return int(cursor.fetchone()[0])


def forget_attempts(message_id: str, *, consumer: str | None = None) -> None:
    """Before a replay: the message gets all its attempts again."""
    rows = InboxMessage.objects.filter(consumer=consumer or settings.SERVICE, message_id=message_id)
    rows.filter(handled_at__isnull=True).update(attempts=0, last_error="")


def _columns(envelope: Envelope, consumer: str) -> list[Any]:
    return [
        consumer, envelope.id, envelope.type, envelope.subject, envelope.source, envelope.correlationid, envelope.time,
    ]  # fmt: skip


def clean_up(keep: timedelta, batch: int = 5_000) -> int:
    """Delete what was handled longer ago than `keep`: longer than any message can still be redelivered."""
    old = InboxMessage.objects.filter(handled_at__lt=timezone.now() - keep).order_by("handled_at")
    return InboxMessage.objects.filter(id__in=list(old.values_list("id", flat=True)[:batch])).delete()[0]
