"""Watches the supervisor that runs it: when that dies, takes away what it left and starts it again.

    supervisord ──restarts──▶ every process, the keeper too
         ▲                        │
         └──────restarts── keeper ┘      so any one of them may be killed

A supervisor that is stopped in order stops its keeper first. While it watches, the keeper also lets old signing keys
make way, for which NGINX has to change over: a service could not do that.
"""

import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable

from fleet import guard, processes, table
from fleet.keys import locked

FIRST_LOOK_SECONDS, LOOK_EVERY_SECONDS = 60.0, 3_600.0
_OF_THE_FLEET = {"NEXUS_FLEET", "NEXUS_PROCESS"}
"""What marks a process of the fleet. A rotation is none: it reads the settings as a command of the launcher does."""


def main() -> None:
    watch(os.getppid(), let_old_keys_go)
    var = table.var_folder()
    with locked(var / "run" / "supervisord.lock"):
        if not processes.is_up(var):
            guard.end_leftovers(str(var), patience=15)
            processes.start(var)


def watch(
    pid: int, job: Callable[[], None], first: float = FIRST_LOOK_SECONDS, every: float = LOOK_EVERY_SECONDS
) -> None:
    """Returns when the process is gone. Until then the job is run every so often."""
    pause = first
    while not ends_within(pid, pause):
        job()
        pause = every


def ends_within(pid: int, seconds: float) -> bool:
    """Whether the process is gone, or goes within so many seconds; without a bit of work until then."""
    if pid == 1:
        return True
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(seconds * 1_000))
    finally:
        os.close(handle)


def let_old_keys_go() -> None:
    """Beside the watching, which must not wait for it."""
    outside = {name: value for name, value in os.environ.items() if name not in _OF_THE_FLEET}
    command = [sys.executable, "-m", "fleet.rotation"]
    threading.Thread(target=subprocess.run, args=(command,), kwargs={"env": outside}, daemon=True).start()


if __name__ == "__main__":
    main()
