"""A worker of its own process, to be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

SERVICE = Path(__file__).parent.parent


@contextmanager
def worker() -> Iterator[None]:
    """`manage.py work --only clock` on the tests' database; killed with -9 at the end at the latest."""
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    told = {**os.environ, "DATABASE_URL": url, "JOB_LEASE_SECONDS": "1"}
    command = [sys.executable, "manage.py", "work", "--only", "clock"]
    process = subprocess.Popen(command, cwd=SERVICE, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    """Another process works; all there is to see of it is in the database."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
