"""Connections, and the queues. Topology is provisioned once by a command, never by the processes that use it: a quorum
queue that has just been declared does not survive a broker that is killed in the same moment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import pika.exceptions
from django.conf import settings
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from shared.inbox import Subscriptions

EXCHANGE = "nexus"
TIERS = {"1s": 1_000, "10s": 10_000, "1m": 60_000, "10m": 600_000}
"""Delay tier → milliseconds. A queue each: a time to live per message would wait behind the head of one queue."""
DELIVERY_LIMIT = 50
"""Counts deliveries, kills included, so it is only the last resort; attempts are counted in the inbox."""
HEARTBEAT_SECONDS = 30
BLOCKED_TIMEOUT_SECONDS = 300
LOST = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)
"""The last but one, which is no AMQPError, is what a broker too busy to shake hands makes of a connection."""


def parameters(url: str, name: str) -> pika.URLParameters:
    found = pika.URLParameters(url)
    found.heartbeat = HEARTBEAT_SECONDS
    found.blocked_connection_timeout = BLOCKED_TIMEOUT_SECONDS
    found.socket_timeout = 5
    found.stack_timeout = 10
    found.client_properties = {"connection_name": name}
    return found


@contextmanager
def channel(url: str | None = None) -> Iterator[BlockingChannel]:
    """A short-lived connection with confirms on, for provisioning, the dead queue and the rare retry."""
    open_connection = pika.BlockingConnection(parameters(url or settings.RABBITMQ_URL, f"{settings.SERVICE}.short"))
    try:
        opened = open_connection.channel()
        opened.confirm_delivery()
        yield opened
    finally:
        if open_connection.is_open:
            open_connection.close()


def wait_queue(service: str, tier: str) -> str:
    return f"{service}.wait.{tier}"


def dead_queue(service: str) -> str:
    return f"{service}.dead"


def provision(subscriptions: Subscriptions, url: str | None = None) -> None:
    """Declare the service's queues and bind what it subscribes to; idempotent. Bindings of before stay."""
    service = settings.SERVICE
    with channel(url or settings.RABBITMQ_ADMIN_URL) as ch:
        ch.exchange_declare(EXCHANGE, "topic", durable=True)
        _declare(ch, dead_queue(service), {})
        _declare(ch, service, {"x-delivery-limit": DELIVERY_LIMIT, **_dead_letter_to(dead_queue(service))})
        for tier, milliseconds in TIERS.items():
            _declare(ch, wait_queue(service, tier), {"x-message-ttl": milliseconds, **_dead_letter_to(service)})
        for contract in subscriptions:
            ch.queue_bind(service, EXCHANGE, contract.type)


def _declare(ch: BlockingChannel, name: str, arguments: dict[str, Any]) -> None:
    ch.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})


def _dead_letter_to(queue_name: str) -> dict[str, Any]:
    """At least once, which RabbitMQ gives only to a queue that rejects what overflows."""
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue_name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
