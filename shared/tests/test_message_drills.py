"""Drills of the way that messages take: `make drill name=T6` and so on; small here, at full size with `full=1`."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from publishing import WAIT, cancelled, publish, until

from shared import drills, outbox, rabbit
from shared.contracts.order import OrderCancelled
from shared.inbox import Subscriptions
from shared.models import InboxMessage, OutboxMessage
from shared.rabbit import topology

Consume = Callable[[Subscriptions], rabbit.Consumer]
WRITERS, EVENTS_EACH, AGGREGATES = 8, 25, 20
LONGEST_HOLD = 0.5
ROUNDS = drills.size("NEXUS_ROUNDS", 4)
GOOD = drills.size("NEXUS_MESSAGES", 200)
HEARTBEAT = drills.size("NEXUS_HEARTBEAT", 1)
HANDLER_SECONDS = 3 if drills.FULL else 1


def sent() -> bool:
    return not OutboxMessage.objects.filter(published_at=None).exists()


# ── T6: the order of commits is not the order of rows ────────────────────────────────────────────────────────────────


def test_whatever_order_transactions_commit_in_nothing_is_stepped_over_or_out_of_order(
    relay: rabbit.Relay, consume: Consume
) -> None:
    chance = random.Random(drills.seed())
    total = WRITERS * ROUNDS * EVENTS_EACH
    drills.tell("load", f"{total} events of {AGGREGATES} aggregates by {WRITERS} writers")
    drills.tell("fault", f"transactions stay open for up to {LONGEST_HOLD} s")
    aggregates = [Aggregate() for _ in range(AGGREGATES)]
    seen: dict[UUID, list[int]] = defaultdict(list)
    consume({OrderCancelled: lambda message: seen[message.order_id].append(int(message.reason))})

    plans = [[_transaction(chance, aggregates) for _ in range(ROUNDS)] for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(_write, plans))
    with suppress(AssertionError):  # the verdict says what is missing
        until(lambda: sum(map(len, list(seen.values()))) >= total, 15 + total / 50)

    drills.judge(
        {
            "no event is missing": all(set(seen[one.id]) == set(range(one.events)) for one in aggregates),
            "none was handled twice": sum(map(len, seen.values())) == total,
            "those of an aggregate came in its order": all(numbers == sorted(numbers) for numbers in seen.values()),
            "the outbox is empty": sent(),
        }
    )


class Aggregate:
    """Its lock is what a row's lock is in a service: held until the commit, so its events have one order."""

    def __init__(self) -> None:
        self.id, self.events, self.lock = uuid4(), 0, threading.Lock()


Transaction = tuple[list[Aggregate], float]


def _transaction(chance: random.Random, aggregates: list[Aggregate]) -> Transaction:
    """What it writes to, in an order that nobody waits for ever in, and how long it stays open."""
    chosen = sorted(chance.sample(range(AGGREGATES), 3))
    return [aggregates[place] for place in chosen], chance.uniform(0, LONGEST_HOLD)


def _write(plan: list[Transaction]) -> None:
    for touched, hold in plan:
        for one in touched:
            one.lock.acquire()
        try:
            with transaction.atomic():
                for number in range(EVENTS_EACH):
                    one = touched[number % len(touched)]
                    outbox.publish(cancelled(one.id, reason=str(one.events)))
                    one.events += 1
                threading.Event().wait(hold)
        finally:
            for one in touched:
                one.lock.release()
    connection.close()


# ── T9: a poison message among good ones ─────────────────────────────────────────────────────────────────────────────


def test_a_poison_message_does_not_hold_up_the_good_ones_and_ends_among_the_dead(
    relay: rabbit.Relay, consume: Consume, settings: Any
) -> None:
    settings.MESSAGE_ATTEMPTS = 3 if drills.FULL else 2
    drills.tell("load", f"{GOOD} good messages")
    drills.tell("fault", f"one more that no attempt of {settings.MESSAGE_ATTEMPTS} can handle")
    tries, done, mended = Counter[str](), threading.Semaphore(0), threading.Event()

    def handle(message: OrderCancelled) -> None:
        tries[message.reason] += 1
        if message.reason == "poison" and not mended.is_set():
            raise RuntimeError("a bug")
        done.release()

    consume({OrderCancelled: handle})
    alone = _seconds_for([f"a{n}" for n in range(GOOD)], done, GOOD)
    beside = _seconds_for(["poison", *(f"b{n}" for n in range(GOOD))], done, GOOD)
    busy = _share_of_a_core(until_dead)
    dead = rabbit.dead_messages()
    mended.set()
    call_command("dead", "replay", "--all")
    replayed = done.acquire(timeout=WAIT)

    drills.tell("figure", f"good ones alone {alone:.2f} s, beside it {beside:.2f} s; consumer meanwhile {busy:.0%}")
    drills.judge(
        {
            "each good one was handled once": all(tries[f"{kind}{n}"] == 1 for kind in "ab" for n in range(GOOD)),
            "the poison is dead after exactly its attempts": [one.attempts for one in dead]
            == [settings.MESSAGE_ATTEMPTS],
            "once the bug is mended it is replayed": replayed and tries["poison"] == settings.MESSAGE_ATTEMPTS + 1,
            "no dead message is left": rabbit.dead_messages() == [],
        }
        | ({"the good ones took no more than a tenth longer": beside <= 1.1 * alone + 0.1} if drills.FULL else {})
        | ({"while only the poison is left the consumer rests": busy < 0.1} if drills.FULL else {})
    )


def _seconds_for(reasons: list[str], done: threading.Semaphore, good: int) -> float:
    """From the first handled to the last of the good ones."""
    publish(*(cancelled(reason=reason) for reason in reasons))
    assert done.acquire(timeout=WAIT)
    started = time.perf_counter()
    for _ in range(good - 1):
        assert done.acquire(timeout=WAIT)
    return time.perf_counter() - started


def until_dead() -> None:
    until(lambda: len(rabbit.dead_messages()) == 1, 60)


def _share_of_a_core(wait: Callable[[], None]) -> float:
    """Of this process, in which the consumer runs, while it waits; the looks at the dead queue are in it."""
    process, started = psutil.Process(), time.perf_counter()
    before = sum(process.cpu_times()[:2])
    wait()
    used: float = sum(process.cpu_times()[:2]) - before
    return used / (time.perf_counter() - started)


# ── T10: a handler that is slower than the heartbeat ─────────────────────────────────────────────────────────────────


def test_a_handler_that_is_slower_than_the_heartbeat_is_not_given_its_message_again(
    relay: rabbit.Relay, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology, "HEARTBEAT_SECONDS", HEARTBEAT)
    drills.tell("load", "one message")
    drills.tell("fault", f"its handler takes three heartbeats of {HEARTBEAT} s")
    begun = list[str]()

    def handle(message: OrderCancelled) -> None:
        begun.append(message.reason)
        threading.Event().wait(3 * HEARTBEAT)

    consumer = consume({OrderCancelled: handle})
    publish(cancelled(reason="slow"))
    until(lambda: InboxMessage.objects.filter(handled_at__isnull=False).exists(), WAIT + 3 * HEARTBEAT)
    publish(cancelled(reason="next"))
    until(lambda: InboxMessage.objects.filter(handled_at__isnull=False).count() == 2, WAIT + 3 * HEARTBEAT)

    drills.judge(
        {
            "it was begun once": begun == ["slow", "next"],
            "the connection was never lost": consumer._generation == 1,
            "no attempt failed": not InboxMessage.objects.exclude(last_error="").exists(),
        }
    )


# ── T12: told to stop with all hands full ────────────────────────────────────────────────────────────────────────────


def test_a_worker_that_is_told_to_stop_ends_what_it_does_and_gives_the_rest_back(
    relay: rabbit.Relay, broker: None
) -> None:
    count = 3 * settings.CONSUMER_PREFETCH
    drills.tell("load", f"{count} messages, {settings.CONSUMER_PREFETCH} of them fetched, {HANDLER_SECONDS} s each")
    drills.tell("fault", "SIGTERM in the middle of one")
    publish(*(cancelled(reason=str(n)) for n in range(count)))
    until(sent)

    first, code, took = _stopped_in_the_middle()
    with rabbit.channel() as ch:
        left = ch.queue_declare(settings.SERVICE, passive=True).method.message_count
    second = _lines_until_done(left)

    begun = Counter(line for line in [*first, *second] if line.startswith("begun"))
    drills.tell("figure", f"it ended after {took:.1f} s; {left} were given back")
    drills.judge(
        {
            "it ended well": code == 0,
            "it ended what it had begun, and began no other": [line for line in first if line]
            == ["begun 0", "ended 0"],
            "the rest was given back": left == count - 1,
            "no message was handled twice, none lost": begun == Counter(f"begun {n}" for n in range(count)),
        }
        | ({"it ended in five seconds and one handler": took <= 5 + HANDLER_SECONDS} if drills.FULL else {})
    )


def _stopped_in_the_middle() -> tuple[list[str], int, float]:
    """What the worker said, how it ended, and how many seconds after it had been told to."""
    with worker(HANDLER_SECONDS) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip()]
        process.send_signal(signal.SIGTERM)
        told = time.perf_counter()
        lines += process.stdout.read().split("\n")
        return lines, process.wait(WAIT), time.perf_counter() - told


def _lines_until_done(messages: int) -> list[str]:
    """Of another worker, that is stopped when it has ended so many."""
    lines = list[str]()
    with worker(0) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.strip())
            if len(lines) == 2 * messages:
                process.send_signal(signal.SIGTERM)
    return lines


@contextmanager
def worker(seconds: float) -> Iterator[subprocess.Popen[str]]:
    """`manage.py work` with a handler that takes so long. It is gone afterwards, and in any case when nobody would wait
    for it any more.
    """
    command = [sys.executable, str(Path(__file__).with_name("slow_worker.py")), str(seconds)]
    here = f"{Path(__file__).parent}{os.pathsep}{Path(__file__).parents[1]}"
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/"
    variables = {**os.environ, "PYTHONPATH": here, "DATABASE_URL": f"{url}{database['NAME']}"}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    patience = threading.Timer(2 * WAIT + 10 * seconds, process.kill)
    patience.start()
    try:
        yield process
    finally:
        patience.cancel()
        process.kill()
        process.wait(WAIT)
