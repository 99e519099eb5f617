import json
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from shared import outbox
from shared.contracts.catalog import ReleaseStock
from shared.contracts.order import Buyer, OrderPlaced
from shared.contracts.user import RoleGranted
from shared.messages import MoneyData
from shared.models import OutboxMessage
from shared.testing import published

ORDER = UUID("018f0000-0000-7000-8000-000000000001")


def release(order_id: UUID = ORDER, reason: str = "test") -> ReleaseStock:
    return ReleaseStock(order_id=order_id, reason=reason)


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_refused() -> None:
    with pytest.raises(outbox.OutsideTransaction):
        outbox.publish(release())


@pytest.mark.django_db
def test_a_service_may_not_tell_anothers_event() -> None:
    with pytest.raises(outbox.NotYours):
        outbox.publish(RoleGranted(user_id=ORDER, role="vendor"))


@pytest.mark.django_db
def test_many_messages_are_written_in_their_order_by_one_statement(
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    with django_assert_num_queries(1):
        outbox.publish_all((release(uuid4(), reason=str(number)), number) for number in range(20))

    rows = OutboxMessage.objects.order_by("position")
    assert [row.envelope["aggregateversion"] for row in rows] == list(range(20))
    assert [message.reason for message in published()] == [str(number) for number in range(20)]


@pytest.mark.django_db
def test_of_many_messages_none_is_written_if_one_may_not_be() -> None:
    with pytest.raises(outbox.NotYours):
        outbox.publish_all([(release(), None), (RoleGranted(user_id=ORDER, role="vendor"), None)])

    assert published() == []


@pytest.mark.django_db(transaction=True)
def test_a_message_vanishes_with_the_transaction_that_rolled_back() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.publish(release())
        raise RuntimeError

    assert published() == []


@pytest.mark.django_db
def test_a_wave_takes_one_message_an_aggregate_and_leaves_the_blocked_out() -> None:
    other = uuid4()
    for message in (release(), release(reason="second"), release(other)):
        outbox.publish(message)

    wave = outbox.next_wave(10)

    assert [row.subject for row in wave] == [str(ORDER), str(other)]
    assert [row.subject for row in outbox.next_wave(10, {str(ORDER)})] == [str(other)]


@pytest.mark.django_db
def test_what_was_sensitive_is_erased_once_published() -> None:
    outbox.publish(release())
    outbox.publish(release(reason="kept"))
    first, _second = OutboxMessage.objects.order_by("position")
    OutboxMessage.objects.filter(pk=first.pk).update(sensitive=True)

    outbox.mark_published([row.position for row in OutboxMessage.objects.all()])

    assert [message.reason for message in published()] == ["kept"]


@pytest.mark.django_db
def test_the_envelope_has_cloudevents_names() -> None:
    buyer = Buyer(email="ada@example.com", name="Ada")
    placed = OrderPlaced(
        order_id=ORDER,
        number="N-1",
        buyer=buyer,
        total=MoneyData(minor=1, currency="USD"),
        placed_at="2026-01-01T00:00Z",
    )

    outbox.publish(placed, version=3)

    envelope = OutboxMessage.objects.get().envelope
    assert {"specversion", "id", "source", "type", "subject", "time", "data", "correlationid"} <= envelope.keys()
    assert (envelope["type"], envelope["subject"], envelope["aggregateversion"]) == (placed.type, str(ORDER), 3)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_commits_after_younger_ones_is_not_stepped_over() -> None:
    written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            outbox.publish(release(reason="first by sequence, last by commit"))
            written.set()
            may_commit.wait(5)
        connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    written.wait(5)
    with transaction.atomic():
        outbox.publish(release(uuid4(), reason="second"))
    outbox.mark_published([row.position for row in outbox.next_wave(10)])
    may_commit.set()
    writer.join()

    assert [json.loads(row.body)["data"]["reason"] for row in outbox.next_wave(10)] == [
        "first by sequence, last by commit"
    ]
