"""What still works while something is away: each dependency is stopped in turn, and every route is asked.

Routes are those of the API document that can be read, with ids that lists tell, and what buyers write on their way to
an order. The fleet's own pages show what came of it: gateway/gateway/degradation.json.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import httpx

from fleet import processes
from fleet.client import Json, Market, Person, wait_for
from fleet.journey import ADDRESS
from fleet.table import ROOT, Table

PAGE = ROOT / "gateway" / "gateway" / "degradation.json"
WORKS, RECENT, LATER = "works", "recent", "later"
"""As ever; what the edge has from before; 503, with the time to come again. Anything else is said as it is."""
SERVERS = ("redis", "rabbitmq", "postgres")
DEADLINE_SECONDS = 5
AT_ONCE = 4
LEFT_OUT = re.compile(r"/social/|/export$|^/status$|^/health$|^/api/v1/openapi|^/api/postman|^/api/events")
"""What leads elsewhere, takes long, or is about the fleet itself."""
Ask = Callable[[], httpx.Response]


@dataclass(frozen=True, slots=True)
class Answer:
    word: str
    seconds: float


def dependencies(table: Table) -> list[str]:
    return [*(service.name.removesuffix("_service") for service in table.services), *SERVERS]


def measure(table: Table, market: Market, variant_id: str, chosen: Sequence[str]) -> dict[str, dict[str, Answer]]:
    """Dependency → route → what it answered while that was away. What is asked for answers before each."""
    people = [market.guest(), *(market.account(role) for role in ("customer", "vendor", "admin"))]
    reads = dict(_reads(people))
    found = {}
    for name in chosen:
        asks = reads | _writes(market, variant_id)
        for route in ("GET /api/v1/products", "GET /api/v1/categories"):
            reads[route]()  # so that the edge has one
        with away(table, name):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = pool.map(_classed, asks.values())
            found[name] = dict(zip(asks, answers, strict=True))
        wait_for(lambda: _is_well(market), "the fleet to be well again", 90)
    return found


def _is_well(market: Market) -> bool:
    """Carts do not look for Redis again at once."""
    guest = market.guest()
    return all(guest.ask("GET", path).status_code == 200 for path in ("/health", "cart"))


@contextmanager
def away(table: Table, name: str) -> Iterator[None]:
    """All processes of a service, or a server, are stopped inside."""
    every = processes.all_info(table.var)
    full = {service.name.removesuffix("_service"): service.name for service in table.services}.get(name, name)
    names = [one for one in every if one == full or one.startswith(f"{full}-")]
    processes.stop(table.var, names)
    try:
        yield
    finally:
        for one in names:
            processes.call(table.var, "startProcess", one, True)


def _reads(people: Sequence[Person]) -> Iterator[tuple[str, Ask]]:
    """Each by the first of these people who may; those with an id, where their list tells one."""
    document = people[0].get("openapi.json")["paths"]
    paths = sorted(path for path, item in document.items() if "get" in item and not LEFT_OUT.search(path))
    firsts: dict[str, tuple[Person, str]] = {}
    for path in (path for path in paths if "{" not in path):
        for person in people:
            response = person.ask("GET", path)
            if response.status_code == 200:
                yield f"GET {path}", partial(person.ask, "GET", path)
                if id_ := _first_id(response):
                    firsts[path] = person, id_
                break
    for path in paths:
        above, _slash, place = path.rpartition("/")
        if re.fullmatch(r"{\w+}", place) and above in firsts:
            person, id_ = firsts[above]
            if person.ask("GET", f"{above}/{id_}").status_code == 200:
                yield f"GET {path}", partial(person.ask, "GET", f"{above}/{id_}")


def _first_id(response: httpx.Response) -> str | None:
    if "json" not in response.headers.get("Content-Type", ""):
        return None
    body = response.json()
    rows = body.get("results") if isinstance(body, dict) else None
    return rows[0].get("id") if rows and isinstance(rows[0], dict) else None


def _writes(market: Market, variant_id: str) -> dict[str, Ask]:
    """What a buyer does, each with somebody who has come so far."""
    guest, buyer, member, another = market.guest(), market.guest(), market.account("customer"), market.guest()
    line = {"variant_id": variant_id, "quantity": 1}
    item = buyer.post("cart/items", line, expect=201)["items"][0]["id"]
    ordering = market.guest()
    ordering.post("cart/items", line, expect=201)
    order = {"shipping_address": ADDRESS, "payment_method": "simulator", "email": f"away-{uuid4().hex}@example.com"}
    log_in = {"email": member.email, "password": member.password}
    asks: Mapping[str, tuple[Person, str, str, Json]] = {
        "POST /api/v1/cart/items": (guest, "POST", "cart/items", line),
        "PATCH /api/v1/cart/items/{item}": (buyer, "PATCH", f"cart/items/{item}", {"quantity": 2}),
        "POST /api/v1/orders": (ordering, "POST", "orders", order),
        "POST /api/v1/auth/login": (another, "POST", "auth/login", log_in),
        "PATCH /api/v1/users/me": (member, "PATCH", "users/me", {"first_name": "Cleo"}),
    }
    return {
        name: partial(who.ask, method, path, json=body, headers={"Idempotency-Key": str(uuid4())})
        for name, (who, method, path, body) in asks.items()
    }


def _classed(ask: Ask) -> Answer:
    try:
        response = ask()
    except httpx.TransportError as error:
        return Answer(type(error).__name__, 0)
    return Answer(_word(response), response.elapsed.total_seconds())


def _word(response: httpx.Response) -> str:
    if response.status_code == 503 and "Retry-After" in response.headers:
        return LATER
    if response.status_code >= 300:
        return str(response.status_code)
    return RECENT if response.headers.get("X-Cache") == "STALE" else WORKS


# ── The table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def rows(found: Mapping[str, Mapping[str, Answer]]) -> dict[str, dict[str, str]]:
    """Route → dependency → the word, without those that it does not notice."""
    routes = dict.fromkeys(route for answers in found.values() for route in answers)
    return {
        route: {name: answers[route].word for name, answers in found.items() if answers[route].word != WORKS}
        for route in routes
    }


def kept() -> dict[str, dict[str, str]]:
    told: dict[str, dict[str, str]] = json.loads(PAGE.read_text())["routes"]
    return told


def keep(table: Table, found: Mapping[str, Mapping[str, Answer]]) -> None:
    told = {"dependencies": dependencies(table), "routes": rows(found)}
    PAGE.write_text(json.dumps(told, indent=1) + "\n")
