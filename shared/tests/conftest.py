import threading
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection

from shared import rabbit
from shared.contracts.catalog import ReserveStock
from shared.contracts.order import OrderCancelled
from shared.inbox import Subscriptions

QUEUES = [settings.SERVICE, rabbit.dead_queue(settings.SERVICE)]
QUEUES += [rabbit.wait_queue(settings.SERVICE, tier) for tier in rabbit.TIERS]


@pytest.fixture(scope="session")
def topology() -> None:
    """Queues of the service `order`, bound to two types, declared once: quorum queues want a moment of peace."""
    rabbit.provision({ReserveStock: print, OrderCancelled: print})


@pytest.fixture
def broker(topology: None) -> None:
    with rabbit.channel() as ch:
        for name in QUEUES:
            ch.queue_purge(name)


@pytest.fixture
def relay(broker: None, transactional_db: None) -> Iterator[rabbit.Relay]:
    stopping = threading.Event()
    relay = rabbit.Relay(stopping)
    thread = threading.Thread(target=relay.run)
    thread.start()
    yield relay
    stopping.set()
    relay.wake()
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def consume(broker: None, transactional_db: None) -> Iterator[Callable[[Subscriptions], rabbit.Consumer]]:
    """Start a consumer with these subscriptions; it is stopped when the test ends."""
    stopping = threading.Event()
    threads = []

    def start(subscriptions: Subscriptions) -> rabbit.Consumer:
        consumer = rabbit.Consumer(subscriptions, stopping, lambda: None)
        thread = threading.Thread(target=_run, args=(consumer,))
        thread.start()
        threads.append(thread)
        return consumer

    yield start
    stopping.set()
    for thread in threads:
        thread.join(15)
        assert not thread.is_alive()


def _run(consumer: rabbit.Consumer) -> None:
    try:
        consumer.run()
    finally:
        connection.close()
