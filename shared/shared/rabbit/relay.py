"""The relay: carries the outbox to the broker, in batches, marking only what a queue has taken."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pika
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from shared import inbox, outbox, plans
from shared.outbox import Waiting
from shared.rabbit.topology import EXCHANGE, LOST, parameters

log = logging.getLogger("nexus.relay")
RETRY_BLOCKED_AFTER_SECONDS = 1.0
SLOWER, SELDOM = 1.1, 4
"""While nothing waits in the outbox, each look is a little later than the one before, up to so many times later."""


@dataclass
class Publisher:
    """Publishes batches over one connection and waits for the broker's word on each message.

    pika's blocking channel waits for every single confirm; this drives the asynchronous one and waits for the batch.
    """

    url: str
    _connection: Any = None
    _channel: Any = None
    _unconfirmed: dict[int, int] = field(default_factory=dict)
    _refused: set[int] = field(default_factory=set)
    _by_message_id: dict[str, int] = field(default_factory=dict)
    _next_tag: int = 0
    _failure: BaseException | None = None

    def connect(self) -> None:
        self._failure, self._next_tag, self._channel = None, 0, None
        self._connection = pika.SelectConnection(
            parameters(self.url, f"{settings.SERVICE}.relay"),
            on_open_callback=lambda c: c.channel(on_open_callback=self._opened),
            on_open_error_callback=lambda _c, error: self._fail(error),
            on_close_callback=lambda _c, error: self._fail(error),
        )
        self._run_until(lambda: self._channel is not None)

    def publish(self, rows: Sequence[Waiting]) -> set[int]:
        """Positions that the broker confirmed and a queue took. Raises an AMQP error when the connection is lost."""
        self._unconfirmed, self._refused, self._by_message_id = {}, set(), {}
        for row in rows:
            self._send(row)
        self._run_until(lambda: not self._unconfirmed)
        return {row.position for row in rows} - self._refused

    def wait(self, seconds: float) -> None:
        """Serve heartbeats for a while, or until `wake`."""
        handle = self._connection.ioloop.call_later(seconds, self._connection.ioloop.stop)
        self._connection.ioloop.start()
        self._connection.ioloop.remove_timeout(handle)
        if self._failure:
            raise self._failure

    def wake(self) -> None:
        """From another thread: end `wait` now."""
        if self._connection is not None:
            self._connection.ioloop.add_callback_threadsafe(self._connection.ioloop.stop)

    def close(self) -> None:
        if self._connection is not None and self._connection.is_open:
            self._connection.close()
            with suppress(*LOST):
                self._run_until(lambda: self._connection.is_closed)

    def _opened(self, opened: Any) -> None:
        opened.add_on_close_callback(lambda _c, error: self._fail(error))
        opened.add_on_return_callback(self._returned)
        opened.confirm_delivery(self._confirmed, callback=lambda _frame: self._ready(opened))

    def _ready(self, opened: Any) -> None:
        self._channel = opened
        self._connection.ioloop.stop()

    def _send(self, row: Waiting) -> None:
        self._next_tag += 1
        self._unconfirmed[self._next_tag] = row.position
        self._by_message_id[str(row.message_id)] = row.position
        properties = pika.BasicProperties(
            content_type="application/cloudevents+json",
            delivery_mode=2,
            message_id=str(row.message_id),
            type=row.type,
            correlation_id=row.correlation_id,
            app_id=settings.SERVICE,
        )
        self._channel.basic_publish(EXCHANGE, row.type, row.body.encode(), properties, mandatory=row.mandatory)

    def _returned(self, _channel: Any, method: Any, properties: pika.BasicProperties, _body: bytes) -> None:
        log.error("no queue takes %s", method.routing_key)
        self._refused.add(self._by_message_id[properties.message_id or ""])

    def _confirmed(self, frame: Any) -> None:
        tag, positive = frame.method.delivery_tag, isinstance(frame.method, pika.spec.Basic.Ack)
        tags = [t for t in self._unconfirmed if t <= tag] if frame.method.multiple else [tag]
        for confirmed in tags:
            position = self._unconfirmed.pop(confirmed, None)
            if position is not None and not positive:
                self._refused.add(position)
        if not self._unconfirmed:
            self._connection.ioloop.stop()

    def _fail(self, error: BaseException) -> None:
        self._failure = error if isinstance(error, Exception) else ConnectionError(str(error))
        self._connection.ioloop.stop()

    def _run_until(self, done: Callable[[], bool]) -> None:
        while not done():
            if self._failure:
                raise self._failure
            self._connection.ioloop.start()
        if self._failure and not self._connection.is_closed:
            raise self._failure


class Relay:
    """Carries the outbox to the broker. One is active a service (advisory lock); others stand by."""

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.publisher = Publisher(settings.RABBITMQ_URL)
        self._blocked: dict[str, float] = {}
        self._cleaned = 0.0

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self._relay_while_connected()
            except LOST as error:
                log.warning("relay lost the broker: %s: %s", type(error).__name__, error)
                self.stopping.wait(0.5)
            except (OperationalError, InterfaceError) as error:
                log.warning("relay lost the database: %s", error)
                connection.close()
                self.stopping.wait(0.5)
        self.publisher.close()
        connection.close()

    def wake(self) -> None:
        self.publisher.wake()

    def _relay_while_connected(self) -> None:
        self.publisher.connect()
        try:
            often = pause = settings.OUTBOX_POLL_MS / 1000
            while not self.stopping.is_set():
                if not self._is_active():
                    self.publisher.wait(1.0)
                elif self._carry_one_wave():
                    pause = often
                else:
                    self._clean_now_and_then()
                    self.publisher.wait(pause)
                    pause = min(pause * SLOWER, often * SELDOM)
        finally:
            self.publisher.close()

    def _is_active(self) -> bool:
        """Hold the service's advisory lock on this thread's connection; it goes when the connection does.

        Nobody waits for the disk here: what is not known to be sent is sent again, and its inbox knows it.
        """
        if getattr(connection, "nexus_relay", None) is connection.connection is not None:
            return True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"relay:{settings.SERVICE}"])
            active = bool(cursor.fetchone()[0])
            cursor.execute("SET synchronous_commit = off")
        connection.nexus_relay = connection.connection if active else None  # type: ignore[attr-defined]
        return active

    def _carry_one_wave(self) -> int:
        with plans.kept():
            rows = outbox.next_wave(settings.OUTBOX_BATCH, self._still_blocked())
            confirmed = self.publisher.publish(rows) if rows else set()
            if confirmed:
                outbox.mark_published(confirmed)
        retry_at = time.monotonic() + RETRY_BLOCKED_AFTER_SECONDS
        self._blocked.update({row.subject: retry_at for row in rows if row.position not in confirmed})
        return len(confirmed)

    def _still_blocked(self) -> Collection[str]:
        now = time.monotonic()
        self._blocked = {subject: until for subject, until in self._blocked.items() if until > now}
        return self._blocked.keys()

    def _clean_now_and_then(self) -> None:
        if time.monotonic() - self._cleaned > 60:
            outbox.clean_up(settings.OUTBOX_KEEP)
            inbox.clean_up(settings.INBOX_KEEP)
            self._cleaned = time.monotonic()
