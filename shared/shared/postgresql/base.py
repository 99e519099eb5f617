"""The engine. Django finds it by this file's name."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """`CONN_HEALTH_CHECKS` would ask the server before each request. A server that ended a connection has closed it,
    which can be seen here: that costs no round trip.
    """

    def get_new_connection(self, conn_params: Any) -> Any:
        connection = super().get_new_connection(conn_params)
        while self.pool and is_cut(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = self.pool.getconn()
        return connection


def is_cut(connection: Any) -> bool:
    """Of one that nobody uses: the server has something to say, which can only be its end."""
    if connection.closed:
        return True
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    return bool(look.poll(0))
