"""A shop's ordinary hour, compressed: nine reads for each write, over the gateway of the running, otherwise idle fleet.

    .venv/bin/python -m benchmarks.mixed [seconds] [clients]

Reads are a guest's: product pages, lists, searches, suggestions, categories, a few of them asked for much more often
than the rest (by Zipf's law), so that the edge's cache answers what it may. Of fifty writes 25 put something into a
new cart, 24 change how much of it, and one orders such a cart: two orders for a thousand requests, which is twice what
a shop has of whose visitors every fortieth buys, after 25 pages. Each client sends its next request when the last is
answered. Exit status 1 below 1,000 requests a second, at a mean of 200 ms, or with a single answer that is no success.
"""

import itertools
import json
import random
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import mean

from benchmarks import checkouts, processor
from benchmarks.arguments import need, numbers
from benchmarks.peers import percentiles
from benchmarks.rush import Answer, Request, Rush, an_order, content, header, request_of, statuses
from benchmarks.shop import MOST, RESULTS, machine
from fleet.client import Json, Market
from fleet.table import load

SECONDS, CLIENTS, CARTS = 30, 32, 200
A_SECOND, MEAN_MS = 1_000.0, 200.0
WRITES_OF_TEN, ORDERS_OF_FIFTY, NEW_OF_FIFTY = 1, 1, 25
READS = {"product": 40, "list": 25, "search": 15, "suggestions": 10, "categories": 10}
"""Of a hundred."""
SEED = 42
FROM_THE_CACHE = {"HIT", "STALE", "UPDATING"}


@dataclass
class Shop:
    """What visitors ask, and what they were told."""

    port: int
    variants: list[str]
    reads: Iterator[Request]
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    carts: list[tuple[str, str]] = field(default_factory=list)
    """Token and item, of those that stay."""
    fresh: deque[str] = field(default_factory=deque)
    """Tokens of those that may be ordered."""
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cache: Counter[str] = field(default_factory=Counter)

    def request(self) -> Request:
        return self.write() if self.chance.random() * 10 < WRITES_OF_TEN else next(self.reads)

    def write(self) -> Request:
        turn = self.chance.random() * 50
        if turn < ORDERS_OF_FIFTY and self.fresh:
            return an_order(self.port, self.fresh.popleft())
        if turn < ORDERS_OF_FIFTY + NEW_OF_FIFTY or not self.carts:
            return self.new_cart()
        token, item = self.chance.choice(self.carts)
        body = {"quantity": self.chance.randint(1, 5)}
        return request_of(self.port, "PATCH", f"cart/items/{item}", {"X-Cart-Token": token}, body)

    def new_cart(self) -> Request:
        line = {"variant_id": self.chance.choice(self.variants), "quantity": 1}
        return request_of(self.port, "POST", "cart/items", {}, line)

    def answered(self, request: Request, answer: Answer, whole: bytes) -> None:
        kind = "reads" if request.startswith(b"GET") else "writes"
        self.taken[kind].append(answer.seconds * 1_000)
        if kind == "reads":
            self.cache[header("X-Cache", whole)] += 1
        elif b"cart/items HTTP" in request[:40] and answer.status == 201:
            self.remember(whole)

    def remember(self, whole: bytes) -> None:
        token = header("X-Cart-Token", whole)
        if len(self.carts) < CARTS:
            self.carts.append((token, content(whole)["items"][0]["id"]))
        else:
            self.fresh.append(token)


def main() -> int:
    seconds, clients = numbers(__doc__, seconds=SECONDS, clients=CLIENTS)
    table = load()
    need(table, "nginx")
    market, port = Market.at(table), table.ports["nginx"]
    with checkouts.stall(market) as variants:
        shop = Shop(port, variants, visits(market, port))
        print(f"{CARTS} carts and two seconds to warm up, then {seconds} s with {clients} clients", flush=True)
        filling = Rush(port, shop.new_cart, shop.answered)
        while len(shop.carts) < CARTS or len(shop.fresh) < clients:
            filling.closed(8, 1)
            succeeded(filling)
        rush = Rush(port, shop.request, shop.answered)
        rush.closed(clients, 2)
        succeeded(rush)
        shop.taken.clear()
        shop.cache.clear()
        before = processor.used()
        answers = rush.closed(clients, seconds)
        spent = processor.since(before, len(answers))
    return report(shop, rush, seconds, spent)


def succeeded(rush: Rush) -> None:
    if rush.failed:
        raise SystemExit(f"while preparing: {statuses(rush.answers)}")


def visits(market: Market, port: int) -> Iterator[Request]:
    """What guests look at, for ever."""
    guest, chance = market.guest(), random.Random(SEED)
    listed = guest.get("products", params={"limit": 100})["results"]
    categories = [row["slug"] for row in guest.get("categories")["results"]]
    chance.shuffle(listed)
    words = sorted({word.lower() for card in listed for word in card["name"].split() if word.isalpha()})
    chance.shuffle(words)
    paths = {
        "product": [f"products/{card['slug']}" for card in listed],
        "list": ["products", *(f"products?category={slug}" for slug in categories), "products?sort=-price"],
        "search": [f"products?search={word}" for word in words],
        "suggestions": [f"search/suggestions?q={word[:3]}" for word in words],
        "categories": ["categories"],
    }
    for path in itertools.chain.from_iterable(paths.values()):
        guest.get(path)
    sent = {kind: [request_of(port, "GET", path, {}) for path in found] for kind, found in paths.items()}
    rank = {kind: [1 / (place + 1) for place in range(len(found))] for kind, found in paths.items()}
    while True:
        kind = chance.choices(list(READS), list(READS.values()))[0]
        yield chance.choices(sent[kind], rank[kind])[0]


def report(shop: Shop, rush: Rush, seconds: int, spent: dict[str, float]) -> int:
    rate, everything = len(rush.answers) / seconds, [one for taken in shop.taken.values() for one in taken]
    kinds = {kind: figures(taken, seconds) for kind, taken in {"all": everything, **shop.taken}.items()}
    kept = sum(shop.cache[name] for name in FROM_THE_CACHE) / len(shop.taken["reads"])
    print(f"\n{'':<8}{'a second':>10}{'mean ms':>9}{'p50':>9}{'p95':>9}{'p99':>9}")
    for kind, one in kinds.items():
        print(f"{kind:<8}{one['a_second']:>10,.1f}" + "".join(f"{one[n]:>9.1f}" for n in ("mean", "p50", "p95", "p99")))
    print(f"of the reads {kept:.1%} from the edge's cache: {dict(shop.cache.most_common())}")
    print(f"{sum(spent.values()):.2f} ms of processor each: " + ", ".join(f"{n} {ms:.2f}" for n, ms in most(spent)))
    targets = {
        f"{rate:,.0f} a second (>= {A_SECOND:,.0f})": rate >= A_SECOND,
        f"{mean(everything):.0f} ms at the mean (< {MEAN_MS:.0f})": mean(everything) < MEAN_MS,
        f"{rush.failed} that failed (0): {statuses(rush.answers)}": not rush.failed,
    }
    for what, met in targets.items():
        print(f"{what:<60}{'ok' if met else 'MISSED'}")
    keep(kinds, kept, spent)
    return int(not all(targets.values()))


def most(spent: dict[str, float]) -> list[tuple[str, float]]:
    return list(spent.items())[: 2 * MOST]


def figures(taken: list[float], seconds: int) -> Json:
    p50, p95, p99 = percentiles(taken)
    found = {"a_second": len(taken) / seconds, "mean": mean(taken), "p50": p50, "p95": p95, "p99": p99}
    return {name: round(figure, 1) for name, figure in found.items()}


def keep(kinds: Json, kept: float, spent: dict[str, float]) -> None:
    RESULTS.mkdir(exist_ok=True)
    cpu = {name: round(ms, 3) for name, ms in spent.items() if ms >= 0.005}
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **machine(), "kinds": kinds}
    told |= {"from_the_cache": round(kept, 3), "cpu_ms": cpu, "cpu_ms_in_all": round(sum(spent.values()), 3)}
    (RESULTS / "mixed.json").write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
