"""A flash sale: far more buyers than units press the button at one moment.

At full size: `make drill name=T14 full=1`.
"""

import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from conftest import MakeProduct, order_of
from load import fleet_command

from fleet.client import Json, Market, Person, wait_for
from fleet.journey import ADDRESS
from fleet.table import Table

BUYERS = int(os.environ.get("NEXUS_BUYERS", "80"))
UNITS = int(os.environ.get("NEXUS_UNITS", "16"))
AT_ONCE = 8
SECONDS_TO_SETTLE = 60 + BUYERS
TOO_MANY = 429


@dataclass
class Buyer:
    person: Person
    order: Json = field(default_factory=dict)
    refused: Json = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)


def test_each_unit_is_sold_once_and_everybody_else_is_told_so(
    fleet: Table, market: Market, vendor: Person, make_product: MakeProduct
) -> None:
    product = make_product(stock=UNITS)
    sku, variant_id = product["variants"][0]["sku"], product["variants"][0]["id"]
    deadlocks = _deadlocks(fleet)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        buyers = list(pool.map(lambda _number: _with_cart(market, variant_id), range(BUYERS)))

    gate = threading.Barrier(BUYERS)
    with ThreadPoolExecutor(BUYERS) as pool:
        list(pool.map(lambda buyer: _buy(buyer, gate), buyers))
    answers = sum((buyer.answers for buyer in buyers), Counter[int]())
    print(f"\nanswers: {dict(answers)}")

    until = time.monotonic() + SECONDS_TO_SETTLE
    ends = Counter(_end(buyer, until) for buyer in buyers)
    print(f"ends: {dict(ends)}")
    assert set(answers) <= {201, 409, TOO_MANY}
    assert ends.pop("confirmed") == UNITS
    assert set(ends) <= {"cancelled: out_of_stock", "refused: out_of_stock"}
    sold_out = {"on_hand": 0, "reserved": 0, "available": 0}
    wait_for(lambda: sold_out.items() <= vendor.get(f"inventory/{sku}").items(), "the stock to be sold")
    moves = Counter(row["kind"] for row in vendor.get(f"inventory/{sku}/movements?limit=100")["results"])
    assert moves["sale"] == min(UNITS, 100 - moves["initial"])
    assert _deadlocks(fleet) == deadlocks
    fleet_command("env", "catalog_service", "--", "python", "manage.py", "verify_stock")


def _with_cart(market: Market, variant_id: str) -> Buyer:
    buyer = Buyer(market.guest())
    _patiently(buyer, "cart/items", {"variant_id": variant_id, "quantity": 1})
    assert set(buyer.answers) <= {201, TOO_MANY}
    buyer.answers.clear()
    return buyer


def _buy(buyer: Buyer, gate: threading.Barrier) -> None:
    body = {"shipping_address": ADDRESS, "payment_method": "simulator", "email": f"flash-{uuid4().hex}@example.com"}
    gate.wait(60)
    response = _patiently(buyer, "orders", body)
    if response.status_code == 201:
        buyer.order = response.json()
    else:
        buyer.refused = response.json()


def _patiently(buyer: Buyer, path: str, body: Json) -> httpx.Response:
    """As a good client: who is told to wait comes again, with the same key."""
    key, until = {"Idempotency-Key": str(uuid4())}, time.monotonic() + SECONDS_TO_SETTLE
    while time.monotonic() < until:
        response = buyer.person.ask("POST", path, json=body, headers=key, timeout=120)
        buyer.answers[response.status_code] += 1
        if response.status_code != TOO_MANY:
            return response
        time.sleep(float(response.headers["Retry-After"]))
    raise AssertionError(f"never let in: {response.text}")


def _end(buyer: Buyer, until: float) -> str:
    if not buyer.order:
        return f"refused: {buyer.refused.get('code')}"

    def look() -> Json | None:
        seen = order_of(buyer.person, {**buyer.order})
        return seen if seen["status"] in {"confirmed", "cancelled"} else None

    order = wait_for(look, f"order {buyer.order['number']} to end", max(until - time.monotonic(), 1))
    return "confirmed" if order["status"] == "confirmed" else f"cancelled: {order['cancel_reason']}"


def _deadlocks(fleet: Table) -> int:
    """All there ever were, by PostgreSQL's own word."""
    return (fleet.var / "log" / "postgres.log").read_text(errors="replace").count("deadlock detected")
