"""The first moment of every process the supervisor starts: `guard.py <name> <user> <signal> command…`.

Kills what a killed predecessor of the same name left behind (nginx and gunicorn workers outlive a master that dies by
SIGKILL, and hold its port), asks the kernel for a signal when the supervisor dies, so that nothing runs unsupervised,
and becomes the command. Runs with `python -I -S`: standard library only, and quick.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import sys
import time

PR_SET_PDEATHSIG = 1


def main() -> None:
    name, user, last_signal, *command = sys.argv[1:]
    supervisor = supervisor_pid()
    end_leftovers(os.environ["NEXUS_FLEET"], name)
    if user:
        become_user(user)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(getattr(signal, last_signal)), 0, 0, 0)
    if os.getppid() != supervisor:
        sys.exit("the supervisor is gone already")
    os.execvp(command[0], command)


def supervisor_pid() -> int:
    """Of the parent, unless that died so early that another has taken its place."""
    parent = os.getppid()
    if _environment(parent).get("NEXUS_PROCESS") != "supervisord":
        sys.exit("the supervisor is gone already")
    return parent


def become_user(name: str) -> None:
    entry = pwd.getpwnam(name)
    os.initgroups(name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir


def end_leftovers(fleet: str, process: str = "", patience: float = 1.0) -> list[int]:
    """End processes of this fleet that nobody waits for any more, politely first; of one name, or all."""
    found = leftovers(fleet, process)
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_all(leftovers(fleet, process), number)
        deadline = time.monotonic() + patience
        while leftovers(fleet, process) and time.monotonic() < deadline:
            time.sleep(0.02)
    return found


def _signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def leftovers(fleet: str, process: str = "") -> list[int]:
    """Processes started for this fleet (all, or of one name) except this one and its ancestors."""
    mine = _ancestors(os.getpid())
    pids = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return [pid for pid in pids if pid not in mine and belongs(pid, fleet, process)]


def belongs(pid: int, fleet: str, process: str) -> bool:
    """By the marks in its environment; PostgreSQL's backends write over theirs, and are known by their folder."""
    try:
        if os.stat(f"/proc/{pid}").st_uid == os.geteuid() or os.geteuid() == 0:
            marks = _environment(pid)
            if marks.get("NEXUS_PROCESS"):
                return marks.get("NEXUS_FLEET") == fleet and process in ("", marks["NEXUS_PROCESS"])
            return process in ("", "postgres") and _is_postgres_of(pid, fleet)
    except OSError:
        pass
    return False


def is_running(pid: int) -> bool:
    """Not gone, and not merely waiting for a parent that does not care (process 1 of some containers)."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _environment(pid: int) -> dict[str, str]:
    with open(f"/proc/{pid}/environ", "rb") as file:
        pairs = (entry.partition(b"=") for entry in file.read().split(b"\0"))
        return {name.decode(errors="replace"): value.decode(errors="replace") for name, _, value in pairs}


def _is_postgres_of(pid: int, fleet: str) -> bool:
    folder = os.path.realpath(os.path.join(fleet, "postgres"))
    with open(f"/proc/{pid}/comm") as file:
        return file.read().strip() == "postgres" and os.readlink(f"/proc/{pid}/cwd") == folder


def _ancestors(pid: int) -> set[int]:
    found = set()
    while pid > 1:
        found.add(pid)
        with open(f"/proc/{pid}/stat") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
    return found


if __name__ == "__main__":
    main()
