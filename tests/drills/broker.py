"""The broker as its operator sees it: a binding taken away, alarms, what is in the queues."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pika
from pika.adapters.blocking_connection import BlockingChannel

from fleet import environment, rabbitmq
from fleet.table import Service, Table

USUAL_MEMORY, USUAL_DISK = ("absolute", "1GB"), ("200MB",)
"""As fleet/rabbitmq.py writes them."""
NO_MEMORY, NO_DISK = ("0",), ("1000000GB",)


@contextmanager
def unbound(fleet: Table, listener: Service, kind: str) -> Iterator[None]:
    """Inside, messages of this type do not go to the service's queue, unless somebody binds it again."""
    with opened(fleet, listener) as channel:
        channel.queue_unbind(listener.short, rabbitmq.EXCHANGE, kind)
    try:
        yield
    finally:
        with opened(fleet, listener) as channel:
            channel.queue_bind(listener.short, rabbitmq.EXCHANGE, kind)


@contextmanager
def opened(fleet: Table, service: Service) -> Iterator[BlockingChannel]:
    """For a moment, as who provisions the service: one that is kept open and idle answers no heartbeat."""
    url = environment.of(fleet, service, prepare=True)["RABBITMQ_ADMIN_URL"]
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        yield connection.channel()


@contextmanager
def memory_alarm(fleet: Table) -> Iterator[None]:
    """Inside, the broker takes no message of anybody, because its memory is said to be full."""
    yield from _alarm(fleet, "set_vm_memory_high_watermark", NO_MEMORY, USUAL_MEMORY)


@contextmanager
def disk_alarm(fleet: Table) -> Iterator[None]:
    """Inside, the broker takes no message of anybody, because its disk is said to be full."""
    yield from _alarm(fleet, "set_disk_free_limit", NO_DISK, USUAL_DISK)


def _alarm(fleet: Table, command: str, raised: tuple[str, ...], usual: tuple[str, ...]) -> Iterator[None]:
    try:
        control(fleet, command, *raised)
        yield
    finally:
        control(fleet, command, *usual)


def alarms(fleet: Table) -> str:
    """What it says is wrong; empty when it takes messages."""
    told = control(fleet, "eval", "rabbit_alarm:get_alarms().").strip()
    return "" if told == "[]" else told


def waiting(fleet: Table, queue: str) -> int:
    """Messages of a queue that nobody has acknowledged, those handed out included."""
    rows = control(fleet, "list_queues", "-p", rabbitmq.VHOST, "--no-table-headers", "name", "messages").splitlines()
    return next(int(row.split()[1]) for row in rows if row.split()[0] == queue)


def dead(fleet: Table) -> dict[str, int]:
    """Service → how many messages it has given up on, if any. Asked of the broker: what workers report is older."""
    listeners = [service for service in fleet.services if service.database]
    with opened(fleet, listeners[0]) as channel:
        asked = {one.short: channel.queue_declare(f"{one.short}.dead", passive=True).method for one in listeners}
    return {name: answer.message_count for name, answer in asked.items() if answer.message_count}


def control(fleet: Table, *words: str) -> str:
    """rabbitmqctl; a call takes a second or two."""
    command = [str(rabbitmq.HOME / "bin" / "rabbitmqctl"), "-q", "-n", rabbitmq.NODE, *words]
    variables = {**os.environ, **rabbitmq.environment(fleet)}
    done = subprocess.run(command, env=variables, cwd="/", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
