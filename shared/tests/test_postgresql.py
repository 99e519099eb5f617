from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.db import OperationalError, connection
from publishing import until

from shared import env
from shared.postgresql.base import DatabaseWrapper, is_cut

pytestmark = pytest.mark.django_db(transaction=True)
Link = Callable[[], DatabaseWrapper]
SERVER = "SELECT pg_backend_pid() FROM pg_sleep(0.05)"


@pytest.fixture
def link() -> Iterator[Link]:
    """The test's database as a web process has it: from a pool of two, for each thread a connection."""
    here = connection.settings_dict
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**here)
    told = {**here, **env.database(url, pool_size=2), "NAME": here["NAME"]}
    yield lambda: DatabaseWrapper(told, "pooled")
    DatabaseWrapper(told, "pooled").close_pool()


def asked(link: DatabaseWrapper) -> int:
    """The server's process, as one request asks it: with a connection from the pool, which it gives back."""
    with link.cursor() as cursor:
        cursor.execute(SERVER)
        (found,) = cursor.fetchone()
    link.close()
    return int(found)


def cut(server: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [server])


def test_a_request_after_the_server_ended_the_connection_gets_another(link: Link) -> None:
    before = asked(link())
    cut(before)

    assert asked(link()) != before


def test_whoever_comes_when_all_connections_are_cut_is_answered(link: Link) -> None:
    with ThreadPoolExecutor(2) as threads:
        servers = {*threads.map(lambda _number: asked(link()), range(2))}
    for server in servers:
        cut(server)

    assert asked(link()) not in servers


def test_connections_that_live_are_kept(link: Link) -> None:
    assert len({asked(link()) for _time in range(8)}) <= 2


def test_what_is_seen_of_a_connection_is_only_its_end(link: Link) -> None:
    one = link()
    one.ensure_connection()
    assert not is_cut(one.connection)

    cut(one.connection.info.backend_pid)
    assert is_cut(one.connection)
    one.close()


def test_without_a_pool_to_look_into_the_server_is_asked() -> None:
    one, pooled = (env.database("postgresql://localhost/nexus", pool_size=size) for size in (0, 4))

    assert (one["CONN_HEALTH_CHECKS"], pooled["CONN_HEALTH_CHECKS"]) == (True, False)


@contextmanager
def closed(name: str) -> Iterator[None]:
    """Inside, the database takes no connections, and has none."""
    here = connection.settings_dict
    asked = {"user": here["USER"], "password": here["PASSWORD"], "host": here["HOST"], "port": here["PORT"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **asked) as elsewhere:
        elsewhere.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        elsewhere.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            elsewhere.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_whoever_comes_when_the_database_is_back_is_answered_however_long_it_was_away(link: Link) -> None:
    before, pool = asked(link()), link().pool
    connection.close()

    with closed(connection.settings_dict["NAME"]):
        with pytest.raises(OperationalError):
            asked(link())
        until(lambda: pool.get_stats()["pool_size"] == 0)

    assert asked(link()) != before
