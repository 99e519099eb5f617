"""Messages in. The message's id is inserted in the handler's transaction: handled once, or not at all.

The insert comes first, so that a second delivery of the same message waits for the first to commit and then does
nothing (insert-first, as in Eventuate Tram).
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from shared.context import Context, acting
from shared.messages import Envelope, Message
from shared.models import InboxMessage

Handler = Callable[[Any], object]
Subscriptions = Mapping[type[Message], Handler]

CLAIM = """
    INSERT INTO inbox_message
        (consumer, message_id, type, subject, source, correlation_id, sent_at, handled_at, attempts, last_error)
    VALUES (%s, %s, %s, %s, %s, %s, %s, clock_timestamp(), 1, '')
    ON CONFLICT (consumer, message_id) DO UPDATE
        SET handled_at = clock_timestamp(), attempts = inbox_message.attempts + 1, last_error = ''
        WHERE inbox_message.handled_at IS NULL
    RETURNING id
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
    message = contract.model_validate(envelope.data)
    context = Context(envelope.correlationid, str(envelope.id), envelope.traceparent)
    with acting(context), transaction.atomic():
        if not _claim(envelope, consumer or settings.SERVICE):
            return False
        handler(message)
    return True


def _subscribed(type_: str, subscriptions: Subscriptions) -> tuple[type[Message], Handler]:
    for contract, handler in subscriptions.items():
        if contract.type == type_:
            return contract, handler
    raise UnknownMessage(type_)


def _claim(envelope: Envelope, consumer: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, _columns(envelope, consumer))
        return cursor.fetchone() is not None


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
