"""What each service is asked for all day, sent to one web process of it, past the edge.

The catalogue's process is one of the benchmark's own, with 1,000 products of which no answer is kept; all others are
the first web process of the running fleet. Nobody meets a brake: each login comes from an address of its own.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from benchmarks import checkouts, identity, shop
from benchmarks.catalogue import database
from benchmarks.peers import Load, free_port, load, percentiles, running
from benchmarks.served import NOT_KEPT
from fleet import environment, journey, services
from fleet.client import Json, Market, Person, wait_for
from fleet.table import Service, Table

AT_ONCE = 8
"""Clients; as many as a web process has threads."""
ACCOUNTS, OWN_ORDERS = 8, 3
ORDERS_A_SECOND, MOST_ORDERS = 30, 60
"""Carts that are filled for each second of orders, more than a process takes, and in all: more orders would be refused
until those before them are carried out (CHECKOUTS_AT_ONCE).
"""
SHELF = "shelf-web"
"""The catalogue's process, as processor.pids knows it."""
Send = Callable[[float], Load]
"""Sends for about so many seconds."""


@dataclass(frozen=True)
class Request:
    """A kind of request, and the web process that bears it."""

    service: str
    name: str
    what: str
    process: str
    prepare: Callable[[float], Send]
    """Makes what so many seconds of them use up, before anything is measured."""


@contextlib.contextmanager
def requests(table: Table, market: Market) -> Iterator[list[Request]]:
    """All of them; what was made for them goes, or is not for sale any more."""
    with shelf(table) as shown, checkouts.stall(market) as variants:
        yield [*of_the_catalogue(shown.url), *_of_the_fleet(table, market, variants)]


class Shelf(NamedTuple):
    """Where it answers, and the database of its products."""

    url: str
    database: str


@contextlib.contextmanager
def shelf(table: Table) -> Iterator[Shelf]:
    """One web process of the catalogue, nothing before it."""
    with database("typical") as url:
        port = free_port()
        variables = shop.catalogue(table, url) | NOT_KEPT
        program = services.web(table.service("catalog_service"), variables, 1)
        own = replace(program, name=SHELF, environment=program.environment | {"PORT": str(port)})
        with running(own, ports=[port]):
            yield Shelf(f"http://127.0.0.1:{port}", urlsplit(url).path.removeprefix("/"))


# ── What is asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def of_the_catalogue(url: str) -> list[Request]:
    told = {
        "list": "`GET /products`, 24 of them",
        "detail": "`GET /products/{slug}`, ever another",
        "search": "`GET /products?search=`, with about 50 hits",
    }
    asked = {name: shop.ONE_AFTER_ANOTHER.format(paths=shop.quoted(shop.paths(url, name))) for name in told}
    return [Request("catalog_service", name, told[name], SHELF, _kept_asking(url, asked[name])) for name in told]


def _of_the_fleet(table: Table, market: Market, variants: list[str]) -> list[Request]:
    buyer, people = _buyer(market, variants), identity.accounts(market, ACCOUNTS)
    store = market.guest().get("vendors", params={"limit": 1})["results"][0]["slug"]
    cart, order, user = (table.service(name) for name in ("cart", "order", "user"))
    payment, vendor = table.service("payment"), table.service("vendor")
    token = _filled_cart(cart, variants)
    bearer, with_cart = {"Authorization": f"Bearer {buyer.access}"}, {"X-Cart-Token": token}
    to_order = {"shipping_address": journey.ADDRESS}
    hook = environment.of(table, payment)["SIMULATOR_WEBHOOK_SECRETS"].partition(",")[0]

    def at(service: Service, name: str, what: str, prepare: Callable[[float], Send]) -> Request:
        return Request(service.name, name, what, services.web_name(service, 1), prepare)

    def got(service: Service, name: str, path: str, headers: Mapping[str, str]) -> Request:
        return at(service, name, f"`GET {path}`", _kept_asking(service.url, _get(f"/api/v1{path}", headers)))

    return [
        got(cart, "cart", "/cart", with_cart),
        at(cart, "item", "`POST /cart/items`, the first of a cart", _steadily(cart, partial(_add, variants[0]))),
        at(order, "quote", "`POST /checkout/quote`, two lines of two vendors",
           _kept_asking(order.url, _post("/api/v1/checkout/quote", to_order, with_cart))),
        at(order, "order", "`POST /orders`, the same", partial(_orders, cart, order, variants)),
        got(order, "own orders", "/orders", bearer),
        at(user, "login", "`POST /auth/login`", _steadily(user, partial(_log_in, people))),
        got(user, "profile", "/users/me", bearer),
        replace(got(vendor, "store", f"/vendors/{store}", {}), what="`GET /vendors/{slug}`"),
        got(payment, "methods", "/payment-methods", {}),
        at(payment, "webhook", "`POST /payment-webhooks/simulator`, signed", _steadily(payment, partial(_tell, hook))),
        got(table.service("notification"), "own notifications", "/notifications", bearer),
        got(table.service("gateway"), "document", "/openapi.json", {}),
        at(table.service("gateway"), "status", "`GET /status`",
           _kept_asking(table.service("gateway").url, _get("/status", {}))),
    ]  # fmt: skip


def _buyer(market: Market, variants: list[str]) -> Person:
    """Somebody with orders and notifications."""
    buyer = market.newcomer("bench")
    buyer.register("Ada", "Bench")
    for _order in range(OWN_ORDERS):
        buyer.post("cart/items", {"variant_id": variants[0], "quantity": 1})
        order = buyer.post("orders", {"shipping_address": journey.ADDRESS, "payment_method": "simulator"})
        wait_for(partial(_is_confirmed, buyer, order["id"]), "an order to be confirmed")
    return buyer


def _is_confirmed(buyer: Person, order: str) -> bool:
    return bool(buyer.get(f"orders/{order}")["status"] == "confirmed")


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _kept_asking(url: str, lua: str) -> Callable[[float], Send]:
    """wrk asks; it takes the least processor time from those who are measured."""
    return lambda _seconds: lambda seconds: load(url, seconds, lua=lua, connections=AT_ONCE)


def _get(path: str, headers: Mapping[str, str]) -> str:
    return f'wrk.path = "{path}"\n{_headers(headers)}'


def _post(path: str, body: Json, headers: Mapping[str, str]) -> str:
    given = {**headers, "Content-Type": "application/json"}
    return f'wrk.method = "POST"\nwrk.path = "{path}"\nwrk.body = [[{json.dumps(body)}]]\n{_headers(given)}'


def _headers(headers: Mapping[str, str]) -> str:
    return "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in headers.items())


Ask = Callable[[http.client.HTTPConnection], object]


def _steadily(service: Service, ask: Ask) -> Callable[[float], Send]:
    """For what needs another body each time."""
    return lambda _seconds: lambda seconds: _until(service, ask, seconds)


def _until(service: Service, ask: Ask, seconds: float) -> Load:
    end = time.perf_counter() + seconds
    return _together(service, ask, lambda: time.perf_counter() < end)


def _together(service: Service, ask: Ask, more: Callable[[], bool]) -> Load:
    """AT_ONCE clients, each over one connection, as long as there are more to send."""
    taken, begun, lock = list[float](), time.perf_counter(), threading.Lock()

    def client(_number: int) -> None:
        connection = _connect(service)
        while more():
            started = time.perf_counter()
            ask(connection)
            with lock:
                taken.append((time.perf_counter() - started) * 1_000)
        connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(client, range(AT_ONCE)))
    return Load(len(taken) / (time.perf_counter() - begun), *percentiles(taken))


def _connect(service: Service) -> http.client.HTTPConnection:
    place = urlsplit(service.url)
    return http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)


def _add(variant: str, connection: http.client.HTTPConnection) -> None:
    checkouts.post(connection, "cart/items", {"variant_id": variant, "quantity": 1}, {})


def _log_in(people: list[Person], connection: http.client.HTTPConnection) -> None:
    person = people[int(uuid4()) % len(people)]
    form, headers = {"email": person.email, "password": person.password}, {"X-Real-IP": identity.anywhere()}
    checkouts.post(connection, "auth/login", form, headers)


def _tell(secret: str, connection: http.client.HTTPConnection) -> None:
    """An event that is about no charge: it is kept, and acted on without asking the provider."""
    body, at = json.dumps({"id": f"bench-{uuid4()}", "charge": ""}), int(time.time())
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"Simulator-Signature": f"t={at},v1={digest}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/payment-webhooks/simulator", body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 204:
        raise SystemExit(f"a webhook was answered {answer.status}")


def _filled_cart(cart: Service, variants: list[str]) -> str:
    """The token of a guest's cart with all of them in it."""
    connection, token = _connect(cart), ""
    for variant in variants:
        line = {"variant_id": variant, "quantity": 1}
        token = checkouts.post(connection, "cart/items", line, {"X-Cart-Token": token})[1] or token
    connection.close()
    return token


def _orders(cart: Service, order: Service, variants: list[str], seconds: float) -> Send:
    """Of carts that are full before the first order is sent."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tokens = list(
            pool.map(lambda _n: _filled_cart(cart, variants), range(min(round(ORDERS_A_SECOND * seconds), MOST_ORDERS)))
        )

    def place(connection: http.client.HTTPConnection) -> None:
        with contextlib.suppress(IndexError):  # another client took the last
            checkouts.order(connection, tokens.pop())

    def send(seconds: float) -> Load:
        end = time.perf_counter() + seconds
        return _together(order, place, lambda: bool(tokens) and time.perf_counter() < end)

    return send
