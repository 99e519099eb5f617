"""The private servers: PostgreSQL, Redis and RabbitMQ, with data under var/ and ports of their own.

One that the environment names by URL is not started.
"""

import shutil
import socket
import time
from collections.abc import Callable

from fleet import environment, ports, postgres, processes, rabbitmq
from fleet.processes import Program
from fleet.progress import Problem, say
from fleet.table import Service, Table

PATIENCE = 60


def with_database(table: Table) -> list[Service]:
    return [service for service in table.services if service.database]


def needs_postgres(table: Table) -> list[Service]:
    """Services whose database is not given by URL."""
    return [one for one in with_database(table) if not environment.given(f"DATABASE_URL_{one.short.upper()}")]


def needs_redis() -> bool:
    return not environment.given("REDIS_URL")


def needs_rabbitmq() -> bool:
    return not environment.given("RABBITMQ_URL")


def programs(table: Table) -> list[Program]:
    return [
        *([postgres.program(table)] if needs_postgres(table) else []),
        *([redis_program(table)] if needs_redis() else []),
        *(rabbitmq.programs(table) if needs_rabbitmq() else []),
    ]


def prepare(table: Table) -> bool:
    """Write the servers' files; True if RabbitMQ has to be told of changed definitions."""
    if needs_postgres(table):
        postgres.prepare(table)
    if needs_redis():
        _prepare_redis(table)
    return needs_rabbitmq() and rabbitmq.prepare(table, with_database(table))


def start(table: Table, others: list[Program]) -> None:
    """Start what is not running, wait until all answer, make databases and roles. `others`: programs to leave alone."""
    was_up = rabbitmq.answers(table)
    changed = prepare(table)
    ports.check(table, programs(table))
    processes.apply(table, [*programs(table), *others])
    for name, answers in _questions(table).items():
        _wait(table, name, answers)
    if needs_postgres(table):
        postgres.provision(table, needs_postgres(table))
    if changed and was_up and needs_rabbitmq():
        rabbitmq.load(table)


def _questions(table: Table) -> dict[str, Callable[[], bool]]:
    questions = {
        "postgres": (lambda: postgres.answers(table), bool(needs_postgres(table))),
        "redis": (lambda: redis_answers(table), needs_redis()),
        "rabbitmq": (lambda: rabbitmq.answers(table), needs_rabbitmq()),
    }
    return {name: question for name, (question, asked) in questions.items() if asked}


def _wait(table: Table, name: str, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers():
        if time.monotonic() > deadline:
            raise Problem(f"{name} does not answer after {PATIENCE} s; see {table.var}/log/{name}.log")
        time.sleep(0.1)
    say(f"{name} answers")


# ── Redis ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def redis_program(table: Table) -> Program:
    binary = shutil.which("redis-server") or "/usr/bin/redis-server"
    command = (binary, str(table.var / "redis" / "redis.conf"))
    return Program("redis", command, table.var / "redis", stop_seconds=15, priority=105, settle_seconds=1)


def _prepare_redis(table: Table) -> None:
    folder = table.var / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "redis.conf").write_text(
        f"bind 127.0.0.1\nport {table.ports['redis']}\ndir {folder}\ndaemonize no\ndatabases 32\n"
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
    )


def redis_answers(table: Table) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", table.ports["redis"]), timeout=2) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(5) == b"+PONG"
    except OSError:
        return False
