"""One more instance of a service, started by hand with other URLs than the fleet gave it: something of what it needs is
not there, or is reached through a proxy. And the fleet without its own.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from fleet import environment, processes
from fleet.client import wait_for
from fleet.services import CONFIGURATION
from fleet.table import Service, Table


@contextmanager
def web_process(table: Table, service: Service, changed: dict[str, str]) -> Iterator[str]:
    """The service's web process, once more, on a free port, with these variables changed. Yields its URL.

    One connection to the database a thread, unless `changed` says otherwise: a pool would wait five seconds for each.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {**environment.passed_on(), **environment.of(table, service), "DATABASE_POOL_SIZE": "0", **changed}
    command = [sys.executable, "-m", "gunicorn", "-c", str(CONFIGURATION), f"{service.name}.wsgi:application"]
    process = subprocess.Popen(
        command, cwd=service.folder, env={**os.environ, **variables, "PORT": str(port)}, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answer_of(f"{url}/health/live") is not None, f"{service.name} to listen", 60)
        yield url
    finally:
        end(process, 30)


@contextmanager
def without_worker(table: Table, service: Service) -> Iterator[None]:
    """Inside, the fleet's own worker of the service is stopped."""
    own = f"{service.name}-worker"
    processes.stop(table.var, [own])
    try:
        yield
    finally:
        processes.call(table.var, "startProcess", own, False)


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """TimeoutExpired if it does not end by itself; it is gone all the same."""
    process.terminate()
    try:
        process.wait(seconds)
    finally:
        process.kill()
        process.wait()


def answer_of(url: str) -> int | None:
    """The status; None without an answer."""
    try:
        return httpx.get(url, timeout=20).status_code
    except httpx.TransportError:
        return None
