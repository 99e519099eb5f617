import contextlib
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection

from shared import clock

pytestmark = pytest.mark.django_db(transaction=True)


def alive() -> int:
    """The process of PostgreSQL that answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def cut() -> None:
    """As a database that restarts does it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_job_whose_connection_broke_gets_a_new_one_the_next_time() -> None:
    before, found = alive(), list[int]()

    def asking() -> None:
        found.append(alive())

    clock.run_once(cut)
    clock.run_once(asking)

    assert found
    assert found != [before]


def test_a_job_that_deals_with_the_error_itself_gets_a_new_one_too() -> None:
    found = list[int]()

    def asking() -> None:
        found.append(alive())

    def careful() -> None:
        with contextlib.suppress(DatabaseError):
            cut()

    clock.run_once(careful)
    clock.run_once(asking)

    assert found


def test_a_job_that_fails_keeps_the_connection(caplog: Any) -> None:
    before = alive()

    def failing() -> None:
        raise LookupError

    clock.run_once(failing)

    assert "job failed: failing" in caplog.text
    assert alive() == before


def test_a_database_that_is_away_is_waited_for(caplog: Any) -> None:
    def away() -> None:
        raise OperationalError("gone")

    clock.run_once(away)

    assert "job waits for the database: away: gone" in caplog.text
