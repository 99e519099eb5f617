"""Whether a process is alive does not depend on anything else; whether it is ready, on its own database only."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from fleet import environment
from fleet.client import wait_for
from fleet.table import Service, Table

NOBODY = "127.0.0.1:1"
DEAD = {
    "DATABASE_URL": f"postgresql://nobody:nothing@{NOBODY}/nothing",
    "REDIS_URL": f"redis://{NOBODY}/0",
    "SESSIONS_REDIS_URL": f"redis://{NOBODY}/0",
    "RABBITMQ_URL": f"amqp://nobody:nothing@{NOBODY}/nothing",
}
SERVICES = ["user_service", "catalog_service", "order_service"]
"""Those with the most around them; health is the same code in all."""


@contextmanager
def web_process(table: Table, service: Service, dead: dict[str, str]) -> Iterator[str]:
    """The service's web process, once more, on a free port; some of what it needs is not there. Yields its URL.

    One connection a thread, unless `dead` says otherwise: a pool would wait five seconds for each question.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {**environment.passed_on(), **environment.of(table, service), "DATABASE_POOL_SIZE": "0", **dead}
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", f"{service.name}.wsgi"]
    process = subprocess.Popen(command, cwd=service.folder, env={**os.environ, **variables}, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/health"
        wait_for(lambda: _status(f"{url}/live") is not None, f"{service.name} to listen", 60)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _status(url: str) -> int | None:
    try:
        return httpx.get(url, timeout=20).status_code
    except httpx.TransportError:
        return None


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_without_all_it_needs_is_alive_but_not_ready(fleet: Table, name: str) -> None:
    with web_process(fleet, fleet.service(name), DEAD) as url:
        assert (_status(f"{url}/live"), _status(f"{url}/ready"), _status(f"{url}/status")) == (200, 503, 503)


def test_a_pool_without_a_connection_is_not_ready_either(fleet: Table) -> None:
    with web_process(fleet, fleet.service("order"), DEAD | {"DATABASE_POOL_SIZE": "4"}) as url:
        assert (_status(f"{url}/live"), _status(f"{url}/ready")) == (200, 503)


def test_a_service_with_its_database_alone_is_ready(fleet: Table) -> None:
    """A shared Redis or broker that is away must not take every service out at once."""
    dead = {variable: url for variable, url in DEAD.items() if variable != "DATABASE_URL"}

    with web_process(fleet, fleet.service("order"), dead) as url:
        assert (_status(f"{url}/live"), _status(f"{url}/ready")) == (200, 200)


def test_the_gateway_is_ready_without_anybody(fleet: Table) -> None:
    with web_process(fleet, fleet.service("gateway"), DEAD) as url:
        assert (_status(f"{url}/live"), _status(f"{url}/ready")) == (200, 200)
