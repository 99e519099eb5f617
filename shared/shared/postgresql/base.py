"""The engine. Django finds it by this file's name."""

import select
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from shared import patience

SECONDS_FOR_ITS_OWN = 5.0
"""What the pool itself asks of a new connection, while no request waits."""


class Patient(psycopg.Connection[Any]):
    """Waits for the server as long as the request in hand may. Of a server that is silent TCP would learn after a
    minute, and never if only something between here and there is alive.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Raises OperationalError, and the connection is of no more use: what the server does is not known."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        left, began = patience.left(), time.monotonic()
        try:
            return super().wait(gen, interval, SECONDS_FOR_ITS_OWN if left is None else left)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the database does not answer in time") from None
        finally:
            patience.spend(time.monotonic() - began)


class DatabaseWrapper(base.DatabaseWrapper):
    """`CONN_HEALTH_CHECKS` would ask the server before each request. A server that ended a connection has closed it,
    which can be seen here: that costs no round trip.
    """

    @property
    def pool(self) -> Any:
        if options := self.settings_dict["OPTIONS"].get("pool"):
            options.setdefault("connection_class", Patient)
        return super().pool

    def get_new_connection(self, conn_params: Any) -> Any:
        began = time.monotonic()
        try:
            connection = super().get_new_connection(conn_params)
            while self.pool and is_cut(connection):
                connection.close()
                self.pool.putconn(connection)
                connection = self.pool.getconn()
            return connection
        finally:
            patience.spend(time.monotonic() - began)


def is_cut(connection: Any) -> bool:
    """Of one that nobody uses: the server has something to say, which can only be its end."""
    if connection.closed:
        return True
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    return bool(look.poll(0))
