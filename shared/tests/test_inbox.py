import threading
from uuid import uuid4

import pytest
from django.db import connection
from pydantic import ValidationError

from shared import inbox
from shared.context import current
from shared.contracts.catalog import ReleaseStock
from shared.models import InboxMessage
from shared.testing import envelope

pytestmark = pytest.mark.django_db(transaction=True)


def message() -> ReleaseStock:
    return ReleaseStock(order_id=uuid4(), reason="test")


def test_the_second_delivery_of_a_message_does_nothing() -> None:
    seen: list[ReleaseStock] = []
    delivery = envelope(message())

    assert inbox.handle(delivery, {ReleaseStock: seen.append}) is True
    assert inbox.handle(delivery, {ReleaseStock: seen.append}) is False

    assert len(seen) == 1


def test_parallel_deliveries_of_a_message_have_one_effect() -> None:
    delivery, effects, barrier = envelope(message()), [], threading.Barrier(8)

    def deliver() -> None:
        barrier.wait()
        inbox.handle(delivery, {ReleaseStock: effects.append})
        connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(effects) == 1


def test_a_failed_handler_leaves_the_message_unhandled_and_its_attempts_counted() -> None:
    delivery = envelope(message())

    def fail(_message: ReleaseStock) -> None:
        raise RuntimeError("not today")

    for attempt in (1, 2):
        with pytest.raises(RuntimeError) as raised:
            inbox.handle(delivery, {ReleaseStock: fail})
        assert inbox.record_failure(delivery, raised.value) == attempt

    assert inbox.handle(delivery, {ReleaseStock: lambda _m: None}) is True
    row = InboxMessage.objects.get()
    assert (row.attempts, row.last_error, row.handled_at is not None) == (3, "", True)


def test_what_a_handler_causes_carries_its_message_as_cause() -> None:
    delivery, contexts = envelope(message(), correlation_id="journey-1"), []

    inbox.handle(delivery, {ReleaseStock: lambda _m: contexts.append(current())})

    assert (contexts[0].correlation_id, contexts[0].causation_id) == ("journey-1", str(delivery.id))


def test_an_unknown_type_and_a_wrong_shape_are_told_apart_from_failures() -> None:
    delivery = envelope(message())

    with pytest.raises(inbox.UnknownMessage):
        inbox.handle(delivery, {})
    with pytest.raises(ValidationError):
        inbox.handle(delivery.model_copy(update={"data": {}}), {ReleaseStock: print})
