"""Who is kept out of whose data, asked of the running private servers. Nothing here is delivered to anybody."""

from collections.abc import Callable

import pika
import psycopg
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ProbableAuthenticationError

from fleet import environment, rabbitmq, table

PAGE = table.load()
ORDER = environment.of(PAGE, PAGE.service("order"))

pytestmark = pytest.mark.skipif(not rabbitmq.answers(PAGE), reason="start the servers: python -m fleet servers")

FORBIDDEN: dict[str, Callable[[BlockingChannel], object]] = {
    "tell another's event": lambda channel: channel.basic_publish("nexus", "catalog.stock_reserved.v1", b""),
    "ask what it may not ask": lambda channel: channel.basic_publish("nexus", "user.grant_role.v1", b""),
    "read another's queue": lambda channel: channel.basic_get("cart"),
    "declare a queue": lambda channel: channel.queue_declare("order.mine"),
    "bind its queue": lambda channel: channel.queue_bind("order", "nexus", "#"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_service_may_not(what: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(ORDER["RABBITMQ_URL"])) as connection:
        channel = connection.channel()
        channel.confirm_delivery()

        with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
            FORBIDDEN[what](channel)


@pytest.mark.parametrize("short", [one.short for one in PAGE.services if one.database and one.short != "order"])
def test_a_service_cannot_connect_to_another_s_database(short: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(ORDER["DATABASE_URL"].removesuffix("order") + short)


def test_a_service_has_its_own_password() -> None:
    with pytest.raises(ProbableAuthenticationError):
        pika.BlockingConnection(pika.URLParameters(ORDER["RABBITMQ_URL"].replace("amqp://order:", "amqp://cart:")))
