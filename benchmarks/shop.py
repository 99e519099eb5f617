"""What a shop does all day, beside what this machine does at best: `make bench`.

    .venv/bin/python -m benchmarks.shop [list|detail|search|login|checkout …]       the fleet runs here and is idle

`list`      24 products       `detail`   one of them, ever another      `search`   with about 50 hits
            each with nothing kept anywhere, and hot, as the edge gives to everybody
`login`     a password, an access token and a refresh token
`checkout`  a cart with two lines of two vendors, an order, confirmed

Reads are of a catalogue of 1,000 products in a database of their own, from two web processes of catalog_service behind
an NGINX with the edge's templates and no brakes; logins and checkouts go over the gateway of the running fleet, with
two web processes of order_service. Rounds alternate with the floors; the medians of three count. What comes out is
printed, and kept in benchmarks/results/ as JSON and as a picture. Exit status 1 when a target is missed.
"""

import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import httpx
import psycopg

from benchmarks import checkouts, floors, identity, picture, processor
from benchmarks.arguments import chosen, need
from benchmarks.catalogue import RATES, database
from benchmarks.front import fronting
from benchmarks.peers import Load, free_port, load, percentiles
from benchmarks.served import NOT_KEPT
from fleet import bootstrap, environment, scaling, services
from fleet import table as page
from fleet.client import Json, Market, Person
from fleet.table import ROOT, Table

ROUNDS, SECONDS, PRODUCTS = 3, 3, 1_000
LOGINS, LOGINS_AT_ONCE, ACCOUNTS = 200, 8, 8
CONFIRMED_MS, CPU_MS, ORDERS_A_SECOND = 500.0, 55.0, 35.0
RESULTS = ROOT / "benchmarks" / "results"
MOST = 5
"""Of the processes, by their processor time."""
PEERS = {"list": 248, "detail": 119, "search": 60, "login": 19, "checkout": 17}
"""The best of Vendure, Oscar and Medusa, a second, on a machine with the floors of `floors.ELSEWHERE`."""
AS_QUICK_AS = {"list": "django", "detail": "django", "search": "django", "login": "hash", "checkout": "postgres"}
"""The floor by which this machine and that of the peers are compared."""
PAST_THE_CACHE = ("-H", "X-Cart-Token: bench")
"""What the edge takes for somebody's own, and neither keeps nor gives to another."""
ONE_AFTER_ANOTHER = """
local paths = {{ {paths} }}
local at = 0
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
"""


@dataclass
class Kind:
    """What was measured of one kind of request, a round each."""

    loads: list[Load] = field(default_factory=list)
    spent: list[dict[str, float]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(one.rate for one in self.loads)

    def as_json(self) -> Json:
        names = dict.fromkeys(name for one in self.spent for name in one)
        spent = {name: round(median(one.get(name, 0.0) for one in self.spent), 3) for name in names}
        return {
            "a_second": round(self.rate, 1),
            "rounds": [round(one.rate, 1) for one in self.loads],
            **{name: round(median(getattr(one, name) for one in self.loads), 2) for name in ("p50", "p95", "p99")},
            "cpu_ms": {name: taken for name, taken in spent.items() if taken >= 0.005},
            "cpu_ms_in_all": round(sum(spent.values()), 3),
        }


Kinds = dict[str, Kind]
READS = ("list", "detail", "search")


def main() -> int:
    table = page.load()
    asked = chosen(__doc__, [*READS, "login", "checkout"])
    need(table, "postgres", "nginx")
    bootstrap.ensure_packages(bootstrap.BENCH_PACKAGES)
    kinds: Kinds = defaultdict(Kind)
    print(f"{os.cpu_count()} cores; {os.getloadavg()[0]:.1f} processes wanted one in the last minute", flush=True)
    if reads := [name for name in READS if name in asked]:
        measure_reads(table, reads, kinds)
    if "login" in asked or "checkout" in asked:
        measure_fleet(table, asked, kinds)
    return report(asked, kinds)


# ── Reads ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_reads(table: Table, asked: list[str], kinds: Kinds) -> None:
    with database("shop") as url:
        variables = catalogue(table, url)
        with shelf(table, variables | NOT_KEPT) as cold, shelf(table, variables) as hot:
            asking = {name: ONE_AFTER_ANOTHER.format(paths=quoted(paths(cold, name))) for name in asked}
            for _round in progress("reads"):
                floor(kinds, "nginx", floors.nginx)
                floor(kinds, "django", floors.django)
                floor(kinds, "asking", floors.asking)
                for name in asked:
                    measured(kinds, name, partial(load, cold, SECONDS, *PAST_THE_CACHE, lua=asking[name]))
                    if name != "search":
                        load(hot, 1, lua=asking[name])  # whoever is not there yet
                        measured(kinds, f"{name}, hot", partial(load, hot, SECONDS, lua=asking[name]))


def catalogue(table: Table, url: str) -> dict[str, str]:
    """The environment of a catalog_service with PRODUCTS of them."""
    own = environment.of(table, table.service("catalog_service"), test=True) | {"DATABASE_URL": url}
    variables = own | {"NEXUS_ENV": "development", "LOG_LEVEL": "INFO"}
    for arguments in (["migrate", "--verbosity=0"], ["seed_catalogue", str(PRODUCTS)]):
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT / "catalog_service", env=environment.passed_on() | variables, check=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(RATES)
        connection.execute("VACUUM ANALYZE")
    return variables


@contextlib.contextmanager
def shelf(table: Table, variables: dict[str, str]) -> Iterator[str]:
    """The edge before two web processes of the catalogue."""
    service, ports = table.service("catalog_service"), [free_port(), free_port()]
    webs = [services.web(service, variables | {"PORT": str(port)}, 1) for port in ports]
    for web, port in zip(webs, ports, strict=True):
        web.environment["PORT"] = str(port)
    with fronting(*webs, ports={"catalog_service": ports}) as front:
        yield front.url


def paths(url: str, name: str) -> list[str]:
    """What is asked for, in turn."""
    with httpx.Client(base_url=f"{url}/api/v1/", headers={"X-Cart-Token": "bench"}, timeout=30) as client:
        listed = client.get("products", params={"limit": 100}).raise_for_status().json()["results"]
        if name == "list":
            return ["/api/v1/products"]
        if name == "detail":
            return [f"/api/v1/products/{card['slug']}" for card in listed]
        words = sorted({word.lower() for card in listed for word in card["name"].split() if word.isalpha()})
        asked = {word: client.get("products", params={"search": word, "facets": "brand"}).json() for word in words}
    hits = {word: answer["facets"]["total"] for word, answer in asked.items()}
    nearest = sorted(words, key=lambda word: (abs(hits[word] - 50), word))[:5]
    return [f"/api/v1/products?search={word}" for word in nearest]


def quoted(found: list[str]) -> str:
    return ", ".join(f'"{path}"' for path in found)


# ── The fleet ────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_fleet(table: Table, asked: list[str], kinds: Kinds) -> None:
    market = Market.at(table)
    people = identity.accounts(market, ACCOUNTS) if "login" in asked else []
    nothing: contextlib.AbstractContextManager[list[str]] = contextlib.nullcontext([])
    stall = checkouts.stall(market) if "checkout" in asked else nothing
    with order_service_twice(table), stall as variants:
        for _round in progress("logins and checkouts"):
            floor(kinds, "postgres", floors.postgres)
            if people:
                floor(kinds, "hash", floors.hashes)
                measured(kinds, "login", partial(logins, market, people))
            if variants:
                measured(kinds, "checkout", partial(checkouts.place_all, table, market, variants))


@contextlib.contextmanager
def order_service_twice(table: Table) -> Iterator[None]:
    """One process has one processor's Python."""
    before = table.service("order_service").instances
    scaling.scale(table, "order_service", max(before, 2))
    try:
        yield
    finally:
        scaling.scale(page.load(), "order_service", before)


def logins(market: Market, people: list[Person]) -> Load:
    """Each from an address of its own, so that no brake is met."""

    def log_in(number: int) -> float:
        person = people[number % len(people)]
        form = {"email": person.email, "password": person.password}
        answer = identity.ask(market.gateway, "POST", "auth/login", form, source=identity.anywhere())
        if answer.status != 200:
            raise SystemExit(f"a login was refused: {answer}")
        return answer.milliseconds

    return together(log_in, LOGINS, LOGINS_AT_ONCE)


def together(do: Callable[[int], float], times: int, at_once: int) -> Load:
    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        taken = list(pool.map(do, range(times)))
    return Load(times / (time.perf_counter() - begun), *percentiles(taken))


# ── Measuring and telling ────────────────────────────────────────────────────────────────────────────────────────────


def progress(what: str) -> Iterator[int]:
    for number in range(ROUNDS):
        print(f"{what}: round {number + 1} of {ROUNDS}", flush=True)
        yield number


def measured(kinds: Kinds, name: str, ask: Callable[[], Load]) -> None:
    before, begun = processor.used(), time.perf_counter()
    found = ask()
    kinds[name].loads.append(found)
    kinds[name].spent.append(processor.since(before, found.rate * (time.perf_counter() - begun)))
    print(f"  {name}: {found.rate:,.0f} a second", flush=True)


def floor(kinds: Kinds, name: str, ask: Callable[[], float]) -> None:
    kinds[name].loads.append(Load(ask(), 0, 0, 0))
    print(f"  {name}, a floor: {kinds[name].loads[-1].rate:,.0f} a second", flush=True)


@dataclass(frozen=True)
class Target:
    kind: str
    what: str
    found: float
    wanted: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted


def targets(kinds: Kinds) -> list[Target]:
    """Of what was measured."""
    rate = {name: kind.rate for name, kind in kinds.items()}
    found = [
        Target(name, f"of a bare Django view ({rate['django']:,.0f})", rate[name] / rate["django"], share)
        for name, share in (("list", 1 / 3), ("detail", 1 / 3), ("search", 1 / 8))
        if name in rate
    ]
    found += [
        Target(name, f"of NGINX with a file ({rate['nginx']:,.0f})", rate[name] / rate["nginx"], 1 / 2)
        for name in ("list, hot", "detail, hot")
        if name in rate
    ]
    if "login" in rate:
        found.append(Target("login", f"of the hash alone ({rate['hash']:,.0f})", rate["login"] / rate["hash"], 0.8))
    if "checkout" in rate:
        wanted, whole = ORDERS_A_SECOND * rate["postgres"] / 3_700, kinds["checkout"].as_json()
        found += [
            Target("checkout", f"a second, PostgreSQL's {rate['postgres']:,.0f}", rate["checkout"], wanted),
            Target("checkout", "ms at the median", whole["p50"], CONFIRMED_MS, at_most=True),
            Target("checkout", "ms of processor", whole["cpu_ms_in_all"], CPU_MS, at_most=True),
        ]
    found += [
        Target(name, f"times the best peer ({peer:,.0f} on this machine)", rate[name] / peer, TIMES[name])
        for name, peer in ((name, peer_here(name, rate)) for name in TIMES if name in rate)
    ]
    return found


TIMES = {"list": 7, "detail": 7, "search": 10, "login": 3, "checkout": 1}
"""So many times what the best peer would do here."""


def peer_here(name: str, rate: dict[str, float]) -> float:
    """What the best peer would do a second on this machine, by how quick it is in this run."""
    floor = AS_QUICK_AS[name]
    return PEERS[name] * rate[floor] / floors.ELSEWHERE[floor]


def report(asked: list[str], kinds: Kinds) -> int:
    told = {name: kind.as_json() for name, kind in kinds.items()}
    print(f"\n{'':<14}{'a second':>10}{'p50 ms':>9}{'p95':>9}{'p99':>9}{'CPU ms':>9}   of which")
    for name, one in told.items():
        most = ", ".join(f"{who} {taken:.2f}" for who, taken in list(one["cpu_ms"].items())[:MOST])
        taken = [f"{one[part]:>9.1f}" for part in ("p50", "p95", "p99")] + [f"{one['cpu_ms_in_all']:>9.2f}"]
        print(f"{name:<14}{one['a_second']:>10,.1f}{''.join(taken) if one['p50'] else ' a floor'}   {most}".rstrip())
    found = targets(kinds)
    for target in found:
        verdict = "ok" if target.met else "MISSED"
        sign = "<=" if target.at_most else ">="
        print(f"{target.kind:<14}{target.found:>10.2f} {target.what:<44}{sign} {target.wanted:<8.2f}{verdict}")
    if len(asked) == len([*READS, "login", "checkout"]):
        keep({"at": datetime.now(UTC).isoformat(timespec="seconds"), **machine(), "kinds": told})
    return int(not all(target.met for target in found))


def machine() -> Json:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())  # fmt: skip
    return {"machine": f"{os.cpu_count()} × {model}", "python": platform.python_version()}


def keep(results: Json) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "shop.json").write_text(json.dumps(results, indent=2) + "\n")
    rate = {name: one["a_second"] for name, one in results["kinds"].items()}
    bars = [picture.Pair(name, rate[name], round(peer_here(name, rate), 1)) for name in PEERS]
    titles = "Nexus", "the best of three others, as on this machine"
    (RESULTS / "shop.svg").write_text(picture.pairs("Requests a second", titles, bars))


if __name__ == "__main__":
    sys.exit(main())
