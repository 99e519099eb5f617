"""Where passwords are hashed: on few threads of each process, which step back behind everything else on the machine.

    request ──▶ waits its turn ──▶ a hashing thread, 27 ms of a core (Argon2id)
          └── too many wait, or too long ──▶ Busy

All cores hash, but only while nobody else wants them (SCHED_IDLE): a flood of sign-ins hardly slows readers down.
A burst waits: sixty sign-ins at once are done in a second. What is more than the machine can hash is refused. There are
more threads than may wait here, and whoever waits holds no connection to the database, so that everything else is
answered as usual.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.db import connection

from user_service.errors import Busy

T = TypeVar("T")
LAST = 19
"""The greatest niceness there is."""


def _step_back() -> None:
    """Of this thread. Whoever else wakes up has its core at once; niceness alone would let it finish its turn first."""
    with contextlib.suppress(OSError):  # where threads have no priority of their own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LAST)
    with contextlib.suppress(AttributeError, OSError):  # Linux has it, and a sandbox may forbid it
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


class Queue:
    """First come, first served. At most `threads` at once, and so many more that wait, each so many seconds."""

    def __init__(self, *, threads: int, waiting: int, seconds: float) -> None:
        self.hashers = ThreadPoolExecutor(threads, "hashing", initializer=_step_back)
        self.places = threading.BoundedSemaphore(threads + waiting)
        self.seconds = seconds

    def do(self, work: Callable[[], T]) -> T:
        """What `work` answers. Raises Busy."""
        if not self.places.acquire(blocking=False):
            raise Busy(retry_after=2)
        try:
            return self._in_turn(work)
        finally:
            self.places.release()

    def _in_turn(self, work: Callable[[], T]) -> T:
        future = self.hashers.submit(work)
        try:
            return future.result(self.seconds)
        except TimeoutError:
            if future.cancel():
                raise Busy(retry_after=2) from None
            return future.result()  # its turn had just come


_queue = Queue(
    threads=settings.PASSWORD_HASHES_AT_ONCE or len(os.sched_getaffinity(0)),
    waiting=settings.PASSWORD_HASHES_WAITING,
    seconds=settings.PASSWORD_HASH_WAIT.total_seconds(),
)


def hashed(work: Callable[[], T]) -> T:
    """What `work` answers, which hashes one password. Raises Busy."""
    _give_connection_back()
    return _queue.do(work)


def _give_connection_back() -> None:
    """To the pool, if there is one; the next query takes another."""
    if "pool" in connection.settings_dict["OPTIONS"] and not connection.in_atomic_block:
        connection.close()
