"""Three times what the fleet can do is asked of it: it goes on doing what it can, quickly, and tells the rest when
to come again.

With the limits of production at the edge. What the fleet can do is measured with the same client, before and after. Who
asks for 60 seconds of it (NEXUS_OVERLOAD_SECONDS=60) has its targets judged, and nothing else should run then; without,
it is three seconds, and judged is who is answered what. The order of what is asked comes from a seed: NEXUS_DRILL_SEED.
"""

import itertools
import os
import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

import psutil
import pytest
from conftest import MakeProduct

from benchmarks.rush import Answer, Request, Rush, an_order, content, header, p, request_of, statuses
from fleet import edge, nginx, processes
from fleet.client import Json, Market, Person, wait_for
from fleet.table import Table

SECONDS = float(os.environ.get("NEXUS_OVERLOAD_SECONDS", "3"))
JUDGED = "NEXUS_OVERLOAD_SECONDS" in os.environ
SEED = int(os.environ.get("NEXUS_DRILL_SEED", time.time_ns() % 1_000_000))
TIMES = 3
GOODPUT = 0.8
P99 = 2.0
BACK_AFTER = 10
AT_ONCE = 32
"""Clients of the closed loop by which capacity is found: more than the threads of an instance."""
ORDERS_AT_ONCE = 8
MORE_CARTS = 100
SECONDS_TO_SETTLE = 120
NEVER = 9.0


@pytest.fixture(autouse=True)
def _limits_of_production(fleet: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setattr(edge, "ON_ONE_MACHINE", {})
        _change_over(fleet)
        yield
    _change_over(fleet)


def _change_over(fleet: Table) -> None:
    master = psutil.Process(processes.pid_of(fleet.var, "nginx"))
    old = master.children()
    nginx.reload(fleet)
    wait_for(lambda: not any(_listens(worker) for worker in old), "NGINX's old workers to leave new ones to it")


def _listens(worker: psutil.Process) -> bool:
    """One that closes its kept connections while somebody sends on them would be an error that is none."""
    try:
        return "shutting down" not in " ".join(worker.cmdline())
    except psutil.NoSuchProcess:
        return False


def test_reads_that_no_cache_has_go_on_at_three_times_the_load(fleet: Table, market: Market) -> None:
    listed = market.guest().get("products", params={"limit": 100})["results"]
    random.Random(SEED).shuffle(listed)
    own = {"X-Cart-Token": "overload"}
    pages = itertools.cycle(
        [request_of(fleet.ports["nginx"], "GET", f"products/{card['slug']}", own) for card in listed]
    )
    rush = Rush(fleet.ports["nginx"], lambda: next(pages))
    rush.closed(AT_ONCE, 1)
    usual = rush.offered(10, 5)

    before = len(rush.closed(AT_ONCE, SECONDS)) / SECONDS
    answers = rush.offered(TIMES * before, SECONDS)
    _nothing_but(rush, answers, 200)
    afterwards = rush.offered(10, BACK_AFTER + 5)
    capacity = (before + len(rush.closed(AT_ONCE, SECONDS)) / SECONDS) / 2

    good = [answer for answer in answers if answer.status == 200]
    goodput = len([answer for answer in good if answer.began + answer.seconds < _began(answers) + SECONDS]) / SECONDS
    _tell("reads", capacity, goodput, good, answers)
    _judge(goodput / capacity, good, _back_after(usual, afterwards))


def test_checkouts_go_on_at_three_times_the_load(fleet: Table, market: Market, make_product: MakeProduct) -> None:
    variant = make_product(stock=1_000_000)["variants"][0]["id"]
    carts = Carts(fleet.ports["nginx"], variant)
    carts.fill(MORE_CARTS)
    rush = Rush(fleet.ports["nginx"], carts.order, carts.answered)
    rush.offered(2, 2)
    roughly = len(rush.closed(ORDERS_AT_ONCE, 1))
    order = carts.placed[0]
    carts.settled(market)
    page = request_of(fleet.ports["nginx"], "GET", f"orders/{order['id']}?token={order['access_token']}", {})
    looking = Rush(fleet.ports["nginx"], lambda: page)  # more orders would be in the way of those that are counted
    usual = looking.offered(5, 5)

    carts.fill_for(roughly)
    before = _orders_a_second(rush, carts, market)
    carts.fill_for(before)
    begun = time.time()
    answers = rush.offered(TIMES * before, SECONDS)
    _nothing_but(rush, answers, 201)
    good = [answer for answer in answers if answer.status == 201]
    afterwards = looking.offered(5, BACK_AFTER + 5)
    goodput = len(good) / (carts.settled(market) - begun)
    carts.fill_for(before)
    capacity = (before + _orders_a_second(rush, carts, market)) / 2

    _tell("checkouts", capacity, goodput, good, answers)
    _judge(goodput / capacity, good, _back_after(usual, afterwards))


def _judge(share: float, good: list[Answer], back_after: float) -> None:
    assert share > 0
    if JUDGED:
        assert p(99, good) <= P99
        assert share >= GOODPUT
        assert back_after <= BACK_AFTER


def _orders_a_second(rush: Rush, carts: "Carts", market: Market) -> float:
    """Placed by a closed loop, from the first request until the last is confirmed."""
    begun = time.time()
    placed = sum(answer.status == 201 for answer in rush.closed(ORDERS_AT_ONCE, SECONDS))
    return placed / (carts.settled(market) - begun)


@dataclass
class Carts:
    """Filled carts of guests, each to be ordered once: whoever was refused comes again with the same key, later."""

    port: int
    variant: str
    waiting: deque[Request] = field(default_factory=deque)
    placed: list[Json] = field(default_factory=list)

    def fill(self, count: int) -> None:
        """Until so many wait."""
        line = {"variant_id": self.variant, "quantity": 1}
        filling = Rush(self.port, lambda: request_of(self.port, "POST", "cart/items", {}, line), self.filled)
        while len(self.waiting) < count:
            filling.closed(8, 1)
            assert set(statuses(filling.answers)) == {201}, statuses(filling.answers)

    def fill_for(self, orders_a_second: float) -> None:
        """Of twice as many in SECONDS, and some that are on their way."""
        self.fill(int(2 * orders_a_second * SECONDS) + MORE_CARTS)

    def filled(self, _request: Request, answer: Answer, whole: bytes) -> None:
        if answer.status == 201:
            self.waiting.append(an_order(self.port, header("X-Cart-Token", whole)))

    def order(self) -> Request:
        assert self.waiting, "too few carts"
        return self.waiting.popleft()

    def answered(self, request: Request, answer: Answer, whole: bytes) -> None:
        if answer.status == 201:
            self.placed.append(content(whole))
        else:
            self.waiting.append(request)

    def settled(self, market: Market) -> float:
        """When the last order since the last look was confirmed, in seconds since 1970: all have to be."""
        placed, self.placed = self.placed, []
        until, guest = time.monotonic() + SECONDS_TO_SETTLE, market.guest()
        ends = [
            wait_for(lambda order=order: _ended(guest, order), f"{order['number']} to end", until - time.monotonic())
            for order in placed
        ]
        assert {order["status"] for order in ends} == {"confirmed"}
        return max(datetime.fromisoformat(order["confirmed_at"]).timestamp() for order in ends)


def _ended(guest: Person, order: Json) -> Json | None:
    seen = guest.get(f"orders/{order['id']}", params={"token": order["access_token"]})
    return seen if seen["status"] in {"confirmed", "cancelled"} else None


def _began(answers: list[Answer]) -> float:
    return min(answer.began for answer in answers if answer.status)


def _tell(what: str, capacity: float, goodput: float, good: list[Answer], answers: list[Answer]) -> None:
    refused = [answer for answer in answers if answer.status in {429, 503}]
    print(
        f"\n{what}, seed {SEED}: {capacity:.1f} a second at best; of {len(answers) / SECONDS:.1f} offered "
        f"{goodput:.1f} ({goodput / capacity:.0%}) answered, p50 {p(50, good):.2f} s, p99 {p(99, good):.2f} s; "
        f"{statuses(answers)}; refusals took {p(50, refused) * 1_000:.0f} ms, p99 {p(99, refused) * 1_000:.0f} ms"
    )


def _nothing_but(rush: Rush, answers: list[Answer], status: int) -> None:
    """Answers of this status, and refusals that say when to come again."""
    assert rush.unsent == 0, "the client had too few connections"
    assert statuses(answers).keys() <= {status, 429, 503}
    assert all(answer.told_when for answer in answers if answer.status != status)


def _felt(answer: Answer) -> float:
    return answer.seconds if 200 <= answer.status < 300 else NEVER


def _back_after(usual: list[Answer], afterwards: list[Answer]) -> float:
    """Seconds until half of a second's requests took no longer than twice as long as usual."""
    slow, begun = 2 * p(50, usual) + 0.02, _began(afterwards)
    seconds = [
        [answer for answer in afterwards if int(answer.began - begun) == second] for second in range(BACK_AFTER + 5)
    ]
    late = [n for n, some in enumerate(seconds) if median([_felt(one) for one in some] or [NEVER]) > slow]
    print(f"as usual ({p(50, usual) * 1_000:.0f} ms) again after {max(late, default=-1) + 1} s")
    return max(late, default=-1) + 1
