import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from django.db import connection, transaction
from pydantic import ValidationError

from shared import inbox
from shared.context import acting, current
from shared.contracts.catalog import ReleaseStock
from shared.messages import Received
from shared.models import InboxMessage, OutboxMessage
from shared.outbox import publish
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


def test_messages_that_are_handled_together_are_each_handled_once() -> None:
    batches: list[list[str]] = []

    def remember(received: Sequence[Received[ReleaseStock]]) -> None:
        batches.append([one.message.reason for one in received])

    subscriptions: inbox.Subscriptions = {ReleaseStock: inbox.Together(remember)}
    first, second, third = (envelope(ReleaseStock(order_id=uuid4(), reason=reason)) for reason in "abc")

    assert inbox.handle_together([second, first, second], subscriptions) == 2
    assert inbox.handle_together([first, third, second], subscriptions) == 1
    assert inbox.handle(first, subscriptions) is False

    assert batches == [["b", "a"], ["c"]]
    assert InboxMessage.objects.filter(handled_at__isnull=False).count() == 3


def test_what_is_done_together_goes_out_by_one_statement_each_with_its_own_cause(
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    def answer(received: Sequence[Received[ReleaseStock]]) -> None:
        for one in received:
            with acting(one.context):
                publish(one.message)

    asked = [envelope(message(), correlation_id=f"story {number}") for number in range(5)]

    with django_assert_num_queries(4):  # BEGIN, inbox, outbox, COMMIT
        inbox.handle_together(asked, {ReleaseStock: inbox.Together(answer)})

    told = [row.envelope for row in OutboxMessage.objects.order_by("position")]
    assert [one["causationid"] for one in told] == [str(one.id) for one in asked]
    assert [one["correlationid"] for one in told] == [f"story {number}" for number in range(5)]


def test_of_what_fails_together_nothing_is_done_or_told() -> None:
    def fail(received: Sequence[Received[ReleaseStock]]) -> None:
        publish(received[0].message)
        raise RuntimeError("not today")

    with pytest.raises(RuntimeError, match="not today"):
        inbox.handle_together([envelope(message()), envelope(message())], {ReleaseStock: inbox.Together(fail)})

    assert not InboxMessage.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_what_goes_out_together_is_not_published_from_a_part_that_may_be_rolled_back() -> None:
    def answer(received: Sequence[Received[ReleaseStock]]) -> None:
        with transaction.atomic():
            publish(received[0].message)

    with pytest.raises(RuntimeError, match="rolled back"):
        inbox.handle_together([envelope(message())], {ReleaseStock: inbox.Together(answer)})
