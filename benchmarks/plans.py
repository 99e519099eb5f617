"""The twenty statements that take most of PostgreSQL's time in the main traffic, and their plans.

    .venv/bin/python -m benchmarks.plans [seconds] [orders]        the fleet runs here and is idle

Lists, product pages and searches of a catalogue of 1,000 products that keeps no answer, so many seconds each, and so
many checkouts over the gateway; pg_stat_statements counts meanwhile in all databases. Each plan is that for whatever
values, with reading whole tables priced so high that it happens only where no index helps: tables here are small, and
there PostgreSQL would do it in any case. Writes benchmarks/plans.md. Exit status 1 when a table that can grow is read
whole.
"""

import sys
import textwrap
from datetime import UTC, datetime

from benchmarks import checkouts, statements, typical
from benchmarks.arguments import need, numbers
from benchmarks.shop import machine
from benchmarks.statements import Plan, Statement
from fleet.client import Market
from fleet.table import ROOT, load

SECONDS, ORDERS = 10, 160
SHOWN, LONGEST = 20, 700
SHARE_OF_ORDERS = 0.1
"""What ran less often than for every tenth order is a job's, which looks at everything once in some minutes."""
PAGE = ROOT / "benchmarks" / "plans.md"
STAYS_SMALL = {"order_commission_rule", "shipping_zone", "shipping_zone_country", "worker_report"}
"""Tables whose rows are made by somebody who runs the marketplace, or are gone after an hour."""


def main() -> int:
    seconds, orders = numbers(__doc__, seconds=SECONDS, orders=ORDERS)
    table = load()
    need(table, "nginx")
    market = Market.at(table)
    with typical.shelf(table) as shelf, checkouts.stall(market) as variants, statements.counted(table) as server:
        for request in typical.of_the_catalogue(shelf.url):
            print(f"{request.name}, {seconds} s", flush=True)
            request.prepare(seconds)(seconds)
        print(f"{orders} checkouts", flush=True)
        checkouts.place_all(table, market, variants, orders)
        found = statements.read(server, besides=shelf.database)
        first = [one for one in found if one.is_planned and one.calls >= orders * SHARE_OF_ORDERS][:SHOWN]
        plans = [statements.plan(table, one) for one in first]
    told = [(one, plan, growing(plan)) for one, plan in zip(first, plans, strict=True)]
    PAGE.write_text(page(found, told, shelf.database, seconds, orders))
    for one, _plan, whole in told:
        if whole:
            print(f"{', '.join(whole)} read whole: {' '.join(one.text.split())[:100]}")
    print(PAGE.relative_to(ROOT))
    return int(any(whole for _one, _plan, whole in told))


def growing(plan: Plan) -> list[str]:
    """Of the tables that are read whole, those that can grow."""
    return sorted(set(plan.whole) - STAYS_SMALL)


# ── Telling ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Told = tuple[Statement, Plan, list[str]]


def page(found: list[Statement], told: list[Told], shelf: str, seconds: int, orders: int) -> str:
    whole = sum(one.milliseconds for one in found)
    jobs = [one for one in found if one.is_planned and one.calls < orders * SHARE_OF_ORDERS]
    commits = [one for one in found if one.text.upper().startswith("COMMIT")]
    shown, its = sum(one.milliseconds for one, *_rest in told), machine()
    head = textwrap.fill(
        f"Written by `benchmarks/plans.py` on {datetime.now(UTC):%Y-%m-%d}: {its['machine']}; {seconds} s each of "
        f"lists, product pages and searches that nobody keeps, {orders} checkouts. {sum(one.calls for one in found):,} "
        f"statements took PostgreSQL {whole / 1_000:.1f} s, these twenty {shown / whole:.0%} of it, those that "
        f"fewer than every tenth order was for {sum(one.milliseconds for one in jobs) / whole:.0%}; what its "
        f"{sum(one.calls for one in commits):,} commits wait for the disk is in neither. Plans are those for whatever "
        "values. Where a table is read whole, no index helps, however large it is.",
        120,
    )
    rows = [
        f"| [{number}](#statement-{number}) | {_service(one, shelf)} | {one.calls:,} | "
        f"{one.milliseconds / one.calls:.3f} | {one.milliseconds / whole:.1%} | {one.rows / one.calls:.1f} | "
        f"{_verdict(plan, growing)} |"
        for number, (one, plan, growing) in enumerate(told, 1)
    ]
    table = ["| | service | calls | ms each | of all | rows each | index |", "|---|---|---|---|---|---|---|", *rows]
    return "\n\n".join([
        "# What takes PostgreSQL's time",
        head,
        "\n".join(table),
        *(_section(number, one, plan) for number, (one, plan, _growing) in enumerate(told, 1)),
    ]) + "\n"  # fmt: skip


def _service(one: Statement, shelf: str) -> str:
    return "catalog" if one.database == shelf else one.database.removeprefix("nexus_")


def _verdict(plan: Plan, growing: list[str]) -> str:
    if growing:
        return f"**reads all of {', '.join(growing)}**"
    small = f", all of {', '.join(sorted(set(plan.whole)))}, which stays small" if plan.whole else ""
    used = any(" by " in node for node in plan.nodes)
    inserts = plan.nodes[0].startswith("Insert")
    return ("yes" if used else "inserts only" if inserts else "no" if plan.whole else "reads no table") + small


def _section(number: int, one: Statement, plan: Plan) -> str:
    text = textwrap.shorten(" ".join(one.text.split()), LONGEST, placeholder=" …")
    lines = textwrap.wrap(text, 116, break_long_words=False, break_on_hyphens=False)
    nodes = textwrap.fill(" · ".join(plan.nodes), 120)
    return f"## Statement {number}\n\n```sql\n" + "\n".join(lines) + f"\n```\n\n{nodes}"


if __name__ == "__main__":
    sys.exit(main())
