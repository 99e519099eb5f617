"""Tables without their secondary indexes while very many rows come into them: built at once they cost a tenth."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier

Connection = psycopg.Connection[tuple[object, ...]]
MEMORY = "512MB"
AT_ONCE = 2

_SECONDARY = """
    SELECT relname::text, pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY pg_relation_size(indexrelid) DESC
"""
_REFERENCES = """
    SELECT conrelid::regclass::text, attribute.attname::text, confrelid::regclass::text, key.attname::text
    FROM pg_constraint
    JOIN pg_attribute AS attribute ON attribute.attrelid = conrelid AND attribute.attnum = conkey[1]
    JOIN pg_attribute AS key ON key.attrelid = confrelid AND key.attnum = confkey[1]
    WHERE contype = 'f' AND conrelid = %s::regclass
"""
_ORPHANS = """
    SELECT count(*) FROM {table} WHERE {column} IS NOT NULL
        AND NOT EXISTS (SELECT FROM {other} WHERE {other}.{key} = {table}.{column})
"""


@contextmanager
def dropped(url: str, tables: Collection[str]) -> Iterator[Connection]:
    """A connection that fills these tables: no trigger runs, and nobody waits for the disk. Afterwards their indexes
    are there again; what refers to nothing raises SystemExit. Keys, unique ones too, and checks hold all the while.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        known = [one for table in tables for one in connection.execute(_SECONDARY, [table]).fetchall()]
        for name, _definition in known:
            connection.execute(SQL("DROP INDEX {}").format(Identifier(str(name))))
        yield connection
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda index: _build(url, str(index[1])), known))
        for table in tables:
            for reference in connection.execute(_REFERENCES, [table]).fetchall():
                _refuse_orphans(connection, *map(str, reference))


def _build(url: str, definition: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET maintenance_work_mem = '{MEMORY}'".encode())
        connection.execute(definition.encode())


def _refuse_orphans(connection: Connection, table: str, column: str, other: str, key: str) -> None:
    names = {
        "table": Identifier(table),
        "column": Identifier(column),
        "other": Identifier(other),
        "key": Identifier(key),
    }
    found = connection.execute(SQL(_ORPHANS).format(**names)).fetchone()
    if found != (0,):
        raise SystemExit(f"{table}.{column}: {found} rows refer to no row of {other}")
