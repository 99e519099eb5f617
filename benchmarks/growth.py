"""Does a shop stay as fast when it grows? The same requests beside ever more rows, in turn.

    .venv/bin/python -m benchmarks.growth [products|orders|outbox …]            needs the servers only
        [--products 1000000] [--orders 1000000] [--outbox 10000000] [--rounds 30]       the most there are of each

`products`  lists, filters, searches, suggestions and single products among 1,000 products and ten times as many, up to
            the most; lists, searches and single products keep 2/3 of their rate
`orders`    a buyer's orders, a vendor's, an admin's list and reports, beside 0 orders of others, 10,000 and ten times
            as many, up to the most; no bound is given
`outbox`    messages a second that the relay takes from the outbox and notes, beside none that are published, and
            beside the most: at least 0.9 of it

Whole services in a process each, without a network, with throwaway databases: in full 40 GB of disk for a while. What
comes out is printed, and kept in benchmarks/results/ as JSON and as pictures. Exit status 1 when a target is missed.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks import orders, outbox, picture, products
from benchmarks.arguments import chosen_with, need
from benchmarks.identity import Report
from benchmarks.shop import RESULTS, machine
from fleet.client import Json
from fleet.table import load

KEPT = RESULTS / "growth.json"


def main() -> int:
    parts: dict[str, Callable[[Report, dict[str, int]], Json]] = {
        "products": lambda report, most: products.measure(report, most["products"], most["rounds"]),
        "orders": lambda report, most: orders.measure(report, most["orders"], most["rounds"]),
        "outbox": lambda report, most: outbox.measure(report, most["outbox"]),
    }
    asked, most = chosen_with(__doc__, parts, products=1_000_000, orders=1_000_000, outbox=10_000_000, rounds=30)
    need(load(), "postgres")
    report = Report()
    kept: Json = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in asked:
        print(name)
        kept[name] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **machine(), **parts[name](report, most)}
        keep(kept)
    return int(report.missed)


def keep(kept: Json) -> None:
    RESULTS.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=2) + "\n")
    for name, title in (("products", "Products in the catalogue"), ("orders", "Orders of others")):
        if name in kept:
            groups = kept[name]["ms"].items()
            lines = {group: {int(size): took for size, took in told["p50"].items()} for group, told in groups}
            (RESULTS / f"growth-{name}.svg").write_text(picture.curves(f"{title}: milliseconds a request", lines))


if __name__ == "__main__":
    sys.exit(main())
