"""The services' own processes: what the supervisor runs for them, and what they need before their first start."""

import contextlib
import hashlib
import http.client
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fleet import environment
from fleet.processes import Program
from fleet.progress import Problem, say
from fleet.table import ROOT, Service, Table

AT_ONCE = 2
CONFIGURATION = ROOT / "fleet" / "gunicorn.conf.py"


def present(table: Table) -> list[Service]:
    return [service for service in table.services if service.exists]


def programs(table: Table) -> list[Program]:
    return [program for service in present(table) for program in of(table, service)]


def of(table: Table, service: Service) -> list[Program]:
    variables = environment.of(table, service)
    webs = [web(service, variables, number) for number in range(1, service.instances + 1)]
    return [*webs, worker(service, variables)] if service.worker else webs


def web(service: Service, variables: dict[str, str], number: int) -> Program:
    """The number-th web instance; the first is `order_service-web`, the second `order_service-web-2`."""
    own = {"PORT": str(service.ports[number - 1]), "WEB_THREADS": str(service.threads)}
    command = (sys.executable, "-m", "gunicorn", "-c", str(CONFIGURATION), f"{service.name}.wsgi:application")
    return Program(web_name(service, number), command, service.folder, variables | own, stop_seconds=12, priority=300)


def web_name(service: Service, number: int) -> str:
    return f"{service.name}-web" if number == 1 else f"{service.name}-web-{number}"


def worker(service: Service, variables: dict[str, str]) -> Program:
    """On a machine that all share, somebody waits for what web processes do, and nobody for most that workers do."""
    command = ("nice", "-n", "5", sys.executable, "manage.py", "work")
    return Program(f"{service.name}-worker", command, service.folder, variables, stop_seconds=12, priority=310)


# ── Before the first start ───────────────────────────────────────────────────────────────────────────────────────────


def prepare(table: Table) -> list[Service]:
    """`manage.py prepare` of all whose migrations, messages or database have changed since; answers which."""
    stale = [service for service in present(table) if service.database and not is_prepared(table, service)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for service in pool.map(lambda service: prepare_one(table, service), stale):
            say(f"{service.name} is prepared")
    return stale


def prepare_one(table: Table, service: Service) -> Service:
    variables = {**environment.passed_on(), **environment.of(table, service, prepare=True)}
    command = [sys.executable, "manage.py", "prepare"]
    done = subprocess.run(command, cwd=service.folder, env=variables, capture_output=True, text=True)
    log = table.var / "log" / f"{service.name}-prepare.log"
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"{service.name} could not be prepared: {last} (see {log})")
    _stamp(table, service).parent.mkdir(parents=True, exist_ok=True)
    _stamp(table, service).write_text(fingerprint(table, service))
    return service


def is_prepared(table: Table, service: Service) -> bool:
    stamp = _stamp(table, service)
    return stamp.exists() and stamp.read_text() == fingerprint(table, service)


def _stamp(table: Table, service: Service) -> Path:
    return table.var / "prepared" / service.name


def fingerprint(table: Table, service: Service) -> str:
    """Of everything `prepare` reads, and of the databases it writes to."""
    package, shared = service.folder / service.name, ROOT / "shared" / "shared"
    files = [
        *package.glob("migrations/*.py"),
        *package.glob("subscriptions*/**/*.py"),
        *package.glob("management/**/*.py"),
        package / "subscriptions.py",
        *shared.glob("migrations/*.py"),
        *shared.glob("contracts/*.py"),
        *shared.glob("management/**/*.py"),
        shared / "rabbit" / "topology.py",
    ]
    variables = environment.of(table, service, prepare=True)
    digest = hashlib.sha256(f"{variables['DATABASE_URL']} {variables['RABBITMQ_URL']}".encode())
    for file in sorted(file for file in files if file.exists()):
        digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()


# ── Health ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def health(port: int, path: str = "/health/ready") -> str:
    """`ok`, or why not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", path)
        code = connection.getresponse().status
        return "ok" if code == 200 else f"answers {code}"
    except (OSError, http.client.HTTPException) as error:
        return "no answer" if isinstance(error, ConnectionError) else f"{type(error).__name__}"
    finally:
        connection.close()


def run_alone(table: Table, service: Service) -> int:
    """Web and worker in the foreground, their output on the terminal, until Ctrl-C or until one of them ends."""
    started = [_start_here(program) for program in of(table, service)]
    say(f"{service.name} listens on {service.url}; Ctrl-C stops it")
    with contextlib.suppress(KeyboardInterrupt):
        os.wait()
    for process in started:
        process.terminate()
    return max(process.wait() for process in started)


def _start_here(program: Program) -> "subprocess.Popen[bytes]":
    variables = {**environment.passed_on(), **program.environment}
    return subprocess.Popen(program.command, cwd=program.folder, env=variables)
