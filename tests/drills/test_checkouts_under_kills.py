"""Checkouts go on while processes, the broker and the database are killed -9, and afterwards the books agree.

Small unless the environment says otherwise, for each of the three: `NEXUS_CHECKOUTS=2000`, `NEXUS_AT_ONCE` clients,
`NEXUS_KILLS=20` of processes, `NEXUS_BROKER_KILLS=5`, `NEXUS_DATABASE_KILLS=7` (one server has all seven databases).
Repeat a run with `NEXUS_DRILL_SEED=<seed>`.
"""

import os
import random
from collections.abc import Callable, Iterator

import faults
import pytest
from books import judge_checkouts
from checkouts import Checkouts, stock_for
from conftest import MakeProduct
from faults import Fault, Faults
from verdicts import Verdicts

from fleet.client import Market, Person, wait_for
from fleet.table import Table
from shared.drills import seed

CHECKOUTS = int(os.environ.get("NEXUS_CHECKOUTS", "60"))
AT_ONCE = int(os.environ.get("NEXUS_AT_ONCE", "8"))
KILLS = int(os.environ.get("NEXUS_KILLS", "8"))
BROKER_KILLS = int(os.environ.get("NEXUS_BROKER_KILLS", "1"))
DATABASE_KILLS = int(os.environ.get("NEXUS_DATABASE_KILLS", "1"))
STOCK = stock_for(CHECKOUTS)
OUTBOX_SECONDS, ANSWER_SECONDS = 30, 10

Drill = Callable[[Callable[[random.Random], list[Fault]], Verdicts], Faults]


@pytest.fixture
def drill(market: Market, admin: Person, vendor: Person, make_product: MakeProduct) -> Drill:
    """The load, the faults on the way, and what must hold after any of them."""

    def run(plan: Callable[[random.Random], list[Fault]], verdicts: Verdicts) -> Faults:
        number = seed()
        load = Checkouts(market, [make_product(stock=STOCK) for _ in range(3)], CHECKOUTS, number)
        chance = random.Random(number + 1)
        with Faults(plan(chance), load, chance) as struck:
            load.carry_out(AT_ONCE, struck.are_to_come)
        judge_checkouts(verdicts, load, market, admin, vendor, STOCK)
        return struck

    return run


def test_nothing_is_lost_or_doubled_while_processes_are_killed(fleet: Table, drill: Drill) -> None:
    with Verdicts() as verdicts:
        struck = drill(lambda chance: faults.kills_of_processes(fleet, KILLS, chance), verdicts)
        struck.judge(verdicts, "processes were killed")


def test_nothing_is_lost_or_doubled_while_the_broker_is_killed(fleet: Table, drill: Drill) -> None:
    with Verdicts() as verdicts:
        struck = drill(lambda _chance: faults.kills_of_the_broker(fleet, BROKER_KILLS), verdicts)
        struck.judge(verdicts, "the broker was killed")
        verdicts.at_most("all outboxes are drained", struck.recoveries, OUTBOX_SECONDS)


def test_nothing_is_lost_or_doubled_while_the_database_is_killed(fleet: Table, market: Market, drill: Drill) -> None:
    customer = market.account("customer")
    with Verdicts() as verdicts:
        struck = drill(lambda _chance: faults.kills_of_the_database(fleet, DATABASE_KILLS, customer), verdicts)
        struck.judge(verdicts, "the database was killed")
        verdicts.at_most("every service answers again", struck.recoveries, ANSWER_SECONDS)


@pytest.fixture(autouse=True)
def _well_again(market: Market) -> Iterator[None]:
    """Leave the fleet as it was found: all of it answering."""
    yield
    wait_for(lambda: market.guest().ask("GET", "/health").status_code == 200, "the fleet to be well", 60)
