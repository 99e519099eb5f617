"""What readers of orders wait for beside ever more orders of others: a part of benchmarks.growth.

The watched buyer has as many orders at every size, the small vendor as well; the great vendor has a quarter of all.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import psycopg

from benchmarks import curves, order_books
from benchmarks.catalogue import database
from benchmarks.curves import Request, Side
from benchmarks.identity import Report
from benchmarks.order_books import GREAT, SMALL
from benchmarks.served import Caller, Served, manage
from fleet.client import Json

SERVICE = "order_service"
SIZES = (0, 10_000, 100_000, 1_000_000)


def known(kind: str, number: int) -> str:
    """As `pg_temp.known` of order_books."""
    return f"00000000-0000-7000-{kind}000-{number:012x}"


BUYER = Caller("customer", user_id=known("c", 0))
FEW, MANY = (Caller("vendor", user_id=known("f", n), vendor_id=known("a", n)) for n in (SMALL, GREAT))
ADMIN = Caller("admin", user_id=known("f", 99))


def measure(report: Report, most: int, rounds: int) -> Json:
    made: dict[str, float] = {}
    with ExitStack() as stack:
        sides = {}
        for size in curves.up_to(SIZES, most):
            url = stack.enter_context(database(f"orders_{size}"))
            begun = time.perf_counter()
            fill(url, size)
            made[str(size)] = round(time.perf_counter() - begun, 1)
            report.figure(f"{size:,} orders made and counted in", f"{made[str(size)]:,.0f} s")
            sides[size] = Side(stack.enter_context(closing(Served(SERVICE, url))), groups(url))
        found = curves.figures(curves.in_turn(sides, rounds))
    curves.table(found)
    return {"made_in_seconds": made, "ms": found}


def fill(url: str, orders: int) -> None:
    """Orders, and the reports that the service's own command counts from them, and proves."""
    manage(SERVICE, url, "migrate", "--verbosity=0")
    order_books.write(url, orders)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    manage(SERVICE, url, "rebuild_reports", quiet=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def groups(url: str) -> Mapping[str, Callable[[int], Sequence[Request]]]:
    """What is asked; of the watched orders another one each round."""
    with psycopg.connect(url) as connection:
        asked = "SELECT id::text, number FROM order_group WHERE user_id = %s ORDER BY id"
        watched = connection.execute(asked, [BUYER.user_id]).fetchall()
    day = datetime.now(UTC).date() - timedelta(days=400)
    of_a_day, quiet = f"from={day}&to={day}", "totals=false"

    def of_each(caller: Caller, path: str, column: int) -> Callable[[int], Sequence[Request]]:
        return lambda number: [Request(path.format(watched[number % len(watched)][column]), caller)]

    def of(caller: Caller, *paths: str) -> Callable[[int], Sequence[Request]]:
        return curves.always(Request(path, caller) for path in paths)

    email = "buyer-000000000000@example.com"
    return {
        "own history": of(BUYER, "orders"),
        "one order": of_each(BUYER, "orders/{}", 0),
        "few orders' vendor": of(FEW, "vendor-orders"),
        "great vendor": of(MANY, "vendor-orders"),
        "great vendor, by number": of_each(MANY, "vendor-orders?number={}", 1),
        "great vendor, common status": of(MANY, "vendor-orders?status=delivered"),
        "great vendor, rare status": of(MANY, "vendor-orders?status=partially_shipped"),
        "great vendor, a day long ago": of(MANY, f"vendor-orders?{of_a_day}"),
        "admin's list": of(ADMIN, f"admin/orders?{quiet}"),
        "admin's list, with totals": of(ADMIN, "admin/orders"),
        "admin's list, by number": of_each(ADMIN, "admin/orders?number={}", 1),
        "admin's list, by e-mail": of(ADMIN, f"admin/orders?email={email}"),
        "admin's list, by status": of(
            ADMIN, f"admin/orders?{quiet}&status=completed", f"admin/orders?{quiet}&status=returned"
        ),
        "admin's list, by vendor": of(
            ADMIN, *(f"admin/orders?{quiet}&vendor_id={one.vendor_id}" for one in (FEW, MANY))
        ),
        "admin's list, a day long ago": of(ADMIN, f"admin/orders?{quiet}&{of_a_day}"),
        "admin's list, a rare currency": of(ADMIN, f"admin/orders?{quiet}&currency=JPY"),
        "report of sales": of(ADMIN, "admin/reports/sales", "admin/reports/sales?by=month&from=2020-01-01"),
        "report of products": of(ADMIN, "admin/reports/products?currency=USD"),
        "vendor's report": of(MANY, "vendor-orders/reports/sales"),
    }
