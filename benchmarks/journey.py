"""What each request of the main journey takes over the gateway, and an order from placed to confirmed.

    .venv/bin/python -m benchmarks.journey [rounds]        the fleet runs and is idle; nothing else does

Each figure stands beside its ratio to the cheapest request there is (GET /health), measured in the same run: ratios
compare across machines, milliseconds do not. Exit status 1 when a budget is exceeded.
"""

import re
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.arguments import need, numbers
from fleet import journey
from fleet.client import Json, Market, Person, wait_for
from fleet.table import load

REQUEST_BUDGET_MS = 300.0
CONFIRMED_BUDGET_MS = 1_500.0
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|JL-\w+|journey-lamp-[\w-]+")


class Timed(httpx.Client):
    """Remembers how long each kind of request took, in milliseconds."""

    taken: dict[str, list[float]] = defaultdict(list)

    def request(self, method: str, url: Any, **kwargs: Any) -> httpx.Response:
        started = time.perf_counter()
        response = super().request(method, url, **kwargs)
        kind = f"{method} {_ID.sub('{id}', str(url).partition('?')[0])}"
        self.taken[kind].append((time.perf_counter() - started) * 1000)
        return response


@dataclass(frozen=True)
class TimedMarket(Market):
    confirmations: list[float] = field(default_factory=list)

    def guest(self) -> Person:
        return Person(Timed(base_url=self.gateway, timeout=30), self.mail)


def main() -> int:
    (rounds,) = numbers(__doc__, rounds=10)
    table = load()
    need(table, "nginx")
    known = Market.at(table)
    market = TimedMarket(known.gateway, known.accounts, known.mail)
    confirmed = [confirmation(market) for _round in range(rounds)]
    for number in range(rounds):
        list(journey.run(market))
        print(f"\rjourney {number + 1} of {rounds}", end="", file=sys.stderr, flush=True)
    floor = statistics.median(sample(market, "/health", 50))
    return report(floor, confirmed)


def sample(market: TimedMarket, path: str, times: int) -> list[float]:
    guest = market.guest()
    for _time in range(times):
        guest.ask("GET", path, expect=200)
    return Timed.taken[f"GET {path}"][-times:]


def confirmation(market: TimedMarket) -> float:
    """Milliseconds from the order's request to the first look that finds it confirmed."""
    guest, listed = (
        market.guest(),
        market.guest().get("products", params={"in_stock": "true", "limit": 1})["results"][0],
    )
    variant = guest.get(f"products/{listed['id']}")["variants"][0]["id"]
    guest.post("cart/items", {"variant_id": variant, "quantity": 1}, expect=201)
    body = {"shipping_address": journey.ADDRESS, "payment_method": "simulator", "email": "bench@example.com"}
    started = time.perf_counter()
    order = guest.post("orders", body, expect=201)

    def look() -> Json | None:
        seen = guest.get(f"orders/{order['id']}", params={"token": order["access_token"]})
        return seen if seen["status"] == "confirmed" else None

    wait_for(look, "the order to be confirmed")
    return (time.perf_counter() - started) * 1000


def report(floor: float, confirmed: list[float]) -> int:
    rows = sorted(((statistics.median(taken), kind, taken) for kind, taken in Timed.taken.items()), reverse=True)
    rows.append((statistics.median(confirmed), "placed → confirmed", confirmed))
    print(f"\n{'request':<48}{'median':>9}{'ratio':>8}{'worst':>9}{'n':>6}")
    for median, kind, taken in rows:
        print(f"{kind:<48}{median:>6.1f} ms{median / floor:>8.1f}{max(taken):>6.1f} ms{len(taken):>6}")
    too_slow = any(median > REQUEST_BUDGET_MS for median, _kind, _taken in rows[:-1])
    return 1 if too_slow or rows[-1][0] > CONFIRMED_BUDGET_MS else 0


if __name__ == "__main__":
    sys.exit(main())
