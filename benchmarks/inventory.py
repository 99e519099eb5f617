"""How many holds a second the catalogue makes when everybody wants the same SKU.

    .venv/bin/python -m benchmarks.inventory [sql|worker|http|orders …]

`sql`      the statements that ReserveStocks send which wait together, inbox and outbox included, replayed by pgbench's
           16 clients
`worker`   reserve_stock as a worker calls it, for one message after the other and for as many as it takes together: the
           inbox, the hold, the outbox
`http`     its vendor holds it over the gateway, a unit a request, from several clients at once
`orders`   guests with that SKU in their carts place orders; from the first request until the last of them is held: what
           an order costs besides its hold, and that holds keep up with orders

The first two need the servers only (python3 -m fleet servers) and use a throwaway database, the others the running
fleet, idle. After each, the books are looked at: all is held once, and never more than there is. Exit status 1 when a
target is missed.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID, uuid4

from benchmarks import floors, within
from benchmarks.arguments import chosen, need
from benchmarks.catalogue import database
from benchmarks.identity import Report
from fleet import environment
from fleet.client import Json, Market, Person, wait_for
from fleet.journey import ADDRESS
from fleet.postgres import binaries
from fleet.table import ROOT, load

SQL_A_SECOND, WORKER_A_SECOND, HTTP_A_SECOND = 1_500, 150, 150
CLIENTS, SECONDS, STOCK = 16, 10, 500_000
MESSAGES, WARM_UP, UNITS = 960, 50, 200
TOGETHER = 32
REQUESTS, TOGETHER_OVER_HTTP, ROUNDS = 1_000, 8, 5
BUYERS, AT_ONCE = 240, 24
AN_ID = re.compile(r"\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b")


def main() -> int:
    report = Report()
    parts: dict[str, Callable[[Report], None]] = {"sql": sql, "worker": worker, "http": over_http, "orders": orders}
    asked = chosen(__doc__, parts)
    need(load(), "postgres", *(["nginx"] if {"http", "orders"} & {*asked} else []))
    print(f"{os.cpu_count()} cores; {os.getloadavg()[0]:.1f} processes wanted one in the last minute")
    for name in asked:
        print(name)
        parts[name](report)
    return int(report.missed)


def rate(report: Report, what: str, done: int, seconds: float, wanted: int) -> None:
    a_second = done / seconds
    report.target(what, f"{a_second:,.0f} a second", f">= {wanted:,} a second", met=a_second >= wanted)


# ── The statements alone ─────────────────────────────────────────────────────────────────────────────────────────────


def sql(report: Report) -> None:
    with database("holds") as url:
        statements = inside(url, "statements")
        report.figure(f"statements for {TOGETHER} holds", str(len(statements)))
        done = replay(url, statements) * TOGETHER
        rate(report, f"holds of one SKU by {CLIENTS} clients", done, SECONDS, SQL_A_SECOND)
        held = inside(url, "books")["held"] - 2 * TOGETHER
    report.target("held", f"{held:,}", f"{done:,}", met=held == done)


def replay(url: str, statements: list[str]) -> int:
    """How many transactions of these statements went through. Every id that the hold made is a new one each time."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(r"\set a random(10000000, 99999999)" "\n" r"\set b random(100000000000, 999999999999)" "\n")
        script.write("".join(f"{statement};\n" for statement in ["BEGIN", *statements, "COMMIT"]))
        script.flush()
        command = [
            f"{binaries()}/pgbench",
            "-n",
            "-c",
            str(CLIENTS),
            "-j",
            "2",
            "-T",
            str(SECONDS),
            "-f",
            script.name,
            url,
        ]
        told = subprocess.run(command, capture_output=True, text=True)
    done = re.search(r"actually processed: (\d+)", told.stdout)
    if told.returncode or not done:
        raise SystemExit(f"pgbench: {told.stderr or told.stdout}")
    return int(done[1])


# ── One message after the other ──────────────────────────────────────────────────────────────────────────────────────


def worker(report: Report) -> None:
    with database("holds") as url:
        alone, together = inside(url, "messages", str(MESSAGES))
        kept = inside(url, "books")
        report.figure("a message alone, median", f"{median(alone) * 1_000:.2f} ms")
        report.figure(f"a message of {TOGETHER}, median", f"{median(together) * 1_000 / TOGETHER:.2f} ms")
        report.figure(f"{MESSAGES:,} messages for one SKU, alone", f"{MESSAGES / sum(alone):,.0f} a second")
        rate(report, f"{MESSAGES:,} messages for one SKU, together", MESSAGES, sum(together), WORKER_A_SECOND)
        held, wanted = kept["held"] - WARM_UP, 2 * MESSAGES
        report.target("held", f"{held:,}", f"{wanted:,}", met=held == wanted)
    with database("holds") as url:
        left = inside(url, "sell_out", str(UNITS))
    found, all_of_it = f"{left['held']} of {left['on_hand']}", f"{UNITS} of {UNITS}"
    report.target("held, where twice as many are wanted", found, all_of_it, met=found == all_of_it)
    report.target("rules of the books that are broken", str(len(left["broken"] + kept["broken"])), "0",
                  met=left["broken"] == kept["broken"] == [])  # fmt: skip


# ── Over the gateway ─────────────────────────────────────────────────────────────────────────────────────────────────


def over_http(report: Report) -> None:
    """In rounds, with the floor between them."""
    market = Market.at(load())
    vendor, admin = market.account("vendor"), market.account("admin")
    product = on_sale(market, vendor, admin)
    sku = product["variants"][0]["sku"]
    taken = [(hold_together(vendor, sku), floors.django()) for _round in range(ROUNDS)]
    level = vendor.get(f"inventory/{sku}")
    admin.ask("DELETE", f"products/{product['id']}")
    answers = sum((answers for (_rate, answers), _floor in taken), Counter[int]())
    rates, found = [rate for (rate, _answers), _floor in taken], median(floor for _held, floor in taken)
    report.target("answers to holds", str(dict(answers)), "201 only", met=answers.keys() == {201})
    report.figure("a bare Django view, median", f"{found:,.0f} a second")
    report.figure("holds of one SKU, each round", ", ".join(f"{rate:,.0f}" for rate in rates))
    middle = median(rates)
    report.target("median", f"{middle:,.0f} a second", f">= {HTTP_A_SECOND} a second", met=middle >= HTTP_A_SECOND)
    report.target("held", f"{level['reserved']:,}", f"{answers[201]:,}", met=level["reserved"] == answers[201])


def hold_together(vendor: Person, sku: str) -> tuple[float, Counter[int]]:
    """How many holds a second several clients are answered, and with what."""
    shares = [REQUESTS // TOGETHER_OVER_HTTP] * TOGETHER_OVER_HTTP
    begun = time.perf_counter()
    with ThreadPoolExecutor(TOGETHER_OVER_HTTP) as pool:
        answers = sum(pool.map(lambda share: holds(vendor, sku, share), shares), Counter[int]())
    return answers.total() / (time.perf_counter() - begun), answers


def holds(vendor: Person, sku: str, count: int) -> Counter[int]:
    """The statuses of so many requests over one connection, each with a key of its own. http.client takes the least
    processor time from those who are measured.
    """
    place = vendor.http.base_url
    connection = http.client.HTTPConnection(place.host, place.port, timeout=30)
    headers = {"Authorization": f"Bearer {vendor.access}", "Content-Type": "application/json"}
    body = json.dumps({"sku": sku, "quantity": 1})
    statuses = Counter[int]()
    for _time in range(count):
        connection.request("POST", "/api/v1/inventory/holds", body, {**headers, "Idempotency-Key": str(uuid4())})
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
    connection.close()
    return statuses


def orders(report: Report) -> None:
    market = Market.at(load())
    vendor, admin = market.account("vendor"), market.account("admin")
    product = on_sale(market, vendor, admin)
    sku, variant_id = product["variants"][0]["sku"], product["variants"][0]["id"]
    with ThreadPoolExecutor(8) as pool:
        buyers = list(pool.map(lambda _n: with_cart(market, variant_id), range(BUYERS)))
    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = Counter(pool.map(place, buyers))
    placed = time.perf_counter() - begun
    level = wait_for(lambda: held(vendor, sku), "the last hold", 120)
    taken = time.perf_counter() - begun
    admin.ask("DELETE", f"products/{product['id']}")
    report.target("answers to orders", str(dict(answers)), "201 only", met=answers.keys() == {201})
    report.figure("orders accepted", f"{BUYERS / placed:,.0f} a second")
    report.figure(f"{BUYERS} orders for one SKU, held", f"{BUYERS / taken:,.0f} a second")
    report.target("left of the stock", f"{level['available']:,}", f"{STOCK - BUYERS:,}",
                  met=level["available"] == STOCK - BUYERS)  # fmt: skip


def on_sale(market: Market, vendor: Person, admin: Person) -> Json:
    category = market.guest().get("categories")["results"][0]["slug"]
    price = {"amount": "20.00", "currency": "USD"}
    variant = {"sku": f"B-{uuid4().hex[:12]}", "price": price, "stock": STOCK}
    product = vendor.post("products", {"name": "Bench lamp", "category": category, "variants": [variant]}, expect=201)
    admin.post(f"admin/products/{product['id']}/approve")
    line = {"variant_id": product["variants"][0]["id"], "quantity": 1}
    wait_for(lambda: market.guest().ask("POST", "cart/items", json=line).status_code == 201, "the offer in the cart")
    return product


def with_cart(market: Market, variant_id: str) -> Person:
    buyer = market.guest()
    buyer.post("cart/items", {"variant_id": variant_id, "quantity": 1}, expect=201)
    return buyer


def place(buyer: Person) -> int:
    email = f"bench-{uuid4().hex}@example.com"
    body = {"shipping_address": ADDRESS, "payment_method": "simulator", "email": email}
    return buyer.ask("POST", "orders", json=body, headers={"Idempotency-Key": str(uuid4())}).status_code


def held(vendor: Person, sku: str) -> Json | None:
    """The stock once everybody's unit is held, or sold already."""
    level = vendor.get(f"inventory/{sku}")
    return level if level["available"] <= STOCK - BUYERS else None


# ── Inside: a process that is catalog_service ────────────────────────────────────────────────────────────────────────


def inside(url: str, what: str, *given: str) -> Any:
    """What one of the functions below answers, in a process of its own with this database."""
    table = load()
    own = environment.of(table, table.service("catalog_service"), test=True)
    own |= {"DATABASE_URL": url, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog_service'}", "LOG_LEVEL": "ERROR"}
    if what != "books":
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"],
                       cwd=ROOT / "catalog_service", env=own, check=True)  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.inventory", within.FLAG, what, *given]
    done = subprocess.run(command, cwd=ROOT, env=own, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def statements() -> list[str]:
    """Those of TOGETHER holds. The ids that they made, and no others have, are pgbench's variables."""
    variant_id = wanted_by_all(STOCK)
    before, after = sent_by_a_hold(variant_id), sent_by_a_hold(variant_id)
    made = sorted(set(AN_ID.findall(" ".join(after))) - set(AN_ID.findall(" ".join(before))))
    for number, one in enumerate(made):
        after = [text.replace(one, f":a-0000-7000-8{number:03x}-:b") for text in after]
    return after


def sent_by_a_hold(variant_id: UUID) -> list[str]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        hold(variant_id, TOGETHER)
    texts = [query["sql"] for query in captured.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]
    return [AN_ID.sub(lambda found: str(UUID(found[0])), text) for text in texts]


def messages(count: int) -> tuple[list[float], list[float]]:
    """Seconds that each took, and those that took TOGETHER of them."""
    variant_id = wanted_by_all(STOCK)
    alone = [hold(variant_id) for _time in range(count + WARM_UP)][WARM_UP:]
    return alone, [hold(variant_id, TOGETHER) for _time in range(count // TOGETHER)]


def sell_out(stock: int) -> dict[str, int]:
    """Twice as many ask as there are, several at a time."""
    variant_id = wanted_by_all(stock)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, [variant_id] * (2 * stock)))
    return books()


def hold(variant_id: UUID, orders: int = 1) -> float:
    """The seconds that orders of one unit took, from the messages as they come off the wire to the commit."""
    from catalog_service.subscriptions import SUBSCRIPTIONS
    from shared.contracts.catalog import LineToReserve, ReserveStock
    from shared.testing import deliver_together

    until = datetime.now(UTC) + timedelta(hours=1)
    lines = [LineToReserve(line_id=uuid4(), variant_id=variant_id, quantity=1) for _order in range(orders)]
    asked = [ReserveStock(order_id=uuid4(), currency="USD", lines=(line,), expires_at=until) for line in lines]
    begun = time.perf_counter()
    deliver_together(asked, SUBSCRIPTIONS)
    return time.perf_counter() - begun


def wanted_by_all(stock: int) -> UUID:
    """A variant of a catalogue of 1,000 products, with so many on hand of which none is reserved."""
    from catalog_service.actions.bulk import fill_catalogue
    from catalog_service.actions.inventory import Adjustment, adjust_stock
    from catalog_service.models import StockItem

    fill_catalogue(1_000)
    item = StockItem.objects.filter(reserved=0, variant__product__status="active").select_related("variant").first()
    assert item
    counted = Adjustment(item.variant.sku, on_hand=stock, vendor_id=item.variant.vendor_id)
    adjust_stock(adjustment=counted, reason="", actor_id=uuid4())
    return item.variant_id


def books() -> dict[str, Any]:
    """Of the variant that was sold last; and what does not agree."""
    from catalog_service.models import StockItem
    from catalog_service.queries.books import broken_rules

    item = StockItem.objects.exclude(reserved=0).latest("version")
    return {"on_hand": item.on_hand, "held": item.reserved, "broken": broken_rules()}


ANSWERS: dict[str, Callable[..., Any]] = {
    "statements": statements,
    "messages": messages,
    "sell_out": sell_out,
    "books": books,
}


if __name__ == "__main__":
    sys.exit(within.run(main, ANSWERS))
