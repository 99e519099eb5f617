"""Redis loses all it knows and is away for a while, while checkouts go on: nothing that matters was only there.

Whose cart is lost fills another; whoever signed out stays out; each process counts quotas for itself meanwhile. Small
unless the environment says otherwise: `NEXUS_CHECKOUTS=2000`, `NEXUS_AT_ONCE` clients, `NEXUS_FLUSHES=5`. Repeat a run
with `NEXUS_DRILL_SEED=<seed>`.
"""

import os
import random
import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from books import judge_checkouts
from checkouts import Checkouts, stock_for
from conftest import MakeProduct
from faults import Faults, flushes_of_redis
from verdicts import Verdicts

from fleet.client import Market, Person, wait_for
from fleet.table import Table
from shared.drills import seed

CHECKOUTS = int(os.environ.get("NEXUS_CHECKOUTS", "60"))
AT_ONCE = int(os.environ.get("NEXUS_AT_ONCE", "8"))
FLUSHES = int(os.environ.get("NEXUS_FLUSHES", "1"))
STOCK = stock_for(CHECKOUTS)
ASKED_WHILE_AWAY, SECONDS_BETWEEN = 10, 0.2
LEFT = re.compile(r";r=(\d+);")


def test_checkouts_go_on_and_nobody_gets_in_while_redis_is_emptied(
    fleet: Table, market: Market, admin: Person, vendor: Person, make_product: MakeProduct
) -> None:
    number = seed()
    load = Checkouts(market, [make_product(stock=STOCK) for _ in range(3)], CHECKOUTS, number)
    customer = market.account("customer")
    quota = Quota(fleet.service("order").url, customer)
    plan = flushes_of_redis(fleet, FLUSHES, quota.ask)

    with (
        Verdicts() as verdicts,
        Watched(_signed_out(market)) as out,
        Watched(customer) as signed_in,
        Faults(plan, load, random.Random(number + 1)) as struck,
    ):
        load.carry_out(AT_ONCE, struck.are_to_come)
    print(f"load: of who signed out {dict(out.answers)}, of who did not {dict(signed_in.answers)}")

    with verdicts:
        judge_checkouts(verdicts, load, market, admin, vendor, STOCK)
        struck.judge(verdicts, "Redis was emptied")
        verdicts.hold("who signed out is refused all the time", out.answers.keys() <= {401, 503}, out.answers)
        verdicts.hold("who did not is let in, or told to wait", signed_in.answers.keys() <= {200, 503})
        counted = quota.left == sorted(set(quota.left), reverse=True) and len(quota.left) == ASKED_WHILE_AWAY
        verdicts.hold("quotas are counted on while Redis is away", counted, quota.left)


def _signed_out(market: Market) -> Person:
    """With a token that would still be good for an hour."""
    person = market.account("customer")
    person.ask("POST", "auth/logout", json={}, expect=204)
    wait_for(lambda: person.ask("GET", "orders").status_code == 401, "the session to have ended", 5)
    return person


@dataclass
class Watched:
    """While inside, somebody asks for their orders again and again; what they are answered is counted."""

    person: Person
    answers: Counter[int] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watched":
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopping.set()
        self.thread.join()

    def _run(self) -> None:
        while not self.stopping.wait(SECONDS_BETWEEN):
            self.answers[self.person.ask("GET", "orders").status_code] += 1


@dataclass
class Quota:
    """What a service itself, without the edge, tells a customer of the requests that are left."""

    url: str
    person: Person
    left: list[int] = field(default_factory=list)

    def ask(self) -> None:
        self.left.clear()
        for _ in range(ASKED_WHILE_AWAY):
            headers = {"Authorization": f"Bearer {self.person.access}"}
            answer = httpx.get(f"{self.url}/api/v1/orders/none", headers=headers, timeout=10)
            found = LEFT.search(answer.headers.get("RateLimit", ""))
            self.left.append(int(found[1]) if found else -1)


@pytest.fixture(autouse=True)
def _well_again(market: Market) -> Iterator[None]:
    """Leave the fleet as it was found: all of it answering."""
    yield
    wait_for(lambda: market.guest().ask("GET", "/health").status_code == 200, "the fleet to be well", 60)
