"""What one replica of each service bears, and what follows for its requests and its scaling.

    .venv/bin/python -m benchmarks.capacity [seconds] [orders]        the fleet runs here and is idle

One web process after the other is asked for what it is typically asked for (benchmarks/typical.py), so many seconds
each, by eight clients; then so many checkouts over the gateway show what the workers take for a message. Memory is
looked at before and after, connections as pg_stat_activity shows them. It writes benchmarks/results/capacity.json, a
card for each service (docs/capacity/) and what Kubernetes is asked for (k8s/base/<service>/capacity.yaml). Exit status
1 when two replicas of everything need more connections than PostgreSQL allows.
"""

import os
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import psutil
import psycopg

from benchmarks import cards, checkouts, processor, typical
from benchmarks.arguments import need, numbers
from benchmarks.shop import machine
from fleet import services
from fleet.client import Market
from fleet.postgres import admin_url
from fleet.table import Service, Table, load

SECONDS, ORDERS = 5, 160
IDLE_SECONDS = 10.0
QUIET_SECONDS, PATIENCE_SECONDS = 3.0, 120.0
MIB = 1024 * 1024


@dataclass
class Borne:
    """Of one kind of request, by one web process: answers a second, milliseconds, processor milliseconds each, and how
    many processors that took of it.
    """

    name: str
    what: str
    a_second: float
    p50: float
    p99: float
    cpu_ms: float
    cores: float


@dataclass
class Replica:
    """A program's processes. `idle_pss`, `pss`, `rss`: MiB; `connections`: to PostgreSQL, as many as were seen."""

    idle_pss: float
    pss: float = 0.0
    rss: float = 0.0
    connections: int = 0


@dataclass
class Handled:
    """What a worker did for an order: messages in and out, processor milliseconds, those of an idle one left out."""

    received: float
    sent: float
    cpu_ms: float


@dataclass
class Measured:
    web: Replica
    worker: Replica | None
    requests: list[Borne] = field(default_factory=list)
    messages: Handled | None = None


Fleet = dict[str, Measured]


def main() -> int:
    seconds, orders = numbers(__doc__, seconds=SECONDS, orders=ORDERS)
    table = load()
    need(table, "nginx")
    market = Market.at(table)
    print(f"{os.cpu_count()} cores; {os.getloadavg()[0]:.1f} processes wanted one in the last minute", flush=True)
    found = {service.name: idle(table, service) for service in table.services}
    print("filling a catalogue of 1,000 products", flush=True)
    with typical.requests(table, market) as requests:
        for request in requests:
            one = borne(table, request, seconds)
            found[request.service].requests.append(one)
            print(f"{request.service:<22}{one.name:<20}{one.a_second:>9,.1f} a second{one.cpu_ms:>9.2f} ms", flush=True)
        for service in table.services:
            web = typical.SHELF if service.short == "catalog" else services.web_name(service, 1)
            look(table, service, web, found[service.name].web)
    with checkouts.stall(market) as variants:
        handle(table, market, variants, orders, found)
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **machine(), "seconds": seconds, "orders": orders}
    told |= {"max_connections": most_connections(table)}
    return cards.write({**told, "services": {name: asdict(one) for name, one in found.items()}})


# ── Web processes ────────────────────────────────────────────────────────────────────────────────────────────────────


def borne(table: Table, request: typical.Request, seconds: float) -> Borne:
    send, pids = request.prepare(seconds), processor.pids(request.process, table.var)
    if not pids:
        raise SystemExit(f"{request.process} does not run; start the fleet with: make up")
    before, begun = processor.milliseconds(pids), time.perf_counter()
    loaded = send(seconds)
    took, spent = time.perf_counter() - begun, processor.milliseconds(pids) - before
    cpu_ms, cores = round(spent / (loaded.rate * took), 2), round(spent / took / 1_000, 2)
    rate, p50, p99 = (round(one, 2) for one in (loaded.rate, loaded.p50, loaded.p99))
    return Borne(request.name, request.what, rate, p50, p99, cpu_ms, cores)


# ── Workers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def handle(table: Table, market: Market, variants: list[str], orders: int, found: Fleet) -> None:
    """So many checkouts, until the last of their messages is handled."""
    working = [service for service in table.services if service.worker]
    spent = {service.name: processor.milliseconds(worker_pids(table, service)) for service in working}
    print("what workers take that have nothing to do", flush=True)
    time.sleep(IDLE_SECONDS)
    idle_rate = {name: (now - spent[name]) / IDLE_SECONDS for name, now in _spent(table, working).items()}
    before, spent, begun = _messages(table, working), _spent(table, working), time.perf_counter()
    print(f"{orders} checkouts", flush=True)
    checkouts.place_all(table, market, variants, orders)
    after = _when_quiet(table, working)
    took, now = time.perf_counter() - begun, _spent(table, working)
    for service in working:
        one, name = found[service.name], service.name
        received, sent = (after[name][i] - before[name][i] for i in (0, 1))
        cpu_ms = max(now[name] - spent[name] - idle_rate[name] * took, 0.0)
        one.messages = Handled(*(round(figure / orders, 2) for figure in (received, sent, cpu_ms)))
        assert one.worker
        look(table, service, f"{name}-worker", one.worker)
        print(f"{name:<22}{received:>7,} messages in, {sent:>6,} out{cpu_ms / orders:>9.2f} ms an order", flush=True)


def worker_pids(table: Table, service: Service) -> list[int]:
    return processor.pids(f"{service.name}-worker", table.var)


def _spent(table: Table, working: list[Service]) -> dict[str, float]:
    return {service.name: processor.milliseconds(worker_pids(table, service)) for service in working}


def _messages(table: Table, working: list[Service]) -> dict[str, tuple[int, int]]:
    """In the inbox and in the outbox of each, ever."""
    found = {}
    for service in working:
        with psycopg.connect(admin_url(table, f"nexus_{service.short}")) as connection:
            row = connection.execute(_COUNTS).fetchone()
            assert row
            found[service.name] = (int(row[0]), int(row[1]))
    return found


_COUNTS = "SELECT (SELECT count(*) FROM inbox_message), (SELECT count(*) FROM outbox_message)"


def _when_quiet(table: Table, working: list[Service]) -> dict[str, tuple[int, int]]:
    """The counts once they have stayed the same for a while: only so can be seen that nobody has anything to tell."""
    until, last = time.perf_counter() + PATIENCE_SECONDS, _messages(table, working)
    while time.perf_counter() < until:
        time.sleep(QUIET_SECONDS)
        now = _messages(table, working)
        if now == last:
            return now
        last = now
    raise SystemExit(f"messages still come {PATIENCE_SECONDS:.0f} s after the last order")


# ── Memory and connections ───────────────────────────────────────────────────────────────────────────────────────────


def idle(table: Table, service: Service) -> Measured:
    web, worker = (memory(table, f"{service.name}-{part}")[0] for part in ("web", "worker"))
    return Measured(Replica(web), Replica(worker) if service.worker else None)


def look(table: Table, service: Service, program: str, replica: Replica) -> None:
    """What it has now, after its load: a pool keeps its connections for a minute."""
    replica.pss, replica.rss = memory(table, program)
    replica.connections = connections(table, processor.pids(program, table.var)) if service.database else 0


def memory(table: Table, program: str) -> tuple[float, float]:
    """MiB of all processes of a program: what they share with others counted by its share (PSS), and whole (RSS)."""
    told = [psutil.Process(pid).memory_full_info() for pid in processor.pids(program, table.var)]
    return round(sum(one.pss for one in told) / MIB, 1), round(sum(one.rss for one in told) / MIB, 1)


def connections(table: Table, pids: list[int]) -> int:
    """How many of pg_stat_activity's clients are these processes."""
    with psycopg.connect(admin_url(table)) as connection:
        clients = {row[0] for row in connection.execute("SELECT client_port FROM pg_stat_activity")}
    held = [one for pid in pids for one in psutil.Process(pid).net_connections("tcp")]
    return len({one.laddr.port for one in held if one.raddr and one.raddr.port == table.ports["postgres"]} & clients)


def most_connections(table: Table) -> int:
    with psycopg.connect(admin_url(table)) as connection:
        row: Any = connection.execute("SHOW max_connections").fetchone()
    return int(row[0])


if __name__ == "__main__":
    sys.exit(main())
