"""Whose statements PostgreSQL plans once for a connection, instead of each time.

A plan that is kept is made for any value. That suits what is asked by key. It ruins a sweep: of `deadline <= now` it
has to expect a third of all rows, so that with a LIMIT it would rather read the table than the index. So plans are kept
only where this says so: for messages, for requests with an Idempotency-Key, and where a read asks by key.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

_AFTER = 2
"""What a connection asks for the third time is prepared; a hundred statements at most (psycopg's `prepared_max`)."""


@contextmanager
def kept() -> Iterator[None]:
    """Inside, on this thread's connection. Raises OperationalError where there is none to be had."""
    connection.ensure_connection()
    link: Any = connection.connection
    before, link.prepare_threshold = link.prepare_threshold, _AFTER
    try:
        yield
    finally:
        link.prepare_threshold = before
