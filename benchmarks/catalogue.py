"""What lists, filters, searches and suggestions take with 1,000 products, and with 100,000.

    .venv/bin/python -m benchmarks.catalogue [rounds] [products]        needs the servers only: python3 -m fleet servers

Makes two throwaway databases and fills them with `manage.py seed_catalogue`, which takes some minutes. Each request
goes through the whole of catalog_service in one process, without a network and with no answer kept, to the one and to
the other in turn, so that whatever else the machine does meanwhile slows both. Exit status 1 when the median of a group
takes more than 1.5 times as long with many products as with few, or a suggestion more than 30 ms.
"""

import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from benchmarks.arguments import numbers
from benchmarks.served import Served, manage
from fleet.postgres import admin_url
from fleet.table import load

FEW, MANY = 1_000, 100_000
RATIO = 1.5
SUGGESTION_MS = 30.0
SERVICE = "catalog_service"

REQUESTS = {
    "list": [
        "products",
        "products?ordering=price",
        "products?ordering=-price",
        "products?ordering=name",
        "products?ordering=rating",
        "products?ordering=bestselling",
        "products?limit=100",
    ],
    "filter": [
        "products?category=department-1",
        "products?category=aisle-7&ordering=price",
        "products?category=shelf-7&in_stock=true",
        "products?vendor=workshop-3&ordering=bestselling",
        "products?min_price=100&max_price=300",
        "products?min_price=50&max_price=150&ordering=price",
        "products?attributes=colour:red,colour:blue,size:M&tags=gift",
        "products?on_sale=true&rating=4&ordering=rating",
        "products?in_stock=false&ordering=newest",
        "products?featured=true&category=department-2",
    ],
    "search": [
        "products?search=lamp",
        "products?search=wireless",
        "products?search=wireless headphones",
        "products?search=oak table",
        "products?search=kettles",
        "products?search=home",
        "products?search=lamp&category=department-1&in_stock=true",
        "products?search=chair&ordering=price",
        "products?search=workshop banana",
        "products?search=hedphones",
    ],
    "suggest": [
        "search/suggestions?q=l",
        "search/suggestions?q=la",
        "search/suggestions?q=lam",
        "search/suggestions?q=lamp",
        "search/suggestions?q=oak l",
        "search/suggestions?q=wireless headp",
        "search/suggestions?q=depart",
        "search/suggestions?q=hedph",
    ],
    "currency": [
        "products?currency=GBP",
        "products?currency=GBP&ordering=price",
        "products?currency=EUR&ordering=price",
        "products?currency=EUR&ordering=-price&category=aisle-7",
        "products?currency=GBP&min_price=50&max_price=150&ordering=price",
        "products?currency=EUR&min_price=100&max_price=300",
        "products?currency=GBP&on_sale=true",
        "products?currency=GBP&search=chair&ordering=price",
    ],
    "facets (no limit)": [
        "products?facets=all",
        "products?facets=all&category=department-1",
        "products?facets=all&search=lamp",
        "products?facets=brand,price&category=shelf-7",
        "products?facets=price,on_sale&currency=GBP",
    ],
}

RATES = """
    INSERT INTO exchange_rate (currency, rate, day, version)
    VALUES ('USD', 1, '2026-01-01', 1), ('EUR', 0.92, '2026-01-01', 1), ('GBP', 0.79, '2026-01-01', 1)
"""


class Shop(Served):
    """catalog_service with a database of so many products, in a process of its own."""

    def __init__(self, url: str, products: int) -> None:
        manage(SERVICE, url, "migrate", "--verbosity=0")
        manage(SERVICE, url, "seed_catalogue", str(products))
        with psycopg.connect(url, autocommit=True) as connection:  # a third of the products are priced in EUR, too
            connection.execute(RATES)
        super().__init__(SERVICE, url)


def main() -> int:
    rounds, many = numbers(__doc__, rounds=30, products=MANY)
    with database("few") as few_url, database("many") as many_url:
        few, large = Shop(few_url, FEW), Shop(many_url, many)
        try:
            taken = measure(few, large, rounds)
        finally:
            few.close()
            large.close()
    return report(taken, many)


def measure(few: Shop, many: Shop, rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Path → what it took, with few and with many. The first rounds only warm up."""
    paths = [path for group in REQUESTS.values() for path in group]
    taken: dict[str, tuple[list[float], list[float]]] = {path: ([], []) for path in paths}
    for number in range(-3, rounds):
        print(f"\rround {number + 1} of {rounds} ", end="", file=sys.stderr, flush=True)
        for path in paths:
            both = few.ask(path), many.ask(path)
            if number >= 0:
                for took, into in zip(both, taken[path], strict=True):
                    into.append(took)
    return taken


def report(taken: dict[str, tuple[list[float], list[float]]], many: int) -> int:
    print(f"\n{'request (medians)':<64}{FEW:>12,}{many:>12,}{'ratio':>8}")
    missed = []
    for group, paths in REQUESTS.items():
        for path in paths:
            _row(f"  {path}", *(statistics.median(side) for side in taken[path]))
        few, large = (statistics.median(took for path in paths for took in taken[path][side]) for side in (0, 1))
        _row(group, few, large)
        if large > RATIO * few and "no limit" not in group:
            missed.append(f"{group}: {large / few:.2f} times as long")
    missed += [
        f"{path}: {took:.1f} ms"
        for path in REQUESTS["suggest"]
        if (took := statistics.median(taken[path][1])) > SUGGESTION_MS
    ]
    print("\n".join(f"MISSED {one}" for one in missed) or "All within their limits.")
    return 1 if missed else 0


def _row(name: str, few: float, many: float) -> None:
    print(f"{name:<64}{few:>9.1f} ms{many:>9.1f} ms{many / few:>8.2f}")


@contextmanager
def database(name: str) -> Iterator[str]:
    """The URL of an empty one, gone afterwards."""
    name = f"benchmark_{name}_{os.getpid()}"
    with psycopg.connect(admin_url(load()), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield admin_url(load(), name)
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


if __name__ == "__main__":
    sys.exit(main())
