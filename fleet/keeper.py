"""Watches the supervisor that runs it: when that dies, takes away what it left and starts it again.

    supervisord ──restarts──▶ every process, the keeper too
         ▲                        │
         └──────restarts── keeper ┘      so any one of them may be killed

A supervisor that is stopped in order stops its keeper first.
"""

import os
import select

from fleet import guard, processes, table
from fleet.keys import locked


def main() -> None:
    wait_for_end(os.getppid())
    var = table.var_folder()
    with locked(var / "run" / "supervisord.lock"):
        if not processes.is_up(var):
            guard.end_leftovers(str(var), patience=15)
            processes.start(var)


def wait_for_end(pid: int) -> None:
    """Returns when the process is gone; without a bit of work until then."""
    if pid == 1:
        return
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.poll()


if __name__ == "__main__":
    main()
