"""The services' databases as somebody reaches them who gets around services, triggers and constraints' order.

Whatever is changed here is as before when its `with` ends, but for what was repaired meanwhile.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from fleet import postgres
from fleet.table import Table

Values = Mapping[str, Any]


class Databases:
    """`one("order", "order_group", id=…)`; tables by service and name."""

    def __init__(self, fleet: Table) -> None:
        self.fleet = fleet
        self.connections: dict[str, psycopg.Connection[Any]] = {}

    def run(self, service: str, statement: str | sql.Composable, values: list[Any] | None = None) -> list[Any]:
        if service not in self.connections:
            url = postgres.admin_url(self.fleet, f"nexus_{service}")
            connection = self.connections[service] = psycopg.connect(url, autocommit=True)
            connection.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        cursor = self.connections[service].execute(statement, values)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        for connection in self.connections.values():
            connection.close()

    def one(self, service: str, table: str, **where: Any) -> dict[str, Any]:
        """The row, as JSON."""
        statement = sql.SQL("SELECT to_jsonb(r) FROM {} r WHERE {}").format(sql.Identifier(table), _where(where))
        [[row]] = self.run(service, statement, list(where.values()))
        return dict(row)

    @contextmanager
    def changed(self, service: str, table: str, where: Values, **values: Any) -> Iterator[None]:
        """One row. A callable is given the old value."""
        row = self.one(service, table, **where)
        new = {name: value(row[name]) if callable(value) else value for name, value in values.items()}
        key = {name: new.get(name, value) for name, value in where.items()}
        self._set(service, table, where, new)
        try:
            yield
        finally:
            self._set(service, table, key, {name: row[name] for name in new})

    def _set(self, service: str, table: str, where: Values, values: Values) -> None:
        columns = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values)
        statement = sql.SQL("UPDATE {} SET {} WHERE {}").format(sql.Identifier(table), columns, _where(where))
        self.run(service, statement, [*map(_as_sql, values.values()), *where.values()])

    @contextmanager
    def locked(self, service: str, table: str, **where: Any) -> Iterator[None]:
        """Services pass by what is locked. Changes of that service's database are seen afterwards."""
        statement = sql.SQL("SELECT FROM {} WHERE {} FOR UPDATE").format(sql.Identifier(table), _where(where))
        self.run(service, "BEGIN")
        try:
            self.run(service, statement, list(where.values()))
            yield
        finally:
            self.run(service, "COMMIT")

    @contextmanager
    def added(self, service: str, table: str, *rows: Values) -> Iterator[None]:
        """As JSON, with every column; `like` makes one of another row."""
        self.put(service, table, rows)
        try:
            yield
        finally:
            for row in rows:
                key = next(iter(row))
                self.run(
                    service,
                    sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(table), _where({key: row[key]})),
                    [row[key]],
                )

    @contextmanager
    def removed(self, service: str, table: str, **where: Any) -> Iterator[None]:
        """All that fit; those that nobody has made again come back."""
        statement = sql.SQL("DELETE FROM {} r WHERE {} RETURNING to_jsonb(r)").format(
            sql.Identifier(table), _where(where)
        )
        rows = [row for (row,) in self.run(service, statement, list(where.values()))]
        assert rows, f"there is nothing like that in {table}"
        try:
            yield
        finally:
            self.put(service, table, rows)

    def put(self, service: str, table: str, rows: Any) -> None:
        """To stay: those that are not there yet."""
        name = sql.Identifier(table)
        statement = sql.SQL("INSERT INTO {0} SELECT (jsonb_populate_record(NULL::{0}, %s)).* ON CONFLICT DO NOTHING")
        for row in rows:
            self.run(service, statement.format(name), [Jsonb(row)])

    def like(self, service: str, table: str, where: Values, **values: Any) -> dict[str, Any]:
        """A copy of a row with other values, whose first column is its key."""
        return {
            **values,
            **{name: old for name, old in self.one(service, table, **where).items() if name not in values},
        }


def _where(where: Values) -> sql.Composable:
    return sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where)


def _as_sql(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict | list) else value
