"""The broker's memory or disk is full, so that it takes no message of anybody: requests do not notice.

Their messages wait in the outboxes; what is in the queues goes on being handled. Small unless the environment says
otherwise: `NEXUS_ALARM_SECONDS=60`, which also has the times judged and fills the disk, too; nothing else should run
then. Repeat a run with `NEXUS_DRILL_SEED=<seed>`.
"""

import os
import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from statistics import quantiles

import broker
import pytest
from conftest import Buy, MakeProduct, order_of, settled
from faults import seconds_until_outboxes_drain
from instances import without_worker
from load import Load
from verdicts import Verdicts, becomes

from fleet.client import Json, Market, Person
from fleet.journey import ADDRESS
from fleet.table import Table
from shared.drills import seed

JUDGED = "NEXUS_ALARM_SECONDS" in os.environ
SECONDS = float(os.environ.get("NEXUS_ALARM_SECONDS", "3"))
ALARMS = [broker.memory_alarm, broker.disk_alarm] if JUDGED else [broker.memory_alarm]
ASKED_PER_SECOND, PLACED_PER_SECOND = 20, 0.8
HANDLED_MEANWHILE = 5
"""Orders whose messages lie in a queue when the alarm begins."""
SLOWER_AT_MOST, DRAIN_SECONDS = 1.5, 60
READER = "notification_service"
SECONDS_TO_BE_COUNTED = 10
"""The broker counts what is in a queue anew every five."""

Asks = list[Callable[[], object]]


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.__name__)
def test_requests_do_not_notice_a_broker_that_takes_nothing(
    fleet: Table,
    market: Market,
    make_product: MakeProduct,
    buy: Buy,
    alarm: Callable[[Table], AbstractContextManager[None]],
) -> None:
    chance = random.Random(seed())
    product = make_product(stock=1_000)
    asks = _asks(market, product)
    placed: list[tuple[Person, Json]] = []

    usual = _load(asks, lambda: placed.append(buy(product, quantity=chance.randint(1, 3))))
    reader = fleet.service(READER)

    with Verdicts() as verdicts, ExitStack() as away:
        away.enter_context(without_worker(fleet, reader))
        placed += [buy(product) for _ in range(HANDLED_MEANWHILE)]
        for buyer, order in placed:
            settled(buyer, order, 60)
        logs = {log: log.stat().st_size for log in (fleet.var / "log").glob("*-worker.log")}
        held = becomes(lambda: broker.waiting(fleet, reader.short) >= HANDLED_MEANWHILE, SECONDS_TO_BE_COUNTED)
        verdicts.hold("messages wait for the reader", held)
        with alarm(fleet):
            away.close()
            verdicts.hold("the broker has an alarm", bool(broker.alarms(fleet)))
            before = len(placed)
            under = _load(asks, lambda: placed.append(buy(product, quantity=chance.randint(1, 3))))
            waiting = [order_of(buyer, order)["status"] for buyer, order in placed[before:]]
            verdicts.hold("what is placed waits in the outbox", set(waiting) == {"placed"}, waiting)
            acked = becomes(lambda: broker.waiting(fleet, reader.short) == 0, 30)
            verdicts.hold("consumers go on acknowledging", acked)
        print(f"fault: {alarm.__name__} for {SECONDS:g} s and more; {before} orders before, {len(waiting)} in it")
        drained = seconds_until_outboxes_drain(fleet)
        verdicts.at_most("all outboxes are drained", [drained], DRAIN_SECONDS)
        ends = {settled(buyer, order, 60)["status"] for buyer, order in placed}
        verdicts.hold("every order is confirmed", ends == {"confirmed"}, ends)
        verdicts.hold("no request failed", not usual.failures + under.failures, (usual.failures + under.failures)[:3])
        lost = [log.stem for log, read in logs.items() if b"lost the broker" in log.read_bytes()[read:]]
        verdicts.hold("no worker lost its connection", not lost, lost)
        verdicts.hold("no dead message", not (dead := broker.dead(fleet)), dead)
        times = f"p99 {_p99(under):.0f} ms, usually {_p99(usual):.0f} ms"
        verdicts.hold(f"no request waits longer: {times}", not JUDGED or _p99(under) <= SLOWER_AT_MOST * _p99(usual))


def _asks(market: Market, product: Json) -> Asks:
    """A customer looks at orders; a guest asks what the cart would cost; both are this drill's ordinary requests."""
    customer, guest = market.account("customer"), market.guest()
    guest.post("cart/items", {"variant_id": product["variants"][0]["id"], "quantity": 1}, expect=201)
    body = {"shipping_address": ADDRESS}
    return [lambda: customer.ask("GET", "orders"), lambda: guest.ask("POST", "checkout/quote", json=body)]


def _load(asks: Asks, place: Callable[[], object]) -> Load:
    """For SECONDS; orders are placed beside it."""
    load, stopping = Load(asks, ASKED_PER_SECOND), threading.Event()
    with load:
        for _ in range(max(int(SECONDS * PLACED_PER_SECOND), 1)):
            place()
            stopping.wait(1 / PLACED_PER_SECOND)
    print(f"load: {dict(load.answers)}, longest {load.longest:.2f} s")
    return load


def _p99(load: Load) -> float:
    """Milliseconds."""
    return quantiles(load.seconds, n=100)[98] * 1_000
