"""What lists, filters, searches and single products take in catalogues of growing size: a part of benchmarks.growth.

`search` is for words that fifty products have, however many there are: in their descriptions and in no name, so that
every tier of a search is asked. `common words` have a share of the catalogue. Of searches and single products other
ones are asked each round, so that nobody has just looked there.
"""

import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing

import psycopg

from benchmarks import copies, curves, within
from benchmarks.catalogue import RATES, REQUESTS, SERVICE, database
from benchmarks.curves import Request, Side
from benchmarks.identity import Report
from benchmarks.served import Served, manage, variables_of
from fleet.client import Json

SIZES = (1_000, 10_000, 100_000, 1_000_000)
EACH = 8
"""Searches and single products a round."""
SHARE = 2 / 3
HELD = ("list", "search", "detail")
A_SERIES = 50
CHECKED = 300

SLUGS = "SELECT body ->> 'slug' FROM card ORDER BY shuffle LIMIT %s"
HITS = "SELECT count(*) FROM card WHERE words @@ %s::tsquery"


def measure(report: Report, most: int, rounds: int) -> Json:
    sizes = curves.up_to(SIZES, most)
    made: dict[str, float] = {}
    with ExitStack() as stack:
        sides = {}
        for size in sizes:
            url = stack.enter_context(database(f"products_{size}"))
            begun = time.perf_counter()
            fill(url, size)
            made[str(size)] = round(time.perf_counter() - begun, 1)
            report.figure(f"{size:,} products made in", f"{made[str(size)]:,.0f} s")
            served = stack.enter_context(closing(Served(SERVICE, url)))
            sides[size] = side(served, url, size, rounds)
        found = curves.figures(curves.in_turn(sides, rounds))
    curves.table(found)
    for group in HELD:
        kept = curves.rate(found[group])
        report.target(f"{group}, of its rate", f"{kept:.2f}", f">= {SHARE:.2f}", met=kept >= SHARE)
    return {"made_in_seconds": made, "ms": found}


def fill(url: str, products: int) -> None:
    """The catalogue as `manage.py seed_catalogue` makes it, or as it would have."""
    manage(SERVICE, url, "migrate", "--verbosity=0")
    manage(SERVICE, url, "seed_catalogue", str(min(products, copies.SEEDED)))
    if products > copies.SEEDED:
        copies.copy(url, products)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(RATES)
        connection.execute("VACUUM ANALYZE")
    wrong = within.ask("benchmarks.products", variables_of(SERVICE, url), "settle")
    if wrong:
        raise SystemExit(f"{wrong} products are not what the catalogue would have made of them")


def side(served: Served, url: str, size: int, rounds: int) -> Side:
    count = EACH * (curves.WARM_UP + rounds)
    with psycopg.connect(url) as connection:
        slugs = [slug for (slug,) in connection.execute(SLUGS, [count]).fetchall()]
        series = random.Random(size).sample(range(size // A_SERIES), min(count, size // A_SERIES))
        words = [f"k{number:05}" for number in series]
        hits = {connection.execute(HITS, [f"{word}:*"]).fetchone() for word in words}
    if hits != {(A_SERIES,)}:
        raise SystemExit(f"words of {A_SERIES} products are found in {hits}")
    return Side(
        served,
        {
            **{name: curves.always(map(Request, REQUESTS[group])) for name, group in GROUPS.items()},
            "search": lambda number: [Request(f"products?search={word}") for word in _some(words, number)],
            "detail": lambda number: [Request(f"products/{slug}") for slug in _some(slugs, number)],
        },
    )


GROUPS = {"list": "list", "filter": "filter", "suggest": "suggest", "common words": "search"}
"""What is the same in every catalogue, by its name among catalogue's REQUESTS."""


def _some(every: Sequence[str], number: int) -> list[str]:
    return [every[(number * EACH + place) % len(every)] for place in range(EACH)]


# ── Inside: a process that is catalog_service ────────────────────────────────────────────────────────────────────────

AS_THEY_ARE = """
    SELECT card::text, product::text, array_agg(product_price.currency || own::text || minor ORDER BY minor)::text,
        (SELECT count(*) FROM price_change WHERE product_id = product.id)
    FROM card JOIN product ON product.id = card.product_id JOIN product_price USING (product_id)
    WHERE product_id = ANY(%s) GROUP BY card.product_id, product.id ORDER BY product.id
"""
SOME = "SELECT product_id FROM card ORDER BY shuffle DESC LIMIT %s"


def settle() -> int:
    """Let searches know which words are common. Then make some products' cards anew, and count what all have sold:
    how many differ.
    """
    from django.db import connection, transaction

    from catalog_service.actions import cards

    cards.note_common_words()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SOME, [CHECKED])
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute(AS_THEY_ARE, [ids])
        found = cursor.fetchall()
        cards.refresh(ids, with_stock=True)
        miscounted = cards.count_sales()
        cursor.execute(AS_THEY_ARE, [ids])
        again = cursor.fetchall()
        transaction.set_rollback(True)
    return [one != other for one, other in zip(found, again, strict=True)].count(True) + miscounted


if __name__ == "__main__":
    sys.exit(within.run(lambda: 2, {"settle": settle}))
