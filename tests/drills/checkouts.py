"""One load for the drills: checkouts by good clients, who keep a log of what they attempted and what they were told.

The log is later held against the end state (books.py), as Jepsen does it: attempted ≥ found ≥ acknowledged.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from conftest import order_of
from verdicts import becomes

from fleet.client import Json, Market, Person
from fleet.journey import ADDRESS

REFUSED = ["decline", "insufficient_funds"]
TOKENS = ["ok"] * 6 + ["duplicate_webhook", "timeout", *REFUSED]
TERMINAL = {"confirmed", "cancelled"}
SECONDS_TO_SETTLE = 60
PATIENCE_SECONDS = 120
QUANTITY_AT_MOST, LONGER_AT_MOST = 3, 10
"""Of one buyer; and how many times as many checkouts there may be until all faults have struck."""
GIVES_UP = 0.25
"""Share of buyers who do not ask again where they are not told whether their order was placed."""
NO_ANSWER, GONE = "no answer", "cart_empty"
LATER, UNKNOWN = {409, 429}, range(500, 600)


Ask = Callable[[], httpx.Response]


@dataclass
class Checkout:
    """What one buyer wants, did and knows."""

    email: str
    product: Json
    quantity: int
    payment_token: str
    buyer: Person
    persists: bool = True
    outcome: str = "not attempted"
    """Of the order: `ok`, or `unknown`, or that the cart was gone."""
    answers: Counter[str] = field(default_factory=Counter)
    order: Json = field(default_factory=dict)

    @property
    def sku(self) -> str:
        return str(self.product["variants"][0]["sku"])

    @property
    def confirmed(self) -> bool:
        return bool(self.order) and self.order["status"] == "confirmed"


def stock_for(count: int) -> int:
    """Of each product, so that no checkout of the load finds it sold out."""
    return QUANTITY_AT_MOST * LONGER_AT_MOST * count


class Checkouts:
    """The whole load, from a seed; `done` counts those that are through, so that faults can strike on the way."""

    def __init__(self, market: Market, products: list[Json], count: int, seed: int) -> None:
        self.market, self.products, self.count = market, products, count
        self.chance, self.run = random.Random(seed), uuid4().hex[:8]
        self.all = [self._drawn(n) for n in range(count)]
        self.begun, self.done, self.is_over, self.progress = 0, 0, False, threading.Condition()

    def carry_out(self, at_once: int, is_needed: Callable[[], bool]) -> None:
        """All there are, and further ones while they are needed, up to LONGER_AT_MOST times as many."""
        started = time.monotonic()
        try:
            with ThreadPoolExecutor(at_once) as pool:
                list(pool.map(lambda _turn: self._carry_out_some(is_needed), range(at_once)))
        finally:
            with self.progress:
                self.is_over = True
                self.progress.notify_all()
        outcomes = Counter(one.outcome for one in self.all)
        took = time.monotonic() - started
        print(f"load: {len(self.all)} checkouts, {at_once} at once, in {took:.0f} s: {dict(outcomes)}")
        print(f"load: answers {dict(self.answers())}")

    def answers(self) -> Counter[str]:
        return sum((one.answers for one in self.all), Counter[str]())

    def wait_until(self, done: int) -> None:
        """AssertionError if the load is over before."""
        with self.progress:
            self.progress.wait_for(lambda: self.done >= done or self.is_over)
            assert not self.is_over, f"the load was over after {self.done} checkouts"

    def settle(self, admin: Person, seconds: float) -> list[Checkout]:
        """Those whose order did not end in time. An order that nobody was told of is found by its e-mail."""
        unknown = {one.email: one for one in self.all if one.outcome == "unknown"}
        for order in self.found(admin):
            if order["email"] in unknown:
                unknown[order["email"]].order = order
        until = time.monotonic() + seconds
        asked = (one for one in self.all if one.order)
        return [one for one in asked if not becomes(lambda one=one: _terminal(one, admin), until - time.monotonic())]

    def found(self, admin: Person) -> list[Json]:
        """All orders of this run that there are."""
        return [one for one in pages(admin, "admin/orders") if one["email"].startswith(f"drill-{self.run}-")]

    def _carry_out_some(self, is_needed: Callable[[], bool]) -> None:
        """One after the other, as long as there are any."""
        while one := self._next(is_needed):
            try:
                _check_out(one)
            finally:
                with self.progress:
                    self.done += 1
                    self.progress.notify_all()

    def _next(self, is_needed: Callable[[], bool]) -> Checkout | None:
        with self.progress:
            if self.begun == len(self.all):
                if not is_needed() or self.begun == LONGER_AT_MOST * self.count:
                    return None
                self.all.append(self._drawn(self.begun))
            self.begun += 1
            return self.all[self.begun - 1]

    def _drawn(self, number: int) -> Checkout:
        chance = self.chance
        return Checkout(
            email=f"drill-{self.run}-{number}@example.com",
            product=chance.choice(self.products),
            quantity=chance.randint(1, QUANTITY_AT_MOST),
            payment_token=chance.choice(TOKENS),
            buyer=self.market.guest(),
            persists=chance.random() > GIVES_UP,
        )


def _check_out(one: Checkout) -> None:
    """Until the outcome is known, or the buyer gives up. A cart that is lost is filled anew, for another try."""
    until = time.monotonic() + PATIENCE_SECONDS
    while one.outcome in {"not attempted", GONE}:
        line = {"variant_id": one.product["variants"][0]["id"], "quantity": one.quantity}
        _persist(one, lambda line=line: one.buyer.ask("POST", "cart/items", json=line), {201}, until)
        seen = _persist(one, lambda: one.buyer.ask("GET", "cart"), {200, 404}, until)
        if seen.status_code == 200 and seen.json()["items"]:
            one.outcome = _place(one, until)


def _place(one: Checkout, until: float) -> str:
    body = {"shipping_address": ADDRESS, "email": one.email, "payment_method": "simulator"}
    body |= {"payment_token": one.payment_token}
    key = {"Idempotency-Key": str(uuid4())}
    send = lambda: one.buyer.ask("POST", "orders", json=body, headers=key)  # noqa: E731 -- one request, said once
    response = _persist(one, send, {201} if one.persists else {201, *UNKNOWN}, until)
    if response.status_code == 201:
        one.order = response.json()
        return "ok"
    return GONE if _code(response) == GONE else "unknown"


def _persist(one: Checkout, send: Ask, known: Collection[int], until: float) -> httpx.Response:
    """Send until the answer is one of the known, or says that the cart is gone. A lost answer may mean it was done."""
    while time.monotonic() < until:
        response = _once(one, send)
        if response.status_code in known or _code(response) == GONE:
            return response
        assert response.status_code >= 500 or response.status_code in LATER, response.text
        time.sleep(float(response.headers.get("Retry-After", 0.2)))
    raise AssertionError(f"nothing came of it for {one.email}: {response.status_code} {response.text}")


def _once(one: Checkout, send: Ask) -> httpx.Response:
    try:
        response = send()
        one.answers[str(response.status_code)] += 1
    except httpx.TransportError:
        response = httpx.Response(599)
        one.answers[NO_ANSWER] += 1
    return response


def _code(response: httpx.Response) -> str:
    is_problem = response.headers.get("Content-Type", "").startswith("application/problem+json")
    return str(response.json()["code"]) if is_problem else ""


def _terminal(one: Checkout, admin: Person) -> bool:
    """Asked as the buyer where the buyer has the order's link, as an administrator otherwise."""
    try:
        seen = order_of(one.buyer if one.outcome == "ok" else admin, one.order)
    except (httpx.TransportError, AssertionError):
        return False
    one.order |= seen
    return seen["status"] in TERMINAL


def pages(person: Person, path: str, **params: object) -> Iterable[Json]:
    """All of a list, page after page."""
    page = person.get(path, params={"limit": 100, **params})
    yield from page["results"]
    while page["next"]:
        page = person.ask("GET", page["next"].removeprefix(str(person.http.base_url).rstrip("/")), expect=200).json()
        yield from page["results"]
