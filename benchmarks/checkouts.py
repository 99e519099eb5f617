"""Complete checkouts over the gateway: a cart with two lines of two vendors, an order, confirmed."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from benchmarks import inventory
from benchmarks.peers import Load, percentiles
from fleet import journey
from fleet.client import Json, Market
from fleet.postgres import admin_url
from fleet.table import Table

ORDERS, BUYERS = 160, 8


@contextlib.contextmanager
def stall(market: Market) -> Iterator[list[str]]:
    """A variant of each of two vendors, with more in stock than anybody buys."""
    trade = journey.Journey(market, market.account("admin"), market.guest())
    journey.open_shops(trade)
    products = [inventory.on_sale(market, vendor, trade.admin) for vendor in trade.vendors]
    try:
        yield [product["variants"][0]["id"] for product in products]
    finally:
        for product in products:
            trade.admin.ask("DELETE", f"products/{product['id']}")


def place_all(table: Table, market: Market, variants: list[str], orders: int = ORDERS) -> Load:
    """Each buyer comes again when the order is confirmed. How long that took, order_service's own times tell."""
    begun = time.perf_counter()
    with watching(admin_url(table, "nexus_order")) as watch, ThreadPoolExecutor(BUYERS) as pool:
        list(pool.map(lambda _number: buy(market, variants, watch, orders // BUYERS), range(BUYERS)))
    return Load(len(watch.taken) / (time.perf_counter() - begun), *percentiles(watch.taken))


@dataclass
class Watch:
    """Whoever waits for an order; it costs the fleet a small statement now and then, and no request."""

    waiting: dict[str, threading.Event] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)
    ended: bool = False

    def confirmed(self, order: str) -> None:
        self.waiting[order] = event = threading.Event()
        if not event.wait(60):
            raise SystemExit(f"the order {order} was not confirmed within a minute")

    def look(self, connection: psycopg.Connection[Any]) -> None:
        while not self.ended:
            for order, status, taken in connection.execute(_TAKEN, [list(self.waiting)]).fetchall():
                if status in ("cancelled", "needs_attention"):
                    raise SystemExit(f"the order {order} was {status}")
                if taken is not None:
                    self.taken.append(float(taken))
                    self.waiting.pop(str(order)).set()
            time.sleep(0.01)


_TAKEN = """
    SELECT id, status, extract(epoch FROM confirmed_at - placed_at) * 1000 FROM order_group WHERE id = ANY(%s::uuid[])
"""


@contextlib.contextmanager
def watching(url: str) -> Iterator[Watch]:
    watch = Watch()
    with psycopg.connect(url, autocommit=True) as connection:
        thread = threading.Thread(target=watch.look, args=[connection], daemon=True)
        thread.start()
        yield watch
        watch.ended = True
        thread.join()


def buy(market: Market, variants: list[str], watch: Watch, orders: int) -> None:
    """One guest after the other, over one connection."""
    place = urlsplit(market.gateway)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    for _order in range(orders):
        token = ""
        for variant in variants:
            line = {"variant_id": variant, "quantity": 1}
            token = post(connection, "cart/items", line, {"X-Cart-Token": token})[1] or token
        watch.confirmed(order(connection, token)["id"])
    connection.close()


def order(connection: http.client.HTTPConnection, token: str) -> Json:
    """A guest's, of what is in the cart with this token."""
    email = f"bench-{uuid4().hex[:12]}@example.com"
    body = {"shipping_address": journey.ADDRESS, "payment_method": "simulator", "email": email}
    return post(connection, "orders", body, {"X-Cart-Token": token, "Idempotency-Key": str(uuid4())})[0]


def post(connection: http.client.HTTPConnection, path: str, body: Json, headers: dict[str, str]) -> tuple[Json, str]:
    """The answer, and the cart's token if it brings one."""
    given = {name: value for name, value in headers.items() if value} | {"Content-Type": "application/json"}
    connection.request("POST", f"/api/v1/{path}", json.dumps(body), given)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status not in (200, 201):
        raise SystemExit(f"POST {path}: {answer.status} {content.decode()[:300]}")
    return json.loads(content), answer.headers.get("X-Cart-Token", "")
