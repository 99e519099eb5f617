"""The consumer: takes messages, hands them to the inbox, acknowledges after the commit."""

import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pika
import pika.exceptions
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from pika.adapters.blocking_connection import BlockingChannel
from pydantic import ValidationError

from shared import inbox, plans
from shared.context import Context, acting
from shared.errors import Delayed, Refused
from shared.inbox import Subscriptions, Together, UnknownMessage
from shared.messages import Envelope
from shared.models import WorkerReport
from shared.rabbit.topology import LOST, TIERS, channel, dead_queue, parameters, wait_queue

log = logging.getLogger("nexus.consumer")
PERMANENT = (ValidationError, UnknownMessage, Refused)


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
        self._together = {
            contract.type: one.at_most for contract, one in subscriptions.items() if isinstance(one, Together)
        }
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
        self._connection = pika.BlockingConnection(parameters(settings.RABBITMQ_URL, f"{settings.SERVICE}.consumer"))
        self._channel = self._connection.channel()
        self._channel.basic_qos(prefetch_count=max(settings.CONSUMER_PREFETCH, *self._together.values(), 1))
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
        assert self._connection is not None
        assert self._channel is not None
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
            self._handle([delivery, *self._more_like(delivery, waiting)], generation)
            self.after_commit()
        connection.close()

    def _more_like(self, first: Delivery, waiting: "queue.Queue[Delivery | None]") -> list[Delivery]:
        """What waits next, as far as it may be handled together with this one. Nothing is overtaken."""
        found: list[Delivery] = []
        with waiting.mutex:
            while len(found) + 1 < self._together.get(first.properties.type or "", 1) and waiting.queue:
                following = waiting.queue[0]
                if following is None or following.properties.type != first.properties.type:
                    break
                found.append(waiting.queue.popleft())
        return found

    def _handle(self, deliveries: list[Delivery], generation: int) -> None:
        """Where they can't be handled together, each has its own end: none is tried again for what befalls another.

        Whether the connection still works is not asked before each message, but found out: then a new one is tried at
        once, and only after that one too, in a while.
        """
        pause = 0.0
        while not self.stopping.is_set():
            try:
                ended = self._attempt_all(deliveries)
            except (OperationalError, InterfaceError) as error:
                log.warning("handler waits for the database: %s", error)
                connection.close()
                self.stopping.wait(pause)
                pause = 1.0
                continue
            except LOST as error:
                log.warning("a failed message could not be moved: %s", error)
                self.stopping.wait(1.0)
                continue
            if ended:
                self._acknowledge([delivery.tag for delivery in deliveries], generation)
            else:
                for delivery in deliveries:
                    self._handle([delivery], generation)
            return

    def _attempt_all(self, deliveries: list[Delivery]) -> bool:
        with plans.kept():
            if len(deliveries) > 1:
                return self._attempt_together(deliveries)
            self._attempt(deliveries[0])
            return True

    def _attempt_together(self, deliveries: list[Delivery]) -> bool:
        """False when nothing of it is done: one of them can't be handled, or not now, and does not tell which."""
        started = time.perf_counter()
        try:
            envelopes = [Envelope.model_validate_json(delivery.body) for delivery in deliveries]
            fresh = inbox.handle_together(envelopes, self.subscriptions)
        except InterfaceError:
            raise
        except OperationalError as error:
            if not _is_contention(error):
                raise
            return False
        except Exception as error:
            log.warning("%s: %d messages are tried one by one", type(error).__name__, len(deliveries))
            return False
        took = round((time.perf_counter() - started) * 1000, 1)
        log.info("messages", extra={"type": envelopes[0].type, "count": len(envelopes), "ms": took, "fresh": fresh})
        return True

    def _attempt(self, delivery: Delivery) -> None:
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
        target = _next_queue(error, attempts)
        level = logging.ERROR if target == dead_queue(settings.SERVICE) else logging.WARNING
        log.log(level, "%s failed, goes to %s", envelope.type, target, exc_info=error)
        _forward(target, delivery, f"{type(error).__name__}: {error}", attempts)

    def _acknowledge(self, tags: list[int], generation: int) -> None:
        """In the I/O thread, and only on the connection the message came from."""

        def acknowledge() -> None:
            if generation == self._generation and self._channel is not None and self._channel.is_open:
                for tag in tags:
                    self._channel.basic_ack(tag)

        if self._connection is not None and self._connection.is_open:
            with suppress(pika.exceptions.ConnectionWrongStateError):
                self._connection.add_callback_threadsafe(acknowledge)

    def _report(self) -> None:
        assert self._channel is not None
        depth = self._channel.queue_declare(settings.SERVICE, passive=True).method.message_count
        dead = self._channel.queue_declare(dead_queue(settings.SERVICE), passive=True).method.message_count
        try:
            WorkerReport.objects.update_or_create(
                instance=f"{socket.gethostname()}:{os.getpid()}",
                defaults={"seen_at": timezone.now(), "queue_depth": depth, "dead_depth": dead},
            )
            old = timezone.now() - timedelta(hours=1)
            WorkerReport.objects.filter(seen_at__lt=old).delete()
        except (OperationalError, InterfaceError):
            connection.close()


def _next_queue(error: Exception, attempts: int) -> str:
    """The next delay tier; the dead queue for what waiting cannot cure or what has had its attempts."""
    hopeless = isinstance(error, PERMANENT) and not isinstance(error, Delayed)
    if hopeless or attempts >= settings.MESSAGE_ATTEMPTS:
        return dead_queue(settings.SERVICE)
    return wait_queue(settings.SERVICE, list(TIERS)[min(attempts, len(TIERS)) - 1])


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
