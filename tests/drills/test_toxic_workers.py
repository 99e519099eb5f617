"""What a worker asks is poisoned: the broker, or the payment provider. Messages wait, none is given up, and what was
begun comes to its end when the edge is well again.

The service's worker is stopped meanwhile, and another started by hand with a proxy (proxy.py) on that edge. Small
unless the environment says otherwise: `NEXUS_TOXICS=10` pairs of edge and toxic, drawn by the seed, or all there are
if there are fewer; `NEXUS_POISONED_SECONDS=10` for each. Repeat a run with `NEXUS_DRILL_SEED=<seed>`.
"""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import broker
from conftest import Buy, MakeProduct, order_of, settled
from instances import end, without_worker
from proxy import TOXICS, Proxy
from verdicts import Verdicts

from fleet import environment
from fleet.client import Market, wait_for
from fleet.services import health
from fleet.table import Service, Table
from shared.drills import seed

COUNT = int(os.environ.get("NEXUS_TOXICS", "1"))
SECONDS = float(os.environ.get("NEXUS_POISONED_SECONDS", "3"))
SECONDS_TO_SETTLE = 60
EDGES = [("payment_service", "SIMULATOR_URL"), ("order_service", "RABBITMQ_URL")]
"""Each stands between an order and its end."""
ENDS_THE_WAIT = {("payment_service", "latency")}
"""The provider's answer is two seconds late, and its patience three."""


def test_messages_wait_while_what_a_worker_asks_is_poisoned(
    fleet: Table, market: Market, make_product: MakeProduct, buy: Buy
) -> None:
    chance = random.Random(seed())
    pairs = [(name, variable, toxic) for name, variable in EDGES for toxic in TOXICS]
    chosen = sorted(chance.sample(pairs, min(COUNT, len(pairs))))
    print(f"fault: {len(chosen)} of {len(pairs)} pairs of edge and toxic, {SECONDS:g} s each")
    product = make_product(stock=100)

    with Verdicts() as verdicts:
        for name, variable, toxic in chosen:
            with worker(fleet, fleet.service(name), variable) as proxy:
                buyer, order = buy(product)
                settled(buyer, order, SECONDS_TO_SETTLE)
                with proxy.poisoned(toxic):
                    placed = [buy(product) for _ in range(3)]
                    wait_for(lambda proxy=proxy, before=proxy.spoilt: proxy.spoilt > before, "the toxic to be felt", 30)
                    threading.Event().wait(SECONDS)
                    waiting = {order_of(*one)["status"] for one in placed}
                ends = {settled(buyer, order, SECONDS_TO_SETTLE)["status"] for buyer, order in placed}
            what = f"{name} → {variable.removesuffix('_URL').lower()}, {toxic}"
            waited = "confirmed" not in waiting or (name, toxic) in ENDS_THE_WAIT
            verdicts.hold(f"{what}: orders wait", waited, waiting)
            verdicts.hold(f"{what}: orders end well", ends == {"confirmed"}, ends)
        verdicts.hold("no dead message", not (dead := broker.dead(fleet)), dead)


@contextmanager
def worker(fleet: Table, service: Service, variable: str) -> Iterator[Proxy]:
    """The service's only worker, with this variable's URL behind a proxy. Afterwards the fleet has its own again."""
    usual = environment.of(fleet, service)
    parts = urlsplit(usual.get(variable, service.url))
    with Proxy(parts.hostname or "", parts.port or 0) as proxy, without_worker(fleet, service):
        url = usual.get(variable, service.url).replace(f":{parts.port}", f":{proxy.port}", 1)
        variables = {**os.environ, **environment.passed_on(), **usual, variable: url}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work"], cwd=service.folder, env=variables, stderr=subprocess.DEVNULL
        )
        try:
            yield proxy
        finally:
            end(process, 60)
    wait_for(lambda: health(service.port) == "ok", f"{service.name} to be ready", 60)
