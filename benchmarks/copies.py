"""A great catalogue in minutes: seeded as far as the seeding goes, and then copied, by a few statements for each table.

`manage.py seed_catalogue` takes milliseconds for each product, nearly all of them for its card. What it has made of
COPIED products is copied as often as it takes: another id, slug, SKU, moment and series, another price, rating and
number of units sold, and all that repeats them. So an order by price or sales mixes all names. Series have fifty
products each, so there are ever more of them; other words, categories, brands and vendors stay as many as they are, and
each has ever more products. `benchmarks.products` asks the catalogue itself whether copies are what it would have made.
"""

import sys

from psycopg.sql import SQL, Composed, Identifier, Literal

from benchmarks import indexes

FIRST, COPIED = 1_000, 10_000
"""Not from the first product: numbers of SKUs that are small are brands' and shelves', too."""
SEEDED = FIRST + COPIED

FUNCTIONS = """
    CREATE FUNCTION pg_temp.number(id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
        SELECT ('x' || right(id::text, 12))::bit(48)::bigint
    $$;
    CREATE FUNCTION pg_temp.moved(id uuid, by bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT (left(id::text, 24) || lpad(to_hex(pg_temp.number(id) + by), 12, '0'))::uuid
    $$;
    CREATE FUNCTION pg_temp.slug(slug text, number bigint, by bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT left(slug, -length(number::text)) || number + by
    $$;
    CREATE FUNCTION pg_temp.series(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT 'k' || lpad((number / 50)::text, 5, '0')
    $$;
    CREATE FUNCTION pg_temp.numbered(words tsvector, number bigint, by bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT replace(words::text, '''' || number || '''', '''' || number + by || '''')
    $$;
    CREATE FUNCTION pg_temp.hashed(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
        SELECT (hashtext(seed) & 2147483647) % below
    $$;
    CREATE FUNCTION pg_temp.minor(number bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$
        SELECT 199 + pg_temp.hashed('price' || number, 2000) * (1 + pg_temp.hashed('dear' || number, 50))
    $$;
    CREATE FUNCTION pg_temp.priced(prices jsonb, number bigint, by bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT replace(
            replace(prices::text, '"minor": ' || pg_temp.minor(number), '"minor": ' || pg_temp.minor(number + by)),
            '"compare_at": ' || pg_temp.minor(number) * 5 / 4 + 1,
            '"compare_at": ' || pg_temp.minor(number + by) * 5 / 4 + 1)::jsonb
    $$;
    CREATE FUNCTION pg_temp.rating(number bigint) RETURNS numeric(3, 2) LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN number % 4 > 0 THEN 2 + pg_temp.hashed('stars' || number, 301) / 100.0 ELSE 0 END
    $$;
    CREATE FUNCTION pg_temp.sold(variant_id uuid) RETURNS int LANGUAGE sql IMMUTABLE AS $$
        SELECT 1 + 400 / (1 + pg_temp.hashed('sold' || variant_id, 400))
    $$;
"""
"""Made-up ids end in the product's number, as 48 bits. Figures are as the seeding makes them of a number."""

_PRODUCT, _VARIANT = {"product_id": "pg_temp.moved(product_id, by)"}, {"variant_id": "pg_temp.moved(variant_id, by)"}
_ANEW = {"id": "gen_random_uuid()"}
_PRICED = {
    "minor": "pg_temp.minor(number + by)",
    "compare_at_minor": "CASE WHEN compare_at_minor IS NOT NULL THEN pg_temp.minor(number + by) * 5 / 4 + 1 END",
}
_PRICES = {"prices": "pg_temp.priced(prices, number, by)"}
_SOLD_MORE = "pg_temp.sold(pg_temp.moved(variant_id, by)) - pg_temp.sold(variant_id)"
CHANGED: dict[str, dict[str, str]] = {
    "product": _PRICES
    | {
        "id": "pg_temp.moved(id, by)",
        "slug": "pg_temp.slug(slug, number, by)",
        "description": "replace(description, pg_temp.series(number), pg_temp.series(number + by))",
        "rating_average": "pg_temp.rating(number + by)",
        "created_at": "created_at + by * interval '1 second'",
    },
    "variant": _PRODUCT | {"id": "pg_temp.moved(id, by)", "sku": "'SEED-' || number + by"},
    "price": _VARIANT | _PRICED,
    "stock_item": _PRODUCT | _VARIANT,
    "movement": _VARIANT
    | _ANEW
    | {
        "quantity": f"quantity + ({_SOLD_MORE}) * sign(quantity)",
        "on_hand_after": f"on_hand_after + CASE kind WHEN 'initial' THEN {_SOLD_MORE} ELSE 0 END",
    },
    "price_change": _PRODUCT | _VARIANT | _ANEW | _PRICED,
    "product_price": _PRODUCT | _PRICED,
    "card": _PRODUCT
    | _PRICES
    | {
        "rating": "pg_temp.rating(number + by)",
        "sold": "pg_temp.sold(pg_temp.moved(overlay(product_id::text PLACING '7' FROM 8)::uuid, by))",
        "created_at": "created_at + by * interval '1 second'",
        "shuffle": "hashtext(pg_temp.moved(product_id, by)::text)",
        "body": """body || jsonb_build_object(
            'id', pg_temp.moved(product_id, by), 'slug', pg_temp.slug(body ->> 'slug', number, by),
            'rating', pg_temp.rating(number + by)::float)""",
        "labels": "pg_temp.numbered(labels, number, by)::tsvector",
        "words": """
            replace(pg_temp.numbered(words, number, by), pg_temp.series(number), pg_temp.series(number + by))::tsvector
        """,
    },
}
"""Table → what of a copy differs, by the column. Whose numbers are counted by the database has a new one."""

_COLUMNS = """
    SELECT column_name::text FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_identity = 'NO' ORDER BY ordinal_position
"""
_OWNER = {"product": "id", "price": "variant_id", "movement": "variant_id"}
"""The column whose id tells the product's number, where it is not `product_id`."""
_SOURCE = """
    CREATE TEMP TABLE {source} AS SELECT *, pg_temp.number({owner}) AS number FROM {table}
    WHERE pg_temp.number({owner}) >= {first} AND pg_temp.number({owner}) < {end} ORDER BY number
"""
_COPY = """
    INSERT INTO {table} ({columns}) SELECT {values} FROM {source}, LATERAL (SELECT %(by)s::bigint) AS moved (by)
    WHERE number + by < %(products)s
"""


def copy(url: str, products: int) -> None:
    """As many products as this, in a catalogue that has SEEDED."""
    with indexes.dropped(url, CHANGED) as connection:
        connection.execute(FUNCTIONS)
        statements = [_statement(connection, table) for table in CHANGED]
        for by in range(COPIED, products - FIRST, COPIED):
            with connection.transaction():
                for statement in statements:
                    connection.execute(statement, {"by": by, "products": products})
            print(f"\r{min(SEEDED + by, products):,} products ", end="", file=sys.stderr, flush=True)
        print("and their indexes", file=sys.stderr, flush=True)


def _statement(connection: indexes.Connection, table: str) -> Composed:
    names = {"table": Identifier(table), "source": Identifier(f"source_{table}")}
    owner = Identifier(_OWNER.get(table, "product_id"))
    bounds = {"owner": owner, "first": Literal(FIRST), "end": Literal(SEEDED)}
    connection.execute(SQL(_SOURCE).format(**names, **bounds))
    columns = [str(column) for (column,) in connection.execute(_COLUMNS, [table]).fetchall()]
    changed = CHANGED[table]
    values = [SQL(changed[column]) if column in changed else Identifier(column) for column in columns]
    return SQL(_COPY).format(**names, columns=SQL(", ").join(map(Identifier, columns)), values=SQL(", ").join(values))
