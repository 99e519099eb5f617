"""A bounded, steady load of GETs and POSTs that counts what did not go well."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from fleet.table import ROOT

Ask = Callable[[], httpx.Response]


@dataclass
class Load:
    """While inside, each of `asks` is called in turn, `per_second` altogether; answers are counted by status."""

    asks: list[Ask]
    per_second: float
    threads: int = 4
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """That each took."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self.running = [threading.Thread(target=self._run, args=(number,)) for number in range(self.threads)]
        for thread in self.running:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopping.set()
        for thread in self.running:
            thread.join()

    def _run(self, number: int) -> None:
        pause, turn = self.threads / self.per_second, number
        due = time.monotonic() + pause * number / self.threads
        while not self.stopping.wait(max(due - time.monotonic(), 0)):
            self._ask(self.asks[turn % len(self.asks)])
            turn, due = turn + 1, due + pause

    def _ask(self, ask: Ask) -> None:
        started = time.monotonic()
        try:
            response = ask()
            told = f"{response.request.method} {response.status_code}"
            if response.status_code >= 400:
                self.failures.append(f"{told} {response.url.path} {response.text[:200]}")
        except httpx.TransportError as error:
            told = type(error).__name__
            self.failures.append(f"{told}: {error}")
        self.answers[told] += 1
        self.seconds.append(time.monotonic() - started)

    @property
    def longest(self) -> float:
        return max(self.seconds, default=0.0)


def fleet_command(*words: str) -> str:
    """`python -m fleet …`, as an operator gives it."""
    done = subprocess.run(
        [sys.executable, "-m", "fleet", *words], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
