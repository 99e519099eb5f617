"""A binding is deleted at the broker: what nobody would get waits in the outbox, and the fleet's page says so.

Everything else goes on. When the operator has provisioned the binding again, each message arrives, once. Small unless
the environment says otherwise: `NEXUS_NEWCOMERS=100` messages. Repeat a run with `NEXUS_DRILL_SEED=<seed>`.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path

import broker
from conftest import Buy, MakeProduct, settled
from load import fleet_command
from verdicts import Verdicts, becomes

from fleet.client import Market, Person
from fleet.table import Table
from shared.drills import seed

NEWCOMERS = int(os.environ.get("NEXUS_NEWCOMERS", "3"))
SENDER, LISTENER, KIND = "user", "notification", "user.email_code_issued.v1"
ALERT_SECONDS, DELIVERY_SECONDS = 10, 30


def test_messages_that_no_queue_takes_wait_and_say_so(
    fleet: Table, market: Market, make_product: MakeProduct, buy: Buy
) -> None:
    chance = random.Random(seed())
    log = fleet.var / "log" / f"{fleet.service(SENDER).name}-worker.log"
    read = log.stat().st_size
    product = make_product()

    with Verdicts() as verdicts, broker.unbound(fleet, fleet.service(LISTENER), KIND):
        print(f"fault: {LISTENER} is bound to {KIND} no more")
        newcomers = [_registered(market, chance)]
        seconds = _seconds_until_the_alert(market)
        newcomers += [_registered(market, chance) for _ in range(NEWCOMERS - 1)]
        print(f"load: {NEWCOMERS} newcomers, and a checkout")
        verdicts.at_most("the fleet's page has an alert", [seconds], ALERT_SECONDS)
        verdicts.hold("the log says what no queue takes", f"no queue takes {KIND}" in _since(log, read))
        buyer, placed = buy(product)
        verdicts.hold("a checkout goes on meanwhile", settled(buyer, placed)["status"] == "confirmed")
        verdicts.hold("nothing was delivered", not any(_codes(newcomers).values()))

        fleet_command("provision", fleet.service(LISTENER).name)
        print("load: the binding is provisioned again")
        verdicts.hold("every message is delivered", becomes(lambda: all(_codes(newcomers).values()), DELIVERY_SECONDS))
        verdicts.hold("the alert ends", becomes(lambda: not _is_ill(market), DELIVERY_SECONDS))
        once = {person.email: 1 for person in newcomers}
        verdicts.hold("each once", _codes(newcomers) == once, _codes(newcomers))
        verdicts.hold("no dead message", not (dead := broker.dead(fleet)), dead)


def _registered(market: Market, chance: random.Random) -> Person:
    person = market.newcomer(f"unbound-{chance.randrange(1_000_000)}")
    body = {"email": person.email, "password": person.password, "password_confirm": person.password}
    person.post("auth/register", {**body, "first_name": "Nora", "last_name": "Unheard"}, expect=201)
    return person


def _seconds_until_the_alert(market: Market) -> float:
    started = time.monotonic()
    return time.monotonic() - started if becomes(lambda: _is_ill(market), DELIVERY_SECONDS) else float("inf")


def _is_ill(market: Market) -> bool:
    """The sender is not well, because its outbox is too old."""
    report = market.guest().get("/status", headers={"Accept": "application/json"})
    sender = next(service for service in report["services"] if service["name"] == SENDER)
    return bool(sender["status"] == "degraded" and sender["outbox_age_seconds"] > 0)


def _since(log: Path, position: int) -> str:
    with log.open("rb") as file:
        file.seek(position)
        return file.read().decode(errors="replace")


def _codes(people: list[Person]) -> Counter[str]:
    """How many mails with a code each has got."""
    return Counter({person.email: sum("code" in text.lower() for text in person.mails()) for person in people})
