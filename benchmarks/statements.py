"""What statements PostgreSQL ran, how often and how long (pg_stat_statements), and whether their plans use an index."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import errors, sql

from fleet.client import Json
from fleet.postgres import admin_url
from fleet.table import Table

_PLANNED = re.compile(r"[\s(]*(?:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\b", re.IGNORECASE)
Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Statement:
    """As it was counted in one database, placeholders for all that it was given. `rows`: of all calls together."""

    database: str
    text: str
    calls: int
    milliseconds: float
    rows: int

    @property
    def is_planned(self) -> bool:
        """COMMIT and the like have no plan."""
        return bool(_PLANNED.match(self.text))


@dataclass(frozen=True)
class Plan:
    """The nodes from the outermost, and the tables that are read whole."""

    nodes: list[str]
    whole: list[str]


@contextlib.contextmanager
def counted(table: Table) -> Iterator[Connection]:
    """Inside, the server counts; nothing is restarted. Afterwards it is as before."""
    with psycopg.connect(admin_url(table), autocommit=True) as server:
        loaded = server.execute("SHOW shared_preload_libraries").fetchone()
        if not loaded or "pg_stat_statements" not in loaded[0]:
            raise SystemExit("PostgreSQL runs without pg_stat_statements; start it anew: make down up")
        server.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        try:
            _track(server, "top")
            server.execute("SELECT pg_stat_statements_reset()")
            yield server
        finally:
            _track(server, "none")
            server.execute("DROP EXTENSION pg_stat_statements")


def _track(server: Connection, what: str) -> None:
    server.execute(sql.SQL("ALTER SYSTEM SET pg_stat_statements.track = {}").format(sql.Literal(what)))
    server.execute("SELECT pg_reload_conf()")


def read(server: Connection, besides: str) -> list[Statement]:
    """What the services sent to their own databases, and whoever it was to `besides`; what took most time first."""
    rows = server.execute(_READ, [besides]).fetchall()
    return [Statement(*row) for row in rows]


_READ = """
    SELECT datname, query, calls, total_exec_time, rows
    FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid JOIN pg_roles ON pg_roles.oid = userid
    WHERE rolname = datname OR datname = %s ORDER BY total_exec_time DESC, query
"""
"""A service's role has its database's name; others look at what happens there."""


# ── Plans ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def plan(table: Table, statement: Statement) -> Plan:
    """The plan for whatever values: a table is read whole only where no index helps, however small it is now. Nothing
    is run.
    """
    with psycopg.connect(admin_url(table, statement.database), autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute("SET enable_seqscan = off")
        _prepare(connection, statement.text)
        found = connection.execute("SELECT cardinality(parameter_types) FROM pg_prepared_statements").fetchone()
        assert found
        nothing = f"({', '.join(['NULL'] * found[0])})" if found[0] else ""
        told = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at{nothing}".encode()).fetchone()
        assert told
        partial = [PartialIndex(*row) for row in connection.execute(_PARTIAL)]
    nodes = list(_nodes(told[0][0]["Plan"], limited=False))
    return Plan([_told(node) for node, _limited in nodes], [whole for one in nodes if (whole := _whole(*one, partial))])


class PartialIndex(NamedTuple):
    """Of a table's rows that have certain values in these columns."""

    name: str
    table: str
    columns: list[str]


_PREPARE = "PREPARE looked_at AS "
_UNTYPED = re.compile(r"\$\d+(?![\d:])")
_LITERAL = re.compile(r"\b(interval|timestamptz|date) (\$\d+)", re.IGNORECASE)
"""What only a constant may follow."""


def _prepare(connection: Connection, text: str) -> None:
    """What was a constant has become a placeholder whose type PostgreSQL can't always tell: where it says so, we do."""
    text = _LITERAL.sub(r"\2::\1", text)
    for _placeholder in range(text.count("$") + 1):
        try:
            connection.execute((_PREPARE + text).encode())
            return
        except (errors.IndeterminateDatatype, errors.DatatypeMismatch, errors.AmbiguousFunction) as error:
            text = _typed(text, error)
    raise SystemExit(f"no types were found for: {text}")


def _typed(text: str, error: psycopg.Error) -> str:
    """With the type of the placeholder that an error is about: the first without one from where the error is."""
    said, at = error.diag.message_primary or "", int(error.diag.statement_position or 1) - 1 - len(_PREPARE)
    told = re.search(r"parameter (\$\d+)", said)
    found = told or _UNTYPED.search(text, max(at, 0))
    if found is None:
        raise error
    one = found[1] if told else found[0]
    kind = "text" if told else "boolean" if "boolean" in said else "integer"
    return re.sub(rf"{re.escape(one)}(?![\d:])", f"{one}::{kind}", text)


_PARTIAL = """
    SELECT indexrelid::regclass::text, indrelid::regclass::text, array_agg(attname::text)
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum > 0
    WHERE pg_get_expr(indpred, indrelid) ~ ('\\m' || attname || '\\M') GROUP BY 1, 2
"""


def _nodes(node: Json, *, limited: bool) -> Iterator[tuple[Json, bool]]:
    """Each, and whether somebody above takes only the first rows."""
    yield node, limited
    limited = node["Node Type"] == "Limit" or (limited and node["Node Type"] not in ("Sort", "Aggregate", "Hash"))
    for below in node.get("Plans", []):
        yield from _nodes(below, limited=limited)


def _told(node: Json) -> str:
    name = node["Node Type"].removeprefix("ModifyTable") or node["Operation"]
    index = f" by {node['Index Name']}" if "Index Name" in node else ""
    return f"{name} {node['Relation Name']}{index}" if "Relation Name" in node else f"{name}{index}"


def _whole(node: Json, limited: bool, partial: list[PartialIndex]) -> str | None:
    """The table that a node reads from end to end: no index, or all of one that leaves nothing out.

    What a statement has as a constant is a placeholder here, so that PostgreSQL can't see that a partial index is of
    those rows: where the rows are chosen by such an index's columns, it is taken for used.
    """
    kind, index, table = node["Node Type"], node.get("Index Name"), node.get("Relation Name")
    chosen_by = set(re.findall(r"\w+", node.get("Filter", "")))
    if kind not in ("Seq Scan", "Index Scan", "Index Only Scan") or "Index Cond" in node:
        return None
    if any(one.name == index or (one.table == table and chosen_by >= set(one.columns)) for one in partial):
        return None
    return None if index and limited else str(table)
