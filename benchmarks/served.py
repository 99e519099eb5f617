"""The whole of a service in a process of its own, asked without a network: what a request takes of the service itself.

Raises RuntimeError for an answer that is none.
"""

import gc
import json
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from benchmarks.within import FLAG
from fleet import environment
from fleet.table import ROOT, load

NOT_KEPT = {"CACHE_LIST_SECONDS": "0", "CACHE_DETAIL_SECONDS": "0", "CACHE_TREE_SECONDS": "0"}
"""Answers that the catalogue would otherwise give again without asking anybody."""


class Caller(NamedTuple):
    """Whose request it is, by UUIDs as text; without a role, a guest's."""

    role: str = ""
    user_id: str | None = None
    vendor_id: str | None = None


GUEST = Caller()


class Served:
    """A service with this database."""

    def __init__(self, service: str, url: str) -> None:
        command = [sys.executable, "-m", "benchmarks.served", FLAG]
        variables = variables_of(service, url)
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, path: str, caller: Caller = GUEST) -> float:
        """Milliseconds."""
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps([path, caller]), file=self.process.stdin, flush=True)
        status, took = json.loads(self.process.stdout.readline() or '["no answer", 0]')
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
        return float(took)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(30)


def variables_of(service: str, url: str) -> dict[str, str]:
    """The environment of a service with this database, for `manage.py` and for processes of a benchmark's own."""
    table = load()
    own = environment.of(table, table.service(service), test=True, prepare=True)
    own |= {"DATABASE_URL": url, "PYTHONPATH": f"{ROOT}:{ROOT / service}", "LOG_LEVEL": "ERROR"}
    return environment.passed_on() | own | NOT_KEPT


def manage(service: str, url: str, *arguments: str, quiet: bool = False) -> None:
    command = [sys.executable, "manage.py", *arguments]
    told = subprocess.DEVNULL if quiet else None
    subprocess.run(command, cwd=ROOT / service, env=variables_of(service, url), stdout=told, check=True)


def serve() -> None:
    """A path and its caller on each line of stdin; its status and milliseconds on each of stdout."""
    import django

    django.setup()
    from uuid import UUID

    from rest_framework.test import APIClient

    from shared.testing import client_as

    @cache
    def client_of(caller: Caller) -> APIClient:
        ids = [UUID(text) if text else None for text in (caller.user_id, caller.vendor_id)]
        return client_as(*filter(None, [caller.role]), user_id=ids[0], vendor_id=ids[1])

    gc.collect()
    gc.freeze()  # as gunicorn's processes do
    for line in sys.stdin:
        path, caller = json.loads(line)
        client = client_of(Caller(*caller))
        started = time.perf_counter()
        response = client.get(f"/api/v1/{path}")
        took = (time.perf_counter() - started) * 1000
        print(json.dumps([response.status_code, took]), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        serve()
