"""Each edge between a service and what it asks is poisoned: late, cut, silent, drop by drop, gone without a word.

No request lasts longer than its deadline, nobody is answered 500, and only routes that need that edge fail; when it is
well, they are. A web instance of the service is started by hand, with all it asks behind proxies (proxy.py).

Small unless the environment says otherwise: `NEXUS_TOXICS=60` pairs of edge and toxic, drawn by the seed, or all there
are if there are fewer; `NEXUS_EDGES="database, half"` only those with this in their name. Repeat a run with
`NEXUS_DRILL_SEED=<seed>`.
"""

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from conftest import MakeProduct
from faults import ROUTES
from instances import web_process
from proxy import TOXICS, Proxy
from verdicts import Verdicts, becomes

from fleet import environment
from fleet.client import Market, Person
from fleet.journey import ADDRESS
from fleet.table import Service, Table
from shared.drills import seed, tell

COUNT = int(os.environ.get("NEXUS_TOXICS", "4"))
ONLY = os.environ.get("NEXUS_EDGES", "")
DEADLINE_SECONDS, WELL_AGAIN_SECONDS = 5.0, 10.0
GIVE_UP_SECONDS = 30
QUOTE, CART, STATUS = "POST /api/v1/checkout/quote", "GET /api/v1/cart", "GET /status"
STATEMENTS = "GET /api/v1/vendors/me/statements"
DATABASE, REDIS, SESSIONS, BROKER = "DATABASE_URL", "REDIS_URL", "SESSIONS_REDIS_URL", "RABBITMQ_URL"


@dataclass(frozen=True, order=True)
class Edge:
    """`variable` of a service says where it goes. `needs`: what may fail without it; `spares`: what may not."""

    service: str
    variable: str
    needs: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.service} → {self.variable.removesuffix('_URL').lower()}"


def _edges() -> list[Edge]:
    every = {name: f"GET {path}" for name, path in ROUTES.items()}
    return [
        *(Edge(name, DATABASE, needs=(route,), spares=("GET /health/live",)) for name, route in every.items()),
        *(Edge(name, REDIS, spares=(route,)) for name, route in every.items()),
        *(Edge(name, SESSIONS, spares=(route,)) for name, route in every.items()),
        *(Edge(name, BROKER, spares=(route,)) for name, route in every.items()),
        Edge("cart_service", "REDIS_URL", needs=(CART,), spares=(every["cart_service"],)),
        Edge("order_service", "CART_URL", needs=(QUOTE,), spares=(every["order_service"],)),
        Edge("vendor_service", "PAYMENT_URL", needs=(STATEMENTS,), spares=(every["vendor_service"],)),
        Edge("gateway", "USER_URL", needs=(STATUS,), spares=("GET /health/live",)),
        Edge("gateway", "CATALOG_URL", needs=(STATUS,), spares=("GET /internal/sessions/{session}",)),
        Edge("gateway", SESSIONS, spares=("GET /internal/sessions/{session}", STATUS)),
    ]


@dataclass
class Answer:
    route: str
    status: int
    """0: none came."""
    seconds: float


@dataclass
class Caller:
    """Asks one instance what a customer with a cart and a vendor ask."""

    url: str
    customer: Person
    vendor: Person

    def ask(self, route: str) -> Answer:
        session = jwt.decode(str(self.customer.access), options={"verify_signature": False})["sid"]
        method, path = route.format(session=session).split(" ")
        person = self.vendor if "vendors/me" in path else self.customer
        headers = {"Authorization": f"Bearer {person.access}"}
        body = {"shipping_address": ADDRESS} if method == "POST" else None
        started = time.monotonic()
        try:
            answer = httpx.request(
                method, self.url + path, headers=headers, json=body, timeout=GIVE_UP_SECONDS
            ).status_code
        except httpx.TransportError:
            answer = 0
        return Answer(route, answer, time.monotonic() - started)

    def ask_all(self, edge: Edge) -> list[Answer]:
        """At once, twice each: the second meets what the first has left."""
        routes = [*edge.needs, *edge.spares]
        with ThreadPoolExecutor(len(routes)) as pool:
            return [answer for _ in range(2) for answer in pool.map(self.ask, routes)]


def test_a_poisoned_edge_is_felt_only_by_those_who_need_it(fleet: Table, customer: Person, vendor: Person) -> None:
    chance = random.Random(seed())
    pairs = [(edge, toxic) for edge in _edges() for toxic in TOXICS if ONLY in f"{edge}, {toxic}"]
    chosen = sorted(chance.sample(pairs, min(COUNT, len(pairs))))
    print(f"fault: {len(chosen)} of {len(pairs)} pairs of edge and toxic")

    met = 0
    with Verdicts() as verdicts:
        for name, some in groupby(chosen, key=lambda pair: pair[0].service):
            todo = list(some)
            variables = {edge.variable for edge, _toxic in todo}
            with instance(fleet, fleet.service(name), variables) as (url, proxies):
                caller = Caller(url, customer, vendor)
                for edge, toxic in todo:
                    met += _judge(verdicts, caller, edge, toxic, proxies[edge.variable])
    tell("figure", f"{met} of {len(chosen)} pairs were met by what was asked")


def _judge(verdicts: Verdicts, caller: Caller, edge: Edge, toxic: str, proxy: Proxy) -> bool:
    """Whether the toxic was met. Of an edge that nobody needs it may not be, and then nothing is proven."""
    first = caller.ask_all(edge)
    before = proxy.spoilt
    with proxy.poisoned(toxic):
        answers = caller.ask_all(edge)
    is_met = proxy.spoilt > before
    longest = max(answer.seconds for answer in answers)
    wrong = [one for one in first if not _is_well(one)]
    wrong += [one for one in answers if one.seconds > DEADLINE_SECONDS]
    wrong += [one for one in answers if not _is_well(one) and (one.route in edge.spares or one.status != 503)]
    well_again = becomes(lambda: all(map(_is_well, caller.ask_all(edge))), WELL_AGAIN_SECONDS)
    what = f"{edge}, {toxic}: longest {longest:.1f} s, {sorted({one.status for one in answers})}"
    if is_met or edge.needs or wrong or not well_again:
        verdicts.hold(what, not wrong and is_met and well_again, wrong or ("not well again" if is_met else "not asked"))
    else:
        tell("figure", f"{edge}, {toxic}: not asked")
    return is_met


def _is_well(answer: Answer) -> bool:
    return 200 <= answer.status < 300


@contextmanager
def instance(fleet: Table, service: Service, variables: set[str]) -> Iterator[tuple[str, dict[str, Proxy]]]:
    """An instance of the service with each of these behind a proxy. Yields its URL, and the proxies by variable."""
    usual = environment.of(fleet, service)
    with ExitStack() as stack:
        proxies, changed = {}, {"DATABASE_POOL_SIZE": "4", "STATUS_KEPT_MS": "0"}
        for variable in sorted(variables):
            parts = urlsplit(usual[variable])
            proxy = stack.enter_context(Proxy(parts.hostname or "", parts.port or 0))
            changed[variable] = usual[variable].replace(f":{parts.port}", f":{proxy.port}", 1)
            proxies[variable] = proxy
        yield stack.enter_context(web_process(fleet, service, changed)), proxies


@pytest.fixture
def customer(market: Market, make_product: MakeProduct) -> Person:
    """With something in the cart."""
    person = market.account("customer")
    line = {"variant_id": make_product()["variants"][0]["id"], "quantity": 1}
    person.post("cart/items", line, expect=(200, 201))
    return person
