"""Messages out. `publish` writes a row in the caller's transaction; the relay (shared.rabbit) carries it to the broker.

No cursor runs over the sequence: sequence order is not commit order, so a cursor would step over rows that commit
late. The relay asks for what is unpublished, which a partial index keeps cheap however long the table's history is.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from shared.context import current, new_id
from shared.messages import Command, Envelope, Event, Message
from shared.models import OutboxMessage


class OutsideTransaction(RuntimeError):
    """publish() was called where nothing would roll the message back with the state that it tells of."""


class NotYours(RuntimeError):
    """A service told another's event, or asked a command that its contract does not let it ask."""


_gathering: ContextVar[tuple[int, list[OutboxMessage]] | None] = ContextVar("nexus_outbox", default=None)
"""Depth of the transaction, and what has been published in it so far."""


def publish(message: Message, *, version: int | None = None) -> None:
    """Record a message to be sent when, and only when, the current transaction commits.

    `version` is the aggregate's version after the change; consumers drop what is older than what they have.
    Raises OutsideTransaction, NotYours.
    """
    publish_all([(message, version)])


def publish_all(messages: Iterable[tuple[Message, int | None]]) -> None:
    """As publish, for any number of messages and their versions, in one statement; they are sent in this order."""
    rows = []
    for message, version in messages:
        _refuse_what_may_not_be_sent(message)
        rows.append(OutboxMessage(**_row(message, version)))
    gathering = _gathering.get()
    if gathering is None:
        OutboxMessage.objects.bulk_create(rows)
    elif gathering[0] == len(connection.savepoint_ids):
        gathering[1].extend(rows)
    else:
        raise RuntimeError("what is gathered could not be rolled back with a part of the transaction")
    for row in rows:
        transaction.on_commit(partial(current().told.append, (row.type, row.message_id)))


@contextmanager
def gathered() -> Iterator[None]:
    """Write whatever is published inside by one statement, at the end, in the order in which it was published."""
    rows: list[OutboxMessage] = []
    token = _gathering.set((len(connection.savepoint_ids), rows))
    try:
        yield
    finally:
        _gathering.reset(token)
    OutboxMessage.objects.bulk_create(rows)


def _refuse_what_may_not_be_sent(message: Message) -> None:
    if not connection.in_atomic_block:
        raise OutsideTransaction(message.type)
    if settings.SERVICE not in _tellers(message):
        raise NotYours(f"{settings.SERVICE} may not send {message.type}")


def _tellers(message: Message) -> Collection[str]:
    return message.asked_by if isinstance(message, Command) else (message.owner(),)


def _row(message: Message, version: int | None) -> dict[str, object]:
    context, message_id = current(), new_id()
    envelope = Envelope(
        id=message_id,
        source=settings.SERVICE,
        type=message.type,
        subject=message.subject,
        time=timezone.now(),
        correlationid=context.correlation_id,
        causationid=context.causation_id,
        traceparent=context.traceparent,
        aggregateversion=version,
        data=message.model_dump(mode="json"),
    )
    return {
        "message_id": message_id,
        "type": message.type,
        "subject": message.subject,
        "correlation_id": context.correlation_id,
        "envelope": envelope.model_dump(mode="json", exclude_none=True),
        "sensitive": message.sensitive,
        "mandatory": not (isinstance(message, Event) and message.unheard),
    }


class Waiting(NamedTuple):
    """A message that is to be sent. `body` is its envelope, as JSON."""

    position: int
    message_id: UUID
    type: str
    subject: str
    correlation_id: str
    body: str
    mandatory: bool


def next_wave(limit: int, blocked: Collection[str] = ()) -> list[Waiting]:
    """The oldest unpublished message of each aggregate, at most `limit`, without the `blocked` subjects.

    One a subject: when the first is not confirmed, the second has not overtaken it. Asked all day, and mostly in vain:
    so without the ORM.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, [list(blocked), limit])
        rows = [Waiting(*row) for row in cursor.fetchall()]
    firsts: dict[str, Waiting] = {}
    for row in rows:
        firsts.setdefault(row.subject, row)
    return list(firsts.values())


def mark_published(positions: Collection[int]) -> None:
    """Remember that the broker has them; what was sensitive is erased instead of kept."""
    with connection.cursor() as cursor:
        cursor.execute(_PUBLISHED, [list(positions)] * 2)


_OLDEST = """
    SELECT position, message_id, type, subject, correlation_id, envelope::text, mandatory FROM outbox_message
    WHERE published_at IS NULL AND NOT subject = ANY(%s) ORDER BY position LIMIT %s
"""
_PUBLISHED = """
    WITH erased AS (DELETE FROM outbox_message WHERE position = ANY(%s) AND sensitive)
    UPDATE outbox_message SET published_at = clock_timestamp() WHERE position = ANY(%s) AND NOT sensitive
"""


def oldest_pending() -> datetime | None:
    row = OutboxMessage.objects.filter(published_at__isnull=True).order_by("position").first()
    return row.recorded_at if row else None


def clean_up(keep: timedelta, batch: int = 5_000) -> int:
    """Delete what was published longer ago than `keep`, in small bites; answers how many rows went."""
    old = OutboxMessage.objects.filter(published_at__lt=timezone.now() - keep).order_by("published_at")
    return OutboxMessage.objects.filter(position__in=list(old.values_list("position", flat=True)[:batch])).delete()[0]
