"""Messages to try the transport with, and patience."""

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

from django.db import transaction

from shared import outbox
from shared.contracts.order import Buyer, OrderCancelled
from shared.messages import MoneyData

WAIT = 15


def cancelled(order_id: UUID | None = None, reason: str = "test") -> OrderCancelled:
    return OrderCancelled(
        order_id=order_id or uuid4(),
        number="N-1",
        buyer=Buyer(email="ada@example.com", name="Ada"),
        reason=reason,
        total=MoneyData(minor=100, currency="USD"),
    )


def publish(*messages: OrderCancelled) -> None:
    with transaction.atomic():
        for message in messages:
            outbox.publish(message)


def until(condition: Callable[[], bool], seconds: float = WAIT) -> None:
    """Wait for a state that other threads bring about; what is polled is the database or the broker itself."""
    tick = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        tick.wait(0.05)
    raise AssertionError("it did not happen")
