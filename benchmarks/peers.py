"""Servers of a benchmark's own, and wrk, which asks them or the fleet."""

import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator
from functools import partial

from fleet import bootstrap
from fleet.client import wait_for


@contextlib.contextmanager
def running(*commands: list[str], ports: list[int]) -> Iterator[None]:
    """Servers of our own that answer on these ports, and end with us."""
    started = [subprocess.Popen(one, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for one in commands]
    try:
        for port in ports:
            wait_for(partial(answers, port), f"127.0.0.1:{port} to answer", 15)
        yield
    finally:
        for process in started:
            process.terminate()
            process.wait(10)


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def wrk(url: str, seconds: int, *arguments: str, connections: int = 16) -> float:
    """Answers a second, all of them 2xx: others would make the figure mean nothing."""
    bootstrap.ensure_packages(bootstrap.BENCH_PACKAGES)
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", *arguments, url]
    told = subprocess.run(command, capture_output=True, text=True)
    if bad := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", told.stdout):
        raise SystemExit(f"{url}: {bad[0]}")
    return figure(r"Requests/sec:\s+([\d.]+)", told.stdout, told.stderr)


def figure(pattern: str, text: str, error: str) -> float:
    """The number that a program told."""
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(error or text)
    return float(found[1])
