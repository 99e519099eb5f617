"""The worker's clock: functions that run every so often, and at once when woken. Each run is safe beside another."""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import Error, connection, transaction

from shared.context import Context, acting, new_id

log = logging.getLogger("nexus.clock")
Job = Callable[[], object]
Schedule = Mapping[Job, timedelta]
_KEEP_CONNECTION_BELOW = timedelta(seconds=5)
_SCATTER = 0.1
"""Each wait is up to so much shorter or longer: jobs that began together, in all workers, don't go on together."""
_bells: dict[Job, threading.Event] = {}


def wake(job: Job) -> None:
    """After this transaction commits, run the job now rather than at its next time. Only in the worker itself."""
    bell = _bells.get(job)
    if bell:
        transaction.on_commit(bell.set)


def start(schedule: Schedule, stopping: threading.Event) -> list[threading.Thread]:
    """One thread a job; they end when `stopping` is set and their bells are rung by `stop`."""
    _bells.update({job: threading.Event() for job in schedule})
    threads = [
        threading.Thread(target=_run_forever, args=(job, every, stopping), name=f"clock:{job.__name__}", daemon=True)
        for job, every in schedule.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def stop() -> None:
    for bell in _bells.values():
        bell.set()


def _run_forever(job: Job, every: timedelta, stopping: threading.Event) -> None:
    bell = _bells[job]
    while not stopping.is_set():
        bell.clear()
        run_once(job)
        if every >= _KEEP_CONNECTION_BELOW:
            connection.close()
        bell.wait(every.total_seconds() * random.uniform(1 - _SCATTER, 1 + _SCATTER))  # noqa: S311 -- no secret


def run_once(job: Job) -> None:
    """Run a job; an error is logged and the next time comes.

    Whether the connection still works is not asked first, which would be a round trip each time. A job that finds it
    broken lets it go, also when it deals with the error itself, and gets a new one the next time.
    """
    try:
        with acting(Context(str(new_id()))):
            job()
    except Error as error:
        log.warning("job waits for the database: %s: %s", job.__name__, error)
        connection.close()
    except Exception:
        log.exception("job failed: %s", job.__name__)
    if connection.connection is not None and connection.connection.closed:
        connection.close()
