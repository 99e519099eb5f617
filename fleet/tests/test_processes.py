"""The supervisor for real, with a process that only sleeps."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleet import guard, processes, table
from fleet.processes import Program
from fleet.progress import Problem
from fleet.table import Table


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Table]:
    page = table.load(var=tmp_path / "var")
    yield page
    processes.shut_down(page.var)


def sleeper(name: str = "sleeper", **changes: object) -> Program:
    return Program(name, ("sleep", "600"), Path("/"), settle_seconds=0, **changes)  # type: ignore[arg-type]


def eventually(question: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return answer


def another_pid(fleet: Table, name: str, old: int) -> Callable[[], bool]:
    return lambda: processes.pid_of(fleet.var, name) not in (None, old)


def supervisor_pid(fleet: Table) -> int:
    return int(processes.call(fleet.var, "getPID"))


def test_a_killed_process_is_started_again(fleet: Table) -> None:
    processes.apply(fleet, [sleeper()])
    pid = eventually(lambda: processes.pid_of(fleet.var, "sleeper"))

    os.kill(pid, signal.SIGKILL)

    eventually(another_pid(fleet, "sleeper", pid))


def test_a_killed_supervisor_is_started_again_with_everything_it_ran(fleet: Table) -> None:
    processes.apply(fleet, [sleeper()])
    pid = eventually(lambda: processes.pid_of(fleet.var, "sleeper"))
    eventually(lambda: processes.pid_of(fleet.var, "keeper"))

    os.kill(supervisor_pid(fleet), signal.SIGKILL)

    eventually(another_pid(fleet, "sleeper", pid))
    assert not guard.is_running(pid)


def test_a_killed_supervisor_and_keeper_leave_nothing_and_apply_recovers(fleet: Table) -> None:
    processes.apply(fleet, [sleeper()])
    pid = eventually(lambda: processes.pid_of(fleet.var, "sleeper"))
    keeper = eventually(lambda: processes.pid_of(fleet.var, "keeper"))
    supervisor = supervisor_pid(fleet)

    os.kill(keeper, signal.SIGKILL)
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not guard.is_running(pid))
    processes.apply(fleet, [sleeper()])

    eventually(lambda: processes.pid_of(fleet.var, "sleeper"))


def test_shutting_down_leaves_no_process_and_only_touches_its_own(fleet: Table, tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "600"], env={"NEXUS_FLEET": "/elsewhere", "NEXUS_PROCESS": "sleeper"})
    processes.apply(fleet, [sleeper(), sleeper("other")])
    eventually(lambda: processes.pid_of(fleet.var, "other"))

    processes.shut_down(fleet.var)

    assert guard.leftovers(str(fleet.var)) == []
    assert processes.all_info(fleet.var) == {}
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_unchanged_processes_are_left_alone_when_others_come_change_and_go(fleet: Table) -> None:
    processes.apply(fleet, [sleeper("stays"), sleeper("changes"), sleeper("goes")])
    pids = {name: eventually(lambda name=name: processes.pid_of(fleet.var, name)) for name in ("stays", "changes")}

    processes.apply(fleet, [sleeper("stays"), sleeper("changes", environment={"A": "1"}), sleeper("comes")])

    eventually(lambda: processes.pid_of(fleet.var, "comes"))
    eventually(another_pid(fleet, "changes", pids["changes"]))
    assert processes.pid_of(fleet.var, "stays") == pids["stays"]
    assert set(processes.all_info(fleet.var)) == {"stays", "changes", "comes", "keeper"}


@pytest.mark.parametrize("odd", ["50%20 of a,b;c#d back\\slash $HOME", '{"a": 1}', "it's"])
def test_odd_characters_reach_the_process_as_they_are(fleet: Table, tmp_path: Path, odd: str) -> None:
    script = f'printf "%s" "$ODD" > {tmp_path}/seen && sleep 600'
    program = Program("shell", ("sh", "-c", script), Path("/"), {"ODD": odd})

    processes.apply(fleet, [program])

    assert eventually(lambda: (tmp_path / "seen").exists() and (tmp_path / "seen").read_text()) == odd


@pytest.mark.parametrize("value", ["'\"", "a ;b", "a #b", "a\nb"])
def test_a_value_that_the_supervisor_cannot_hold_is_refused(fleet: Table, value: str) -> None:
    with pytest.raises(Problem, match="ODD may not have"):
        processes.render(fleet, [sleeper(environment={"ODD": value})])


def test_the_configuration_with_its_passwords_is_only_for_its_owner(fleet: Table) -> None:
    processes.apply(fleet, [sleeper()])

    assert (fleet.var / "run" / "supervisord.conf").stat().st_mode & 0o777 == 0o600


def test_what_starts_last_stops_first() -> None:
    configs = [{"name": name, "process_prio": priority} for name, priority in (("b", 100), ("a", 300), ("c", 300))]

    assert processes.by_priority(configs) == [["a", "c"], ["b"]]


def test_a_long_path_gets_its_socket_elsewhere() -> None:
    long = Path("/" + "x" * 100)

    assert processes.socket_file(Path("/short")) == Path("/short/run/supervisor.sock")
    assert len(str(processes.socket_file(long))) < 108


def test_the_guard_ends_what_a_killed_predecessor_left(tmp_path: Path) -> None:
    marks = {"NEXUS_FLEET": str(tmp_path), "NEXUS_PROCESS": "nginx"}
    orphan = subprocess.Popen(["sleep", "600"], env=marks)
    neighbour = subprocess.Popen(["sleep", "600"], env={**marks, "NEXUS_PROCESS": "redis"})

    assert guard.end_leftovers(str(tmp_path), "nginx") == [orphan.pid]

    assert orphan.wait(1) == -signal.SIGTERM
    assert neighbour.poll() is None
    neighbour.kill()
    neighbour.wait()
