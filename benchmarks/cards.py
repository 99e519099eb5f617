"""Capacity cards: what follows from what benchmarks/capacity.py measured, for people and for Kubernetes.

.venv/bin/python -m benchmarks.cards        writes them anew from benchmarks/results/capacity.json
"""

import json
import math
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

from fleet.client import Json
from fleet.table import ROOT
from shared.settings import DATABASES

RESULTS = ROOT / "benchmarks" / "results" / "capacity.json"
FOLDER, KUBERNETES = ROOT / "docs" / "capacity", ROOT / "k8s" / "base"
UTILISATION = 0.7
"""Of the processor time asked for: above it, there is one replica more."""
WEB_SHARE = 0.25
"""What a web replica asks for, of what it takes with eight clients who never wait. At the scaling point it takes 18 %
of that: a burst of more than five times is borne while the next one starts."""
ORDERS_A_SECOND, REPLICAS, MOST_WEBS, MOST_WORKERS = 10, 2, 6, 4
"""What two workers are to bear at the scaling point; replicas at least and at most."""
MEMORY_ROOM, MEMORY_STEP = 1.25, 32
"""A quarter more than was seen is asked for, in steps of MiB, and twice that is the limit."""
CPU_STEP = 50
DELAY_SECONDS = 2.0
"""So long may a message wait."""
POOL = DATABASES["default"]["OPTIONS"]["pool"]["max_size"]  # type: ignore[index]


class Ask(NamedTuple):
    """What a program's container asks for: millicores, MiB, and MiB at most."""

    cpu: int
    memory: int
    limit: int


class Asks(NamedTuple):
    """Of a service; `queue`: messages that wait for each worker, above which there is one more."""

    web: Ask
    worker: Ask | None = None
    queue: int = 0


# ── What follows ─────────────────────────────────────────────────────────────────────────────────────────────────────


def asks(told: Json, name: str) -> Asks:
    one = told["services"][name]
    web = _ask(WEB_SHARE * 1_000 * max(request["cores"] for request in one["requests"]), one["web"])
    if not one["worker"]:
        return Asks(web)
    borne = ORDERS_A_SECOND * one["messages"]["cpu_ms"] / REPLICAS / UTILISATION
    return Asks(web, _ask(borne, one["worker"]), queue(told, name))


def _ask(cpu: float, replica: Json) -> Ask:
    memory = _up(replica["rss"] * MEMORY_ROOM, MEMORY_STEP)
    return Ask(_up(cpu, CPU_STEP), memory, 2 * memory)


def _up(figure: float, step: int) -> int:
    return max(math.ceil(figure / step), 1) * step


def messages_a_second(one: Json) -> float | None:
    """That a worker handles with one processor, what it sends for them included; None if it heard of no order."""
    handled = one["messages"]
    return handled["received"] * 1_000 / handled["cpu_ms"] if handled["received"] and handled["cpu_ms"] else None


def queue(told: Json, name: str) -> int:
    """Whose messages are none of an order's, is taken for the slowest of the others."""
    known = {each: rate for each, one in told["services"].items() if one["worker"] and (rate := messages_a_second(one))}
    return max(int(known.get(name, min(known.values())) * DELAY_SECONDS) // 10 * 10, 10)


def connections(told: Json, webs: int, workers: int) -> int:
    """That so many replicas of everything may open."""
    with_worker = [one for one in told["services"].values() if one["worker"]]
    return sum(webs * POOL + workers * one["worker"]["connections"] for one in with_worker)


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(told: Json) -> int:
    """Results, cards and Kubernetes' figures; 1 if the least replicas need more connections than there are."""
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(told, indent=2) + "\n")
    FOLDER.mkdir(exist_ok=True)
    for name in told["services"]:
        short = name.removesuffix("_service")
        (FOLDER / f"{short}.md").write_text(card(told, name))
        (KUBERNETES / short / "capacity.yaml").write_text(manifest(short, asks(told, name)))
    (FOLDER / "README.md").write_text(overview(told))
    print(f"cards are in {FOLDER.relative_to(ROOT)}/")
    return int(connections(told, REPLICAS, REPLICAS) > told["max_connections"])


def manifest(short: str, asked: Asks) -> str:
    """What is patched into the parts of a service."""
    documents = [_deployment("web", asked.web)]
    if asked.worker:
        documents += [_deployment("worker", asked.worker), _worker_scaling(short, asked.queue)]
    return "# Written by benchmarks/capacity.py, from what was measured.\n" + "---\n".join(documents)


def _deployment(part: str, ask: Ask) -> str:
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: {part}}}
spec:
  template:
    spec:
      containers:
        - name: {part}
          resources:
            requests: {{cpu: {ask.cpu}m, memory: {ask.memory}Mi}}
            limits: {{memory: {ask.limit}Mi}}
"""


def _worker_scaling(short: str, waiting: int) -> str:
    return f"""apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: worker}}
spec:
  metrics:
    - type: External
      external:
        metric: {{name: rabbitmq_queue_messages, selector: {{matchLabels: {{queue: {short}}}}}}}
        target: {{type: AverageValue, averageValue: "{waiting}"}}
"""


def card(told: Json, name: str) -> str:
    one, asked = told["services"][name], asks(told, name)
    head = _prose(
        f"Written by `benchmarks/capacity.py` on {told['at'][:10]}: {told['machine']}, Python {told['python']}, "
        f"clients and servers on the same cores. {told['seconds']} s of each request by eight clients who never wait, "
        f"past the edge; {told['orders']} checkouts for the worker. [All services](README.md)"
    )
    point = asked.web.cpu * UTILISATION
    rows = [
        f"| {request['name']}: {request['what']} | {request['a_second']:,.0f} | {request['p50']:.1f} | "
        f"{request['p99']:.1f} | {request['cpu_ms']:.2f} | {point / request['cpu_ms']:,.0f} a second |"
        for request in one["requests"]
    ]
    table = [
        "| one web process bears | a second | p50 ms | p99 ms | CPU ms each | at the scaling point |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
    parts = [f"# Capacity: {name}", head, "\n".join(table), _worker(one), _memory(one), "What follows:", _rule(asked)]
    return "\n\n".join(parts) + "\n"


def _prose(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _worker(one: Json) -> str:
    if not one["worker"]:
        return "It has no worker and no database."
    handled, rate = one["messages"], messages_a_second(one)
    if rate is None:
        return "Its worker hears nothing of an order: it is scaled as the slowest of the others."
    return _prose(
        f"For an order its worker takes in {handled['received']:.1f} messages, sends {handled['sent']:.1f}, and takes "
        f"{handled['cpu_ms']:.1f} ms of a processor: **{rate:,.0f} messages a second** with a whole one, what it sends "
        "for them included."
    )


def _memory(one: Json) -> str:
    parts = [("web", one["web"], str(POOL if one["worker"] else 0))]
    parts += [("worker", one["worker"], "one a thread")] if one["worker"] else []
    rows = [
        f"| {part} | {replica['idle_pss']:.0f} | {replica['pss']:.0f} | {replica['rss']:.0f} | "
        f"{replica['connections']} | {most} |"
        for part, replica, most in parts
    ]
    return "\n".join([
        "| MiB, and connections to PostgreSQL | idle, PSS | after the load, PSS | RSS | connections seen | at most |",
        "|---|---|---|---|---|---|",
        *rows,
    ])  # fmt: skip


def _rule(asked: Asks) -> str:
    web, worker, point = asked.web, asked.worker, asked.web.cpu * UTILISATION
    lines = [
        f"- web asks for {web.cpu}m, a quarter of what it takes at most, and {web.memory} MiB, a quarter more than was "
        f"seen (limit {web.limit}; none for the processor). {REPLICAS} to {MOST_WEBS} replicas: one more when each "
        f"takes {point:.0f}m ({UTILISATION:.0%} of what it asks for); until that is there, each bears more than five "
        "times as much."
    ]
    if worker:
        lines.append(
            f"- worker asks for {worker.cpu}m, with which two bear {ORDERS_A_SECOND} orders a second at "
            f"{UTILISATION:.0%}, and {worker.memory} MiB (limit {worker.limit}). {REPLICAS} to {MOST_WORKERS} "
            f"replicas: one more when {asked.queue} messages wait for each, {DELAY_SECONDS:.0f} s of work for a whole "
            "processor."
        )
    return "\n".join(textwrap.fill(line, 120, subsequent_indent="  ", break_on_hyphens=False) for line in lines)


def overview(told: Json) -> str:
    rows = []
    for name, one in told["services"].items():
        asked, short = asks(told, name), name.removesuffix("_service")
        dearest = max(one["requests"], key=lambda request: float(request["cpu_ms"]))
        rate = messages_a_second(one) if one["worker"] else None
        worker = f"{asked.worker.cpu}m, {asked.worker.memory} MiB | {asked.queue}" if asked.worker else "— | —"
        rows.append(
            f"| [{short}]({short}.md) | {dearest['name']} {dearest['cpu_ms']:.1f} | {dearest['a_second']:,.0f} | "
            f"{f'{rate:,.0f}' if rate else '—'} | {asked.web.cpu}m, {asked.web.memory} MiB | {worker} |"
        )
    table = [
        "| | dearest request, CPU ms | a web process bears, a second | a worker's whole processor, messages a second | "
        "web asks for | worker asks for | one more worker when so many wait for each |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]
    least, most = connections(told, REPLICAS, REPLICAS), connections(told, MOST_WEBS, MOST_WORKERS)
    head = f"Written by `benchmarks/capacity.py` on {told['at'][:10]} ({told['machine']}). One card for each service."
    foot = _prose(
        f"Two replicas of everything may open {least} connections to PostgreSQL, all that autoscaling may start "
        f"{most}; its `max_connections` here is {told['max_connections']}. A server for all of them wants "
        f"{_up(most * 1.1, 50)}, or a pooler in session mode."
    )
    return "\n\n".join(["# Capacity", head, "\n".join(table), foot]) + "\n"


def kept(file: Path = RESULTS) -> Json:
    """What was measured last."""
    told: Json = json.loads(file.read_text())
    return told


if __name__ == "__main__":
    sys.exit(write(kept()))
