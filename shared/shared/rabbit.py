"""RabbitMQ: the topology, the relay that empties the outbox, the consumer that fills the inbox, the dead queue.

    outbox ──relay──▶ exchange nexus ──▶ queue <service> ──consumer──▶ inbox + handler
                                            ▲      │ fails, may work later
                      <service>.wait.1s … ──┘◀─────┤
                                                   └ never will ──▶ <service>.dead

The only file that imports pika. One connection publishes, another consumes: a memory alarm stops a connection that has
published, its acks too. Confirms and `mandatory` are on: without the latter a confirm says nothing about a queue.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pika
import pika.exceptions
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils import timezone
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import ValidationError

from shared import inbox, outbox
from shared.context import Context, acting
from shared.errors import Delayed, Refused
from shared.inbox import Subscriptions, UnknownMessage
from shared.messages import Envelope
from shared.models import OutboxMessage, WorkerReport

log = logging.getLogger("nexus.rabbit")

EXCHANGE = "nexus"
TIERS = {"1s": 1_000, "10s": 10_000, "1m": 60_000, "10m": 600_000}
"""Delay tier → milliseconds. A queue each: a time to live per message would wait behind the head of one queue."""
DELIVERY_LIMIT = 50
"""Counts deliveries, kills included, so it is only the last resort; attempts are counted in the inbox."""
HEARTBEAT_SECONDS = 30
BLOCKED_TIMEOUT_SECONDS = 300
RETRY_BLOCKED_AFTER_SECONDS = 1.0
PERMANENT = (ValidationError, UnknownMessage, Refused)
LOST = (pika.exceptions.AMQPError, OSError)


def _parameters(url: str, name: str) -> pika.URLParameters:
    parameters = pika.URLParameters(url)
    parameters.heartbeat = HEARTBEAT_SECONDS
    parameters.blocked_connection_timeout = BLOCKED_TIMEOUT_SECONDS
    parameters.socket_timeout = 5
    parameters.stack_timeout = 10
    parameters.client_properties = {"connection_name": name}
    return parameters


@contextmanager
def channel(url: str | None = None) -> Iterator[BlockingChannel]:
    """A short-lived connection with confirms on, for provisioning, the dead queue and the rare retry."""
    open_connection = pika.BlockingConnection(_parameters(url or settings.RABBITMQ_URL, f"{settings.SERVICE}.short"))
    try:
        opened = open_connection.channel()
        opened.confirm_delivery()
        yield opened
    finally:
        if open_connection.is_open:
            open_connection.close()


# ── Topology: provisioned once by a command, never by the processes that use it ──────────────────────────────────────


def wait_queue(service: str, tier: str) -> str:
    return f"{service}.wait.{tier}"


def dead_queue(service: str) -> str:
    return f"{service}.dead"


def provision(subscriptions: Subscriptions, url: str | None = None) -> None:
    """Declare the service's queues and make its bindings exactly those of its subscriptions; idempotent."""
    service = settings.SERVICE
    with channel(url or settings.RABBITMQ_ADMIN_URL) as ch:
        ch.exchange_declare(EXCHANGE, "topic", durable=True)
        _declare(ch, dead_queue(service), {})
        _declare(ch, service, {"x-delivery-limit": DELIVERY_LIMIT, **_dead_letter_to(dead_queue(service))})
        for tier, milliseconds in TIERS.items():
            _declare(ch, wait_queue(service, tier), {"x-message-ttl": milliseconds, **_dead_letter_to(service)})
        for contract in subscriptions:
            ch.queue_bind(service, EXCHANGE, contract.type)


def _declare(ch: BlockingChannel, name: str, arguments: dict[str, Any]) -> None:
    ch.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})


def _dead_letter_to(queue_name: str) -> dict[str, Any]:
    """At least once, which RabbitMQ gives only to a queue that rejects what overflows."""
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue_name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def unbind(subscriptions: Subscriptions, gone: Collection[str]) -> None:
    """Remove bindings of types that are no longer subscribed to."""
    with channel(settings.RABBITMQ_ADMIN_URL) as ch:
        for type_ in gone:
            if all(contract.type != type_ for contract in subscriptions):
                ch.queue_unbind(settings.SERVICE, EXCHANGE, type_)


# ── Relay ────────────────────────────────────────────────────────────────────────────────────────────────────────────


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
            _parameters(self.url, f"{settings.SERVICE}.relay"),
            on_open_callback=lambda c: c.channel(on_open_callback=self._opened),
            on_open_error_callback=lambda _c, error: self._fail(error),
            on_close_callback=lambda _c, error: self._fail(error),
        )
        self._run_until(lambda: self._channel is not None)

    def publish(self, rows: Sequence[OutboxMessage]) -> set[int]:
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
            try:
                self._run_until(lambda: self._connection.is_closed)
            except LOST:
                pass

    def _opened(self, opened: Any) -> None:
        opened.add_on_close_callback(lambda _c, error: self._fail(error))
        opened.add_on_return_callback(self._returned)
        opened.confirm_delivery(self._confirmed, callback=lambda _frame: self._ready(opened))

    def _ready(self, opened: Any) -> None:
        self._channel = opened
        self._connection.ioloop.stop()

    def _send(self, row: OutboxMessage) -> None:
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
        body = json.dumps(row.envelope, separators=(",", ":")).encode()
        self._channel.basic_publish(EXCHANGE, row.type, body, properties, mandatory=row.mandatory)

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
            while not self.stopping.is_set():
                if not self._is_active():
                    self.publisher.wait(1.0)
                elif not self._carry_one_wave():
                    self._clean_now_and_then()
                    self.publisher.wait(settings.OUTBOX_POLL_MS / 1000)
        finally:
            self.publisher.close()

    def _is_active(self) -> bool:
        """Hold the service's advisory lock on this thread's connection; it goes when the connection does."""
        if getattr(connection, "nexus_relay", None) is connection.connection is not None:
            return True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"relay:{settings.SERVICE}"])
            active = bool(cursor.fetchone()[0])
        connection.nexus_relay = connection.connection if active else None  # type: ignore[attr-defined]
        return active

    def _carry_one_wave(self) -> int:
        rows = outbox.next_wave(settings.OUTBOX_BATCH, self._still_blocked())
        if not rows:
            return 0
        confirmed = self.publisher.publish(rows)
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


# ── Consumer ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Delivery:
    tag: int
    body: bytes
    properties: pika.BasicProperties


class Consumer:
    """Takes messages: input and output in this thread, handlers in others with their own database connections.

    A handler that takes longer than a heartbeat does not cost the connection. A message is acknowledged after its
    transaction has committed. `stop` finishes the messages being handled and gives back those not started.
    """

    def __init__(
        self, subscriptions: Subscriptions, stopping: threading.Event, after_commit: Callable[[], None]
    ) -> None:
        self.subscriptions = subscriptions
        self.stopping = stopping
        self.after_commit = after_commit
        self._waiting: queue.Queue[Delivery | None] = queue.Queue()
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._cancelled = False
        self._generation = 0

    def run(self) -> None:
        """Until stopped: consume; whatever ends the loop, a broker's cancel too, connect anew."""
        while not self.stopping.is_set():
            try:
                self._consume_while_connected()
            except LOST as error:
                log.warning("consumer lost the broker: %s: %s", type(error).__name__, error)
            if not self.stopping.is_set():
                self.stopping.wait(1.0)

    def _consume_while_connected(self) -> None:
        self._generation += 1
        self._cancelled, self._waiting = False, queue.Queue()
        self._connection = pika.BlockingConnection(_parameters(settings.RABBITMQ_URL, f"{settings.SERVICE}.consumer"))
        self._channel = self._connection.channel()
        self._channel.basic_qos(prefetch_count=settings.CONSUMER_PREFETCH)
        self._channel.add_on_cancel_callback(self._on_cancel)
        self._channel.basic_consume(settings.SERVICE, self._on_message)
        threads = self._start_handlers()
        try:
            self._serve()
        finally:
            self._finish(threads)

    def _on_cancel(self, _frame: Any) -> None:
        log.warning("the broker cancelled the consumer")
        self._cancelled = True

    def _on_message(self, _channel: Any, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        self._waiting.put(Delivery(method.delivery_tag, body, properties))

    def _serve(self) -> None:
        assert self._connection and self._channel
        report_at = 0.0
        while not self.stopping.is_set() and not self._cancelled and self._channel.is_open:
            self._connection.process_data_events(time_limit=0.5)
            if time.monotonic() > report_at:
                self._report()
                report_at = time.monotonic() + 5

    def _start_handlers(self) -> list[threading.Thread]:
        threads = [
            threading.Thread(
                target=self._work, args=(self._waiting, self._generation), name=f"handler:{n}", daemon=True
            )
            for n in range(settings.CONSUMER_THREADS)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _finish(self, threads: list[threading.Thread]) -> None:
        """Drop what was not started, let what runs finish (serving heartbeats meanwhile), then hang up."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        for _ in threads:
            self._waiting.put(None)
        while any(thread.is_alive() for thread in threads):
            self._idle(0.1)
        self._idle(0)
        if self._connection is not None and self._connection.is_open:
            self._connection.close()

    def _idle(self, seconds: float) -> None:
        if self._connection is not None and self._connection.is_open:
            try:
                self._connection.process_data_events(time_limit=seconds)
                return
            except LOST:
                pass
        time.sleep(min(seconds, 0.05))

    def _work(self, waiting: "queue.Queue[Delivery | None]", generation: int) -> None:
        while (delivery := waiting.get()) is not None:
            if self.stopping.is_set():
                continue
            self._handle(delivery, generation)
            self.after_commit()
        connection.close()

    def _handle(self, delivery: Delivery, generation: int) -> None:
        while not self.stopping.is_set():
            try:
                self._attempt(delivery)
            except (OperationalError, InterfaceError) as error:
                log.warning("handler waits for the database: %s", error)
                connection.close()
                self.stopping.wait(1.0)
                continue
            except LOST as error:
                log.warning("a failed message could not be moved: %s", error)
                self.stopping.wait(1.0)
                continue
            self._acknowledge(delivery.tag, generation)
            return

    def _attempt(self, delivery: Delivery) -> None:
        close_old_connections()
        try:
            envelope = Envelope.model_validate_json(delivery.body)
        except ValidationError as error:
            _forward(dead_queue(settings.SERVICE), delivery, f"not an envelope: {error}", 0)
            return
        with acting(Context(envelope.correlationid, str(envelope.id), envelope.traceparent)):
            self._handle_envelope(envelope, delivery)

    def _handle_envelope(self, envelope: Envelope, delivery: Delivery) -> None:
        started = time.perf_counter()
        try:
            fresh = inbox.handle(envelope, self.subscriptions)
        except (OperationalError, InterfaceError) as error:
            if _is_contention(error):
                self._failed(envelope, delivery, error)
                return
            raise
        except Exception as error:
            self._failed(envelope, delivery, error)
            return
        took = round((time.perf_counter() - started) * 1000, 1)
        log.info("message", extra={"type": envelope.type, "subject": envelope.subject, "ms": took, "fresh": fresh})

    def _failed(self, envelope: Envelope, delivery: Delivery, error: Exception) -> None:
        attempts = inbox.record_failure(envelope, error)
        permanent = isinstance(error, PERMANENT) and not isinstance(error, Delayed)
        tier = (
            None if permanent or attempts >= settings.MESSAGE_ATTEMPTS else list(TIERS)[min(attempts, len(TIERS)) - 1]
        )
        target = wait_queue(settings.SERVICE, tier) if tier else dead_queue(settings.SERVICE)
        log.log(
            logging.WARNING if tier else logging.ERROR, "%s failed, goes to %s", envelope.type, target, exc_info=error
        )
        _forward(target, delivery, f"{type(error).__name__}: {error}", attempts)

    def _acknowledge(self, tag: int, generation: int) -> None:
        """In the I/O thread, and only on the connection the message came from."""

        def acknowledge() -> None:
            if generation == self._generation and self._channel is not None and self._channel.is_open:
                self._channel.basic_ack(tag)

        if self._connection is not None and self._connection.is_open:
            try:
                self._connection.add_callback_threadsafe(acknowledge)
            except pika.exceptions.ConnectionWrongStateError:
                pass

    def _report(self) -> None:
        assert self._channel
        depth = self._channel.queue_declare(settings.SERVICE, passive=True).method.message_count
        dead = self._channel.queue_declare(dead_queue(settings.SERVICE), passive=True).method.message_count
        try:
            WorkerReport.objects.update_or_create(
                instance=instance_name(),
                defaults={"seen_at": timezone.now(), "queue_depth": depth, "dead_depth": dead},
            )
            old = timezone.now() - timedelta(hours=1)
            WorkerReport.objects.filter(seen_at__lt=old).delete()
        except (OperationalError, InterfaceError):
            connection.close()


def instance_name() -> str:
    import os
    import socket

    return f"{socket.gethostname()}:{os.getpid()}"


def _is_contention(error: Exception) -> bool:
    """A deadlock, a serialization failure or a lock time-out: the database is well, this attempt was unlucky."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state in {"40001", "40P01", "55P03"}


def _forward(queue_name: str, delivery: Delivery, error: str, attempts: int) -> None:
    """Put a message that failed into another queue, confirmed, over a connection of its own: it is rare."""
    headers = {"x-error": error[:1_000], "x-attempts": attempts, "x-failed-at": timezone.now().isoformat()}
    properties = pika.BasicProperties(
        content_type=delivery.properties.content_type,
        delivery_mode=2,
        message_id=delivery.properties.message_id,
        type=delivery.properties.type,
        correlation_id=delivery.properties.correlation_id,
        app_id=delivery.properties.app_id,
        headers=headers,
    )
    with channel() as ch:
        ch.basic_publish("", queue_name, delivery.body, properties, mandatory=True)


# ── Dead messages ────────────────────────────────────────────────────────────────────────────────────────────────────


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
    found = []
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
