"""The way of a message: outbox, relay, RabbitMQ, inbox, handler.

    .venv/bin/python -m benchmarks.events [relay|consumer|latency …]        needs the servers only

`relay`      messages a second that wait in the outbox and are sent, confirmed and noted, beside the same messages over
             pika with nothing else around it: mandatory and persistent, confirmed by the batch
`consumer`   messages a second that are taken, noted in the inbox and handled by a handler that does nothing, each in a
             transaction of its own
`latency`    from the commit of what sends a message to the start of its handler, at 100 and at 500 messages a second,
             with the worker as it is: relay and consumer in one process

With a throwaway database and the test queues of order_service. Exit status 1 when a target is missed.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4

from benchmarks import within
from benchmarks.arguments import chosen, need
from benchmarks.catalogue import database
from benchmarks.identity import Report
from benchmarks.served import variables_of
from fleet.table import load

MESSAGES, ROUNDS = 4_000, 3
RATES, SECONDS = (100, 500), 10
SHARE_OF_PIKA, P50_MS, P99_MS = 0.5, 100.0, 500.0


def main() -> int:
    report = Report()
    parts: dict[str, Callable[[Report, str], None]] = {"relay": relay, "consumer": consumer, "latency": latency}
    asked = chosen(__doc__, parts)
    need(load(), "postgres", "rabbitmq")
    with database("events") as url:
        inside(url, "prepare")
        for name in asked:
            print(name)
            parts[name](report, url)
    return int(report.missed)


def relay(report: Report, url: str) -> None:
    ways = ("pika", "publisher", "relay")
    rounds = [{way: inside(url, way, MESSAGES) for way in ways} for _round in range(ROUNDS)]
    pika, publisher, own = (median(taken[way][0] for taken in rounds) for way in ways)
    report.figure("pika alone, median", f"{pika:,.0f} a second")
    report.figure("our publisher without a database", f"{publisher:,.0f} a second")
    report.figure("processor time of the relay", f"{median(taken['relay'][1] for taken in rounds):.2f} ms each")
    wanted = SHARE_OF_PIKA * pika
    report.target("relay, median", f"{own:,.0f} a second", f">= {wanted:,.0f} a second", met=own >= wanted)


def consumer(report: Report, url: str) -> None:
    rounds = [inside(url, "consumer", MESSAGES) for _round in range(ROUNDS)]
    report.figure("consumer, median", f"{median(rate for rate, _spent in rounds):,.0f} a second")
    report.figure("processor time of the consumer", f"{median(spent for _rate, spent in rounds):.2f} ms each")


def latency(report: Report, url: str) -> None:
    for rate in RATES:
        taken = inside(url, "latency", rate, SECONDS)
        cuts = quantiles(taken, n=100)
        wanted = rate == RATES[0]
        report.figure(f"messages at {rate} a second", f"{len(taken):,}")
        for name, found, most in (("p50", cuts[49], P50_MS), ("p99", cuts[98], P99_MS)):
            told = f"{found:.0f} ms"
            if wanted:
                report.target(f"commit to handler, {name}", told, f"<= {most:.0f} ms", met=found <= most)
            else:
                report.figure(f"commit to handler, {name}", told)


# ── Inside: a process that is order_service ──────────────────────────────────────────────────────────────────────────


def inside(url: str, what: str, *given: int) -> Any:
    """What one of the functions below answers, in a process of its own with this database."""
    return within.ask("benchmarks.events", variables_of("order_service", url), what, *given)


def prepare() -> None:
    from django.core.management import call_command

    from shared import rabbit

    call_command("migrate", verbosity=0)
    rabbit.provision({_contract(): print})


def _contract() -> Any:
    from shared.contracts.order import OrderCancelled

    return OrderCancelled


def fill(count: int) -> None:
    """The outbox, with messages of as many orders."""
    from django.db import transaction

    from shared import outbox

    for _hundred in range(count // 100):
        with transaction.atomic():
            outbox.publish_all([(_message(), None) for _message_ in range(100)])


def _message() -> Any:
    from shared.contracts.order import Buyer
    from shared.messages import MoneyData

    buyer, total = Buyer(email="ada@example.com", name="Ada"), MoneyData(minor=4_200, currency="USD")
    return _contract()(order_id=uuid4(), number="N-1", reason="expired", buyer=buyer, total=total)


def _purge() -> None:
    from django.conf import settings
    from django.db import connection

    from shared import rabbit

    with rabbit.channel() as ch:
        ch.queue_purge(settings.SERVICE)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE outbox_message, inbox_message")


def pika_alone(count: int) -> tuple[float, float]:
    """As its manual does it: nothing is known of a message but its body."""
    import pika
    from django.conf import settings

    from shared import outbox
    from shared.rabbit import EXCHANGE

    _purge()
    fill(count)
    bodies = [row.body.encode() for row in outbox.next_wave(count)]
    unconfirmed, sent, begun, spent = set[int](), 0, 0.0, 0.0
    properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2)

    def begin(channel: Any) -> None:
        nonlocal begun, spent
        begun, spent = time.perf_counter(), time.process_time()
        send(channel)

    def send(channel: Any) -> None:
        nonlocal unconfirmed, sent
        batch = bodies[sent : sent + settings.OUTBOX_BATCH]
        for body in batch:
            channel.basic_publish(EXCHANGE, _contract().type, body, properties, mandatory=True)
        unconfirmed, sent = set(range(sent + 1, sent + len(batch) + 1)), sent + len(batch)

    def confirmed(channel: Any, frame: Any) -> None:
        nonlocal unconfirmed
        assert isinstance(frame.method, pika.spec.Basic.Ack)
        last = frame.method.delivery_tag
        unconfirmed = {tag for tag in unconfirmed if tag > last} if frame.method.multiple else unconfirmed - {last}
        if not unconfirmed and sent < count:
            send(channel)
        elif not unconfirmed:
            connection.ioloop.stop()

    def opened(channel: Any) -> None:
        channel.add_on_return_callback(lambda *_returned: connection.ioloop.stop())
        channel.confirm_delivery(lambda frame: confirmed(channel, frame), callback=lambda _frame: begin(channel))

    connection = pika.SelectConnection(
        pika.URLParameters(settings.RABBITMQ_URL),
        on_open_callback=lambda opening: opening.channel(on_open_callback=opened),
    )
    connection.ioloop.start()
    assert sent == count
    assert not unconfirmed
    return _rate(count, begun, spent)


def publisher_alone(count: int) -> tuple[float, float]:
    from django.conf import settings

    from shared import outbox
    from shared.rabbit import Publisher

    _purge()
    fill(count)
    rows = outbox.next_wave(count)
    publisher = Publisher(settings.RABBITMQ_URL)
    publisher.connect()
    begun, spent = time.perf_counter(), time.process_time()
    for start in range(0, count, settings.OUTBOX_BATCH):
        assert len(publisher.publish(rows[start : start + settings.OUTBOX_BATCH])) == settings.OUTBOX_BATCH
    return _rate(count, begun, spent)


def relay_alone(count: int) -> tuple[float, float]:
    from shared import rabbit

    _purge()
    fill(count)
    one = rabbit.Relay(threading.Event())
    one.publisher.connect()
    assert one._is_active()
    begun, spent, sent = time.perf_counter(), time.process_time(), 0
    while sent < count:
        sent += one._carry_one_wave()
    return _rate(count, begun, spent)


def consumer_alone(count: int) -> tuple[float, float]:

    relay_alone(count)
    handled = threading.Semaphore(0)
    with _consuming(lambda _message: handled.release()):
        handled.acquire()
        begun, spent = time.perf_counter(), time.process_time()
        for _one in range(count - 1):
            handled.acquire()
        return _rate(count - 1, begun, spent)


def latencies(rate: int, seconds: int) -> list[float]:
    """Milliseconds from the commit of each message to the start of its handler; the first second only warms up."""
    from django.db import connection, transaction

    from shared import outbox, rabbit

    _purge()
    begun, committed = dict[UUID, float](), dict[UUID, float]()
    stopping = threading.Event()
    one = rabbit.Relay(stopping)
    carrying = threading.Thread(target=one.run)
    carrying.start()
    with _consuming(lambda message: begun.setdefault(message.order_id, time.perf_counter())):
        first = time.perf_counter() + 0.5
        for number in range(rate * seconds):
            time.sleep(max(first + number / rate - time.perf_counter(), 0))
            message = _message()
            with transaction.atomic():
                outbox.publish(message)
            committed[message.order_id] = time.perf_counter()
        until = time.perf_counter() + 30
        while len(begun) < len(committed) and time.perf_counter() < until:
            time.sleep(0.05)
    stopping.set()
    one.wake()
    carrying.join()
    connection.close()
    assert begun.keys() == committed.keys()
    return [(begun[order] - committed[order]) * 1_000 for order in list(committed)[rate:]]


@contextmanager
def _consuming(handler: Callable[[Any], Any]) -> Iterator[None]:
    from shared import rabbit

    stopping = threading.Event()
    consumer = rabbit.Consumer({_contract(): handler}, stopping, lambda: None)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _rate(count: int, begun: float, spent: float) -> tuple[float, float]:
    """A second, and milliseconds of processor time each."""
    return count / (time.perf_counter() - begun), (time.process_time() - spent) * 1_000 / count


ANSWERS: dict[str, Callable[..., Any]] = {
    "prepare": prepare,
    "pika": pika_alone,
    "publisher": publisher_alone,
    "relay": relay_alone,
    "consumer": consumer_alone,
    "latency": latencies,
}


if __name__ == "__main__":
    sys.exit(within.run(main, ANSWERS))
