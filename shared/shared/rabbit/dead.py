"""Dead messages: what a service gave up on. Listed without being moved, replayed, or dropped."""

from collections.abc import Collection
from dataclasses import dataclass

import pika
from django.conf import settings
from django.db import transaction
from pika.adapters.blocking_connection import BlockingChannel

from shared import inbox
from shared.rabbit.topology import channel, dead_queue


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message that was given up on, and why."""

    id: str
    type: str
    error: str
    attempts: int
    failed_at: str
    body: bytes


def dead_messages(limit: int = 1_000) -> list[DeadMessage]:
    """What is in the dead queue, oldest first; it stays there."""
    with channel() as ch:
        return [_dead(properties, body) for _tag, properties, body in _peek(ch, limit)]


def replay_dead(ids: Collection[str] | None) -> int:
    """Put dead messages back into the service's queue with all attempts ahead of them. None: every one."""
    return _take_dead(ids, into=settings.SERVICE)


def drop_dead(ids: Collection[str] | None) -> int:
    """Delete dead messages for good. None: every one."""
    return _take_dead(ids, into=None)


def _take_dead(ids: Collection[str] | None, into: str | None) -> int:
    taken = 0
    with channel() as ch:
        for tag, properties, body in _peek(ch, 10_000):
            if ids is not None and properties.message_id not in ids:
                continue
            if into:
                with transaction.atomic():
                    inbox.forget_attempts(properties.message_id or "")
                ch.basic_publish("", into, body, properties, mandatory=True)
            ch.basic_ack(tag)
            taken += 1
    return taken


def _peek(ch: BlockingChannel, limit: int) -> list[tuple[int, pika.BasicProperties, bytes]]:
    """Fetch without acknowledging: whatever is not acknowledged returns to its place when the channel closes."""
    found: list[tuple[int, pika.BasicProperties, bytes]] = []
    while len(found) < limit:
        method, properties, body = ch.basic_get(dead_queue(settings.SERVICE))
        if method is None or properties is None or body is None:
            break
        found.append((method.delivery_tag or 0, properties, body))
    return found


def _dead(properties: pika.BasicProperties, body: bytes) -> DeadMessage:
    headers = properties.headers or {}
    return DeadMessage(
        id=properties.message_id or "",
        type=properties.type or "",
        error=str(headers.get("x-error", "delivered too often")),
        attempts=int(headers.get("x-attempts", 0)),
        failed_at=str(headers.get("x-failed-at", "")),
        body=body,
    )
