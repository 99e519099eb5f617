"""What supervisord runs: the programs, its configuration, and talking to it.

The configuration on disk is what is wanted: `apply` writes it and makes the running supervisord follow. Whoever kills
supervisord finds it started again by the keeper (a process it runs itself, the only one that survives it).
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import Any, cast
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import Faults, SupervisorTransport

from fleet import environment, guard
from fleet.keys import locked, write_private
from fleet.progress import Problem
from fleet.table import ROOT, Table, port_offset

LONGEST_SOCKET_PATH = 90
GONE = (OSError, HTTPException)


@dataclass(frozen=True)
class Program:
    """A process the supervisor starts, restarts for ever, and stops."""

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    stop: str = "TERM"
    stop_seconds: int = 10
    priority: int = 500
    """Lower starts earlier and stops later."""
    settle_seconds: int = 3
    """A process that ends sooner than this is started again with a growing pause."""
    guarded: bool = True


def keeper(table: Table) -> Program:
    """With what the caller's environment says of servers and origins: it renders NGINX's configuration one day."""
    variables = {"NEXUS_VAR": str(table.var), "NEXUS_PORT_OFFSET": str(port_offset())}
    variables |= environment.told_outside()
    command = (sys.executable, "-m", "fleet.keeper")
    return Program("keeper", command, ROOT, variables, priority=999, settle_seconds=1, guarded=False)


# ── Configuration ────────────────────────────────────────────────────────────────────────────────────────────────────


def render(table: Table, programs: Iterable[Program]) -> str:
    """supervisord.conf"""
    run = table.var / "run"
    head = [
        "[supervisord]",
        "nodaemon = true",
        f"logfile = {table.var}/log/supervisord.log",
        f"pidfile = {run}/supervisord.pid",
        f"childlogdir = {table.var}/log",
        *(["user = root"] if os.geteuid() == 0 else []),
        "[unix_http_server]",
        f"file = {socket_file(table.var)}",
        "chmod = 0700",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
    ]
    sections = [line for program in programs for line in _section(table, program)]
    return "\n".join([*head, *sections, ""])


def _section(table: Table, program: Program) -> list[str]:
    variables = {**program.environment, "NEXUS_FLEET": str(table.var), "NEXUS_PROCESS": program.name}
    return [
        f"[program:{program.name}]",
        f"command = {_command(program)}",
        f"directory = {program.folder}",
        f"environment = {','.join(f'{key}={_as_value(key, value)}' for key, value in sorted(variables.items()))}",
        f"priority = {program.priority}",
        "autorestart = true",
        f"startsecs = {program.settle_seconds}",
        "startretries = 1000000",
        f"stopsignal = {program.stop}",
        f"stopwaitsecs = {program.stop_seconds}",
        "killasgroup = true",
        "redirect_stderr = true",
        f"stdout_logfile = {table.var}/log/{program.name}.log",
        "stdout_logfile_maxbytes = 20MB",
        "stdout_logfile_backups = 2",
    ]


def _command(program: Program) -> str:
    guarded = (sys.executable, "-I", "-S", str(ROOT / "fleet" / "guard.py"), program.name, program.user)
    before = (*guarded, f"SIG{program.stop}") if program.guarded else ()
    return " ".join(_quoted(part) for part in (*before, *program.command))


def _quoted(text: str) -> str:
    """A word of a command: supervisord reads it as a shell would, after it has expanded percent signs."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _as_value(name: str, value: str) -> str:
    """The value of an environment variable: supervisord knows no escapes there, only two kinds of quotes."""
    quote = "'" if '"' in value else '"'
    if quote in value or re.search(r"\s[;#]|\n", value):
        raise Problem(f"{name} may not have both kinds of quotes, line ends, or ' ;' and ' #' in it")
    return quote + value.replace("%", "%%") + quote


def socket_file(var: Path) -> Path:
    """Under var/run, unless that is too long for the kernel's 107 bytes."""
    file = var / "run" / "supervisor.sock"
    if len(str(file)) <= LONGEST_SOCKET_PATH:
        return file
    return Path(tempfile.gettempdir()) / f"nexus-{sha256(str(var).encode()).hexdigest()[:12]}.sock"


# ── Talking to it ────────────────────────────────────────────────────────────────────────────────────────────────────


def call(var: Path, method: str, *arguments: object) -> Any:
    """Ask supervisord; OSError or HTTPException when it is not there, Fault when it refuses."""
    transport = SupervisorTransport(None, None, f"unix://{socket_file(var)}")
    with ServerProxy("http://127.0.0.1", transport=transport) as proxy:
        return getattr(proxy.supervisor, method)(*arguments)


def is_up(var: Path) -> bool:
    try:
        return bool(call(var, "getState")["statename"] == "RUNNING")
    except (*GONE, Fault):
        return False


def all_info(var: Path) -> dict[str, dict[str, Any]]:
    """Name → what supervisord knows about the process; empty when it does not run or is about to end."""
    try:
        return {info["name"]: info for info in cast(list[dict[str, Any]], call(var, "getAllProcessInfo"))}
    except (*GONE, Fault):
        return {}


def let_it_end(var: Path) -> None:
    """If somebody has told supervisord to stop, wait for that."""
    try:
        call(var, "getState")
    except GONE:
        return
    except Fault as fault:
        if fault.faultCode == Faults.SHUTDOWN_STATE:
            _wait_until_gone(int((var / "run" / "supervisord.pid").read_text()), 60)


def pid_of(var: Path, name: str) -> int | None:
    return all_info(var).get(name, {}).get("pid") or None


def apply(table: Table, programs: Iterable[Program]) -> None:
    """Make the supervisor run exactly these programs, starting it if need be; those unchanged are left alone."""
    run = table.var / "run"
    for folder in (run, table.var / "log"):
        folder.mkdir(parents=True, exist_ok=True)
    write_private(run / "supervisord.conf", render(table, [*programs, keeper(table)]))
    with locked(run / "supervisord.lock"):
        let_it_end(table.var)
        if is_up(table.var):
            _follow(table.var)
        else:
            guard.end_leftovers(str(table.var), patience=10)
            start(table.var)


def start(var: Path) -> None:
    """Start supervisord in a session of its own and wait until it answers."""
    with (var / "log" / "supervisord.out").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(var / "run" / "supervisord.conf")],
            cwd="/",
            env={**environment.passed_on(), "NEXUS_FLEET": str(var), "NEXUS_PROCESS": "supervisord"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    while not is_up(var):
        if process.poll() is not None:
            raise Problem(f"supervisord did not start; see {var}/log/supervisord.out")
        time.sleep(0.05)


def _follow(var: Path) -> None:
    """Let the running supervisord read its configuration again: stop what is gone, (re)start what is new or changed."""
    [[added, changed, removed]] = call(var, "reloadConfig")
    for name in [*changed, *removed]:
        stop(var, [name])
        call(var, "removeProcessGroup", name)
    for name in [*added, *changed]:
        call(var, "addProcessGroup", name)


def stop(var: Path, names: Iterable[str]) -> None:
    """Stop these together and wait until all are."""
    waiting = set(names)
    for name in waiting:
        _tolerating_stopped(lambda name=name: call(var, "stopProcess", name, False))
    while waiting and (infos := all_info(var)):
        waiting = {name for name in waiting if infos.get(name, {}).get("pid")}
        time.sleep(0.05)


def _tolerating_stopped(action: Any) -> None:
    try:
        action()
    except Fault as fault:
        if fault.faultCode not in (Faults.NOT_RUNNING, Faults.BAD_NAME):
            raise


def restart(var: Path, names: Iterable[str]) -> None:
    names = list(names)
    stop(var, names)
    for name in names:
        call(var, "startProcess", name, False)


def shut_down(var: Path) -> None:
    """Stop everything in order, then supervisord itself, and wait until it and whatever it left are gone."""
    let_it_end(var)
    with contextlib.suppress(*GONE, Fault):
        pid = call(var, "getPID")
        for names in by_priority(call(var, "getAllConfigInfo")):
            stop(var, names)
        call(var, "shutdown")
        _wait_until_gone(pid, 30)
    guard.end_leftovers(str(var), patience=10)
    socket_file(var).unlink(missing_ok=True)


def by_priority(configs: list[dict[str, Any]]) -> list[list[str]]:
    """Names of programs to stop together, first those that start last."""
    priorities = sorted({config["process_prio"] for config in configs}, reverse=True)
    return [[one["name"] for one in configs if one["process_prio"] == priority] for priority in priorities]


def _wait_until_gone(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while guard.is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)


def send(var: Path, name: str, number: signal.Signals) -> None:
    if pid := pid_of(var, name):
        os.kill(pid, number)
