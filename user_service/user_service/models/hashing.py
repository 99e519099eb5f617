"""Where passwords are hashed: on few threads of each process, which step back behind everything else on the machine.

    request ──▶ waits its turn ──▶ a hashing thread, 27 ms of a core (Argon2id)
          └── too many wait, or too long ──▶ Busy

A burst waits: sixty sign-ins at once are done in two seconds. When there has been a queue for longer than that, it is a
rush: the threads rest between two passwords, so that their cores have time for others. A flood is refused. There are
more threads than may wait here, and whoever waits holds no connection to the database, so that everything else is
answered as usual.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.db import connection

from user_service.errors import Busy

T = TypeVar("T")
STEP_BACK = 19
"""Added to the threads' niceness: a seventieth of the weight of an ordinary thread where both want the same core."""
RUSH_AFTER_SECONDS, REST = 2.0, 1.0
"""A rest is as long as the work before it: half of the hashing cores, a quarter of all, is what a rush gets."""


def _step_back() -> None:
    with contextlib.suppress(OSError):  # where threads have no priority of their own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEP_BACK)


class Queue:
    """First come, first served. At most `threads` at once, and so many more that wait, each so many seconds."""

    def __init__(self, *, threads: int, waiting: int, seconds: float) -> None:
        self.hashers = ThreadPoolExecutor(threads, "hashing", initializer=_step_back)
        self.places = threading.BoundedSemaphore(threads + waiting)
        self.threads, self.seconds = threads, seconds
        self.lock, self.inside, self.free_at = threading.Lock(), 0, 0.0

    def do(self, work: Callable[[], T]) -> T:
        """What `work` answers. Raises Busy."""
        if not self.places.acquire(blocking=False):
            raise Busy(retry_after=2)
        try:
            self._count(+1)
            return self._in_turn(work)
        finally:
            self._count(-1)
            self.places.release()

    def _count(self, coming: int) -> None:
        with self.lock:
            if self.inside < self.threads:
                self.free_at = time.monotonic()
            self.inside += coming

    def _in_turn(self, work: Callable[[], T]) -> T:
        future = self.hashers.submit(self._worked, work)
        try:
            return future.result(self.seconds)
        except TimeoutError:
            if future.cancel():
                raise Busy(retry_after=2) from None
            return future.result()  # its turn had just come

    def _worked(self, work: Callable[[], T]) -> T:
        before = time.thread_time()
        try:
            return work()
        finally:
            if self.inside > self.threads and time.monotonic() - self.free_at > RUSH_AFTER_SECONDS:
                time.sleep((time.thread_time() - before) * REST)


def half_of_the_cores() -> int:
    """At least one: the other half is for those who are signed in."""
    return max(len(os.sched_getaffinity(0)) // 2, 1)


_queue = Queue(
    threads=settings.PASSWORD_HASHES_AT_ONCE or half_of_the_cores(),
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
