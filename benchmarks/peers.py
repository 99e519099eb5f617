"""Servers of a benchmark's own, and wrk, which asks them or the fleet."""

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from statistics import quantiles
from typing import NamedTuple

from benchmarks import processor
from fleet import bootstrap, environment
from fleet.client import wait_for
from fleet.processes import Program

Command = list[str] | Program


@contextlib.contextmanager
def running(*commands: Command, ports: list[int]) -> Iterator[None]:
    """Servers of our own that answer on these ports, and end with us."""
    started = [_start(command) for command in commands]
    try:
        for port in ports:
            wait_for(partial(answers, port), f"127.0.0.1:{port} to answer", 15)
        yield
    finally:
        for process in started:
            process.terminate()
            process.wait(10)


def _start(command: Command) -> "subprocess.Popen[bytes]":
    """A program of the fleet's with its environment, and the name by which processor time is told."""
    if isinstance(command, list):
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    variables = {**environment.passed_on(), **command.environment, processor.NAME: command.name}
    return subprocess.Popen(
        command.command, cwd=command.folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Load(NamedTuple):
    """Answers a second, and how many milliseconds half of them, 95 % and 99 % took at most."""

    rate: float
    p50: float
    p95: float
    p99: float


def percentiles(taken: list[float]) -> tuple[float, float, float]:
    cuts = quantiles(taken, n=100)
    return cuts[49], cuts[94], cuts[98]


def wrk(url: str, seconds: int, *arguments: str, connections: int = 16) -> float:
    """Answers a second, all of them 2xx: others would make the figure mean nothing."""
    return load(url, seconds, *arguments, connections=connections).rate


def load(url: str, seconds: float, *arguments: str, lua: str = "", connections: int = 16) -> Load:
    """As `wrk`, with what wrk's script `lua` says to ask for."""
    if not shutil.which("wrk"):
        bootstrap.ensure_packages(bootstrap.BENCH_PACKAGES)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(lua + TELL)
        script.flush()
        scripted = arguments if "-s" in arguments else ("-s", script.name, *arguments)
        command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s", *scripted, url]
        told = subprocess.run(command, capture_output=True, text=True)
    if bad := re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", told.stdout):
        raise SystemExit(f"{url}: {bad[0]}")
    rate = figure(r"Requests/sec:\s+([\d.]+)", told.stdout, told.stderr)
    taken = re.search(r"percentiles\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)", told.stdout)
    return Load(rate, *(float(one) / 1_000 for one in taken.groups())) if taken else Load(rate, 0, 0, 0)


TELL = """
function done(summary, latency, requests)
  print("percentiles", latency:percentile(50), latency:percentile(95), latency:percentile(99))
end
"""


def figure(pattern: str, text: str, error: str) -> float:
    """The number that a program told."""
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(error or text)
    return float(found[1])
