"""What the relay asks of the outbox, beside nothing published and beside very much: a part of benchmarks.growth.

The two statements of a wave alone, without a broker: nothing else of the relay knows how long the table is.
"""

import sys
import time
from statistics import median

import psycopg

from benchmarks import events, indexes, within
from benchmarks.catalogue import database
from benchmarks.identity import Report
from benchmarks.served import manage, variables_of
from fleet.client import Json

SERVICE = "order_service"
MESSAGES, ROUNDS = 4_000, 7
"""The first round only warms up."""
SHARE = 0.9
A_BATCH = 500_000

PUBLISHED = """
    INSERT INTO outbox_message (
        message_id, type, subject, correlation_id, envelope, sensitive, mandatory, recorded_at, published_at)
    SELECT gen_random_uuid(), type, 'order/' || i, 'grown-' || i, envelope, sensitive, mandatory, at, at
    FROM outbox_message, generate_series(%s::bigint, %s::bigint) AS i,
        LATERAL (SELECT now() - i * interval '50 milliseconds' AS at) AS moment
    WHERE position = (SELECT min(position) FROM outbox_message)
"""


def measure(report: Report, most: int) -> Json:
    with database("outbox_none") as none, database("outbox_most") as full:
        for url in (none, full):
            manage(SERVICE, url, "migrate", "--verbosity=0")
        begun = time.perf_counter()
        fill(full, most)
        made = time.perf_counter() - begun
        report.figure(f"{most:,} published messages made in", f"{made:,.0f} s")
        rates: dict[int, list[float]] = {0: [], most: []}
        for number in range(ROUNDS):
            print(f"\rround {number} of {ROUNDS - 1} ", end="", file=sys.stderr, flush=True)
            for size, url in ((0, none), (most, full)):
                if not size:
                    _empty(url)
                rate = within.ask("benchmarks.outbox", variables_of(SERVICE, url), "carry", MESSAGES)
                rates[size] += [rate] if number else []
    beside_none, beside_most = (median(some) for some in rates.values())
    print(file=sys.stderr)
    report.figure("messages a second beside none", f"{beside_none:,.0f}")
    report.figure(f"messages a second beside {most:,}", f"{beside_most:,.0f}")
    kept = beside_most / beside_none
    report.target("outbox, of its rate", f"{kept:.2f}", f">= {SHARE:.2f}", met=kept >= SHARE)
    return {
        "made_in_seconds": round(made, 1),
        "a_second": {str(size): [round(rate) for rate in some] for size, some in rates.items()},
        "ratio": round(kept, 3),
    }


def _empty(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE outbox_message")


def fill(url: str, messages: int) -> None:
    """So many published ones, the last every 50 ms, all like one that the service wrote."""
    within.ask("benchmarks.outbox", variables_of(SERVICE, url), "carry", 100)
    with indexes.dropped(url, ["outbox_message"]) as connection:
        for first in range(100, messages, A_BATCH):
            connection.execute(PUBLISHED, [first, min(first + A_BATCH, messages) - 1])
            print(f"\r{min(first + A_BATCH, messages):,} messages ", end="", file=sys.stderr, flush=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE outbox_message")


# ── Inside: a process that is order_service ──────────────────────────────────────────────────────────────────────────


def carry(count: int) -> float:
    """As many messages as this written, and then taken from the outbox and noted: how many a second."""
    from django.conf import settings

    from shared import outbox, plans

    events.fill(count)
    begun, sent = time.perf_counter(), 0
    with plans.kept():
        while rows := outbox.next_wave(settings.OUTBOX_BATCH):
            outbox.mark_published([row.position for row in rows])
            sent += len(rows)
    assert sent == count
    return count / (time.perf_counter() - begun)


if __name__ == "__main__":
    sys.exit(within.run(lambda: 2, {"carry": carry}))
