"""The first drill: checkouts go on while processes are killed -9, and afterwards the books agree.

The client's own log (what it attempted, what was acknowledged) is held against the end state. Repeat a run with
`NEXUS_DRILL_SEED=<seed> make test s=tests`. Longer: `NEXUS_CHECKOUTS=2000 NEXUS_KILLS=20`, and
`NEXUS_AT_ONCE` clients.
"""

import os
import random
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest
from conftest import MakeProduct, kill, order_of

from fleet import processes
from fleet.client import Json, Market, Person, wait_for
from fleet.journey import ADDRESS
from fleet.table import Table

CHECKOUTS = int(os.environ.get("NEXUS_CHECKOUTS", "200"))
AT_ONCE = int(os.environ.get("NEXUS_AT_ONCE", "8"))
KILLS = int(os.environ.get("NEXUS_KILLS", "10"))
BROKER_KILLS = 2
STOCK = 2 * CHECKOUTS
REFUSED = ["decline", "insufficient_funds"]
TOKENS = ["ok"] * 6 + ["duplicate_webhook", "timeout", *REFUSED]
TO = re.compile(r"^To: (\S+)$", re.MULTILINE)
TERMINAL = {"confirmed", "cancelled"}
SECONDS_TO_SETTLE = 60


@dataclass
class Log:
    """What a client wants, did and knows: one entry a checkout."""

    email: str
    product: Json
    quantity: int
    token: str
    order: Json = field(default_factory=dict)
    buyer: Person | None = None
    tries: int = 0

    @property
    def sku(self) -> str:
        return str(self.product["variants"][0]["sku"])


def test_nothing_is_lost_or_doubled_while_processes_and_the_broker_are_killed(
    fleet: Table, market: Market, admin: Person, vendor: Person, make_product: MakeProduct
) -> None:
    seed = int(os.environ.get("NEXUS_DRILL_SEED", time.time_ns() % 1_000_000))
    print(f"\nseed {seed}")
    chance = random.Random(seed)
    products = [make_product(stock=STOCK) for _ in range(3)]
    run = uuid4().hex[:8]
    plan = [
        Log(f"drill-{run}-{n}@example.com", chance.choice(products), chance.randint(1, 3), chance.choice(TOKENS))
        for n in range(CHECKOUTS)
    ]

    with Faults(fleet, random.Random(seed + 1)) as faults, ThreadPoolExecutor(AT_ONCE) as pool:
        logs = list(pool.map(lambda log: _check_out(market, log, faults), plan))
    print("killed:", ", ".join(faults.killed))

    until = time.monotonic() + SECONDS_TO_SETTLE
    for log in logs:
        log.order = wait_for(lambda log=log: _terminal(log), f"{log.order['number']} to end", until - time.monotonic())
    verdict = {
        "every order ended": {log.order["status"] for log in logs} <= TERMINAL,
        "who could pay got the order, who could not did not": _deserved(logs),
        "one order a checkout": _orders_found(admin, run) == sorted(log.email for log in logs),
        "stock is initial − sold": _stock_agrees(vendor, products, logs),
        "one payment an order, of its amount": _payments_agree(admin, logs),
        "one confirmation mail an order": _mails_agree(logs),
        "the ledger sums to zero": _ledger_is_balanced(admin),
        "no dead message": _no_dead_messages(market),
    }
    print(*(f"{'ok' if holds else 'BROKEN':7}{what}" for what, holds in verdict.items()), sep="\n")

    assert len(faults.killed) == KILLS + BROKER_KILLS
    assert all(verdict.values()), {what for what, holds in verdict.items() if not holds}


class Faults:
    """While inside, kills -9 a random process of a service, or the broker, at random points of the work's progress."""

    def __init__(self, fleet: Table, chance: random.Random) -> None:
        names = [name for name in processes.all_info(fleet.var) if name.endswith(("-web", "-worker"))]
        self.victims = [chance.choice(sorted(names)) for _ in range(KILLS)] + ["rabbitmq"] * BROKER_KILLS
        chance.shuffle(self.victims)
        self.moments = sorted(chance.sample(range(5, CHECKOUTS - 5), KILLS + BROKER_KILLS))
        self.fleet, self.done, self.killed = fleet, 0, list[str]()
        self.progress = threading.Condition()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Faults":
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.advance(CHECKOUTS)
        self.thread.join()

    def advance(self, by: int = 1) -> None:
        with self.progress:
            self.done += by
            self.progress.notify_all()

    def _run(self) -> None:
        for victim, moment in zip(self.victims, self.moments, strict=True):
            with self.progress:
                self.progress.wait_for(lambda moment=moment: self.done >= moment)
            wait_for(lambda victim=victim: _kill(self.fleet, victim), f"{victim} to be there to be killed", 30)
            self.killed.append(victim)


def _kill(fleet: Table, name: str) -> bool:
    """False while the process is not back from its last death."""
    if processes.all_info(fleet.var)[name]["statename"] != "RUNNING":
        return False
    kill(fleet, name)
    return True


def _check_out(market: Market, log: Log, faults: Faults) -> Log:
    """As a good client: whatever fails is tried again, the order with the same key."""
    buyer = log.buyer = market.guest()
    line = {"variant_id": log.product["variants"][0]["id"], "quantity": log.quantity}
    _persist(log, "PUT-CART", lambda: buyer.ask("POST", "cart/items", json=line), known={201})
    cart = _persist(log, "CART", lambda: buyer.ask("GET", "cart"), known={200}).json()
    log.quantity = cart["items"][0]["quantity"]
    payment = {"payment_method": "simulator", "payment_token": log.token}
    body = {"shipping_address": ADDRESS, "email": log.email, **payment}
    headers = {"Idempotency-Key": str(uuid4())}
    placed = _persist(log, "ORDER", lambda: buyer.ask("POST", "orders", json=body, headers=headers), known={201})
    log.order = placed.json()
    faults.advance()
    return log


def _persist(log: Log, what: str, send, known: set[int]) -> httpx.Response:
    """Send until the answer is one of the known; a lost answer may mean that it was done."""
    for _ in range(300):
        log.tries += 1
        try:
            response: httpx.Response = send()
        except httpx.TransportError:
            response = httpx.Response(599)
        if response.status_code in known:
            return response
        assert response.status_code >= 500 or response.status_code in {409, 429}, f"{what}: {response.text}"
        time.sleep(float(response.headers.get("Retry-After", 0.2)))
    raise AssertionError(f"{what} never succeeded for {log.email}: {response.status_code} {response.text}")


def _terminal(log: Log) -> Json | None:
    try:
        order = order_of(log.buyer, log.order)
    except (httpx.TransportError, AssertionError):
        return None
    return {**log.order, **order} if order["status"] in TERMINAL else None


def _deserved(logs: list[Log]) -> bool:
    """There is stock for all, so only the payment decides."""
    expected = dict.fromkeys(REFUSED, ("cancelled", "payment_declined"))
    ends = [(log.order["status"], log.order.get("cancel_reason") or "") for log in logs]
    return ends == [expected.get(log.token, ("confirmed", "")) for log in logs]


def _pages(person: Person, path: str, **params: object) -> Iterator[Json]:
    page = person.get(path, params={"limit": 100, **params})
    yield from page["results"]
    while page["next"]:
        page = person.ask("GET", page["next"].removeprefix(str(person.http.base_url).rstrip("/")), expect=200).json()
        yield from page["results"]


def _orders_found(admin: Person, run: str) -> list[str]:
    return sorted(
        order["email"] for order in _pages(admin, "admin/orders") if order["email"].startswith(f"drill-{run}-")
    )


def _stock_agrees(vendor: Person, products: list[Json], logs: list[Log]) -> bool:
    for sku in (product["variants"][0]["sku"] for product in products):
        sold = sum(log.quantity for log in logs if log.sku == sku and log.order["status"] == "confirmed")
        wait_for(
            lambda sku=sku, sold=sold: _is(vendor.get(f"inventory/{sku}"), STOCK - sold),
            f"{sku} to have {STOCK - sold}",
        )
    return True


def _is(stock: Json, expected: int) -> bool:
    return (stock["on_hand"], stock["reserved"], stock["available"]) == (expected, 0, expected)


def _payments_agree(admin: Person, logs: list[Log]) -> bool:
    confirmed = [log.order for log in logs if log.order["status"] == "confirmed"]
    payments = [admin.get(f"payments/{order['payment']['id']}") for order in confirmed]
    return all(
        (payment["status"], payment["amount"], payment["order_id"]) == ("taken", order["total"], order["id"])
        for payment, order in zip(payments, confirmed, strict=True)
    )


def _mails_agree(logs: list[Log]) -> bool:
    """One per confirmed order, once the last are out."""
    wanted = {log.email for log in logs if log.order["status"] == "confirmed"}
    folder = logs[0].buyer.mail

    def confirmations() -> list[str]:
        texts = (path.read_text(errors="replace") for path in folder.glob("*"))
        written = [found[1] for text in texts if "confirmed" in text.lower() and (found := TO.search(text))]
        return [email for email in written if email in wanted]

    wait_for(lambda: set(confirmations()) == wanted, "the last mails", 60)
    return len(confirmations()) == len(wanted)


def _ledger_is_balanced(admin: Person) -> bool:
    rows = admin.get("admin/ledger/trial-balance")["currencies"]
    return all(
        Decimal(row["difference"]["amount"] if isinstance(row["difference"], dict) else row["difference"]) == 0
        for row in rows
    )


def _no_dead_messages(market: Market) -> bool:
    status = market.guest().get("/status", headers={"Accept": "application/json"})
    return not any(service.get("dead_messages") for service in status["services"])


@pytest.fixture(autouse=True)
def _well_again(market: Market) -> Iterator[None]:
    """Leave the fleet as it was found: all of it answering."""
    yield
    wait_for(lambda: market.guest().ask("GET", "/health").status_code == 200, "the fleet to be well", 60)
