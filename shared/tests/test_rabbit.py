"""The relay and the consumer against a real broker."""

import queue
import threading
from collections.abc import Callable, Sequence
from uuid import uuid4

import pika
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction
from publishing import WAIT, cancelled, publish, until

from shared import outbox, rabbit
from shared.contracts.catalog import ReleaseStock, ReserveStock
from shared.contracts.order import OrderCancelled
from shared.errors import Conflict, Retry
from shared.inbox import Subscriptions, Together
from shared.messages import Received
from shared.models import InboxMessage, OutboxMessage

Consume = Callable[[Subscriptions], rabbit.Consumer]


def test_what_is_published_is_handled_once_and_in_order(relay: rabbit.Relay, consume: Consume) -> None:
    handled: queue.Queue[str] = queue.Queue()
    order_id = uuid4()
    consume({OrderCancelled: lambda message: handled.put(message.reason), ReserveStock: print})

    publish(*(cancelled(order_id, reason=str(n)) for n in range(20)))

    assert [handled.get(timeout=WAIT) for _ in range(20)] == [str(n) for n in range(20)]
    until(lambda: not OutboxMessage.objects.filter(published_at=None).exists())
    until(lambda: InboxMessage.objects.filter(handled_at__isnull=False).count() == 20)


def test_messages_that_wait_are_handled_together_none_overtaken_and_a_bad_one_spoils_only_itself(
    relay: rabbit.Relay, consume: Consume
) -> None:
    """While the first is being handled the others arrive; the bad one among them goes to the dead alone."""
    handled: queue.Queue[list[str]] = queue.Queue()
    begun, go_on = threading.Event(), threading.Event()

    def handle(received: Sequence[Received[OrderCancelled]]) -> None:
        begun.set()
        assert go_on.wait(WAIT)
        if len(received) < 2 and received[0].message.reason == "bad":
            raise Conflict("never")
        if "bad" in [one.message.reason for one in received]:
            raise RuntimeError("one of them is bad")
        handled.put([one.message.reason for one in received])

    consume({OrderCancelled: Together(handle, at_most=4)})
    publish(cancelled(reason="first"))
    assert begun.wait(WAIT)
    publish(*(cancelled(reason=reason) for reason in ["a", "bad", "b", "c", "d", "e"]))
    until(lambda: not OutboxMessage.objects.filter(published_at=None).exists())
    go_on.set()

    done: list[str] = []
    while len(done) < 6:
        done += handled.get(timeout=WAIT)
    assert done == ["first", "a", "b", "c", "d", "e"]
    until(lambda: len(rabbit.dead_messages()) == 1)
    assert InboxMessage.objects.filter(handled_at__isnull=False).count() == 6


def test_what_failed_for_good_is_not_tried_again_when_the_database_fails_its_neighbour(
    relay: rabbit.Relay, consume: Consume
) -> None:
    handled: queue.Queue[str] = queue.Queue()
    begun, go_on, back = threading.Event(), threading.Event(), threading.Event()

    def handle(received: Sequence[Received[OrderCancelled]]) -> None:
        begun.set()
        assert go_on.wait(WAIT)
        reasons = [one.message.reason for one in received]
        if "bad" in reasons:
            raise Conflict("never")
        if reasons == ["unlucky"] and not back.is_set():
            back.set()
            raise OperationalError("the server closed the connection")
        handled.put(reasons[0])

    consume({OrderCancelled: Together(handle)})
    publish(cancelled(reason="first"))
    assert begun.wait(WAIT)
    publish(cancelled(reason="bad"), cancelled(reason="unlucky"))
    until(lambda: not OutboxMessage.objects.filter(published_at=None).exists())
    go_on.set()

    assert [handled.get(timeout=WAIT) for _ in range(2)] == ["first", "unlucky"]
    assert len(rabbit.dead_messages()) == 1


def test_a_message_that_no_queue_takes_stays_in_the_outbox_until_one_does(
    relay: rabbit.Relay, consume: Consume
) -> None:
    handled: queue.Queue[str] = queue.Queue()
    with rabbit.channel() as ch:
        ch.queue_unbind(settings.SERVICE, rabbit.EXCHANGE, OrderCancelled.type)
        try:
            publish(cancelled(reason="unroutable at first"))
            until(lambda: bool(relay._blocked))
            assert OutboxMessage.objects.get().published_at is None
        finally:
            ch.queue_bind(settings.SERVICE, rabbit.EXCHANGE, OrderCancelled.type)

    consume({OrderCancelled: lambda message: handled.put(message.reason)})

    assert handled.get(timeout=WAIT) == "unroutable at first"


def test_one_that_cannot_be_routed_does_not_hold_up_other_aggregates(relay: rabbit.Relay, consume: Consume) -> None:
    handled: queue.Queue[str] = queue.Queue()
    consume({OrderCancelled: lambda message: handled.put(message.reason)})
    with transaction.atomic():
        outbox.publish(ReleaseStock(order_id=uuid4(), reason="nobody is bound to this"))
        outbox.publish(cancelled(reason="goes through"))

    assert handled.get(timeout=WAIT) == "goes through"
    assert OutboxMessage.objects.filter(type=ReleaseStock.type, published_at=None).exists()


def test_only_one_relay_of_a_service_is_active(relay: rabbit.Relay) -> None:
    publish(cancelled())
    until(lambda: not OutboxMessage.objects.filter(published_at=None).exists())

    assert rabbit.Relay(threading.Event())._is_active() is False


def test_a_failing_message_comes_back_after_the_delay_and_a_refused_one_goes_to_the_dead(
    relay: rabbit.Relay, consume: Consume
) -> None:
    tries: queue.Queue[str] = queue.Queue()

    def handle(message: OrderCancelled) -> None:
        tries.put(message.reason)
        if message.reason == "refused":
            raise Conflict("never")
        if tries.qsize() < 3:
            raise Retry("not yet")

    consume({OrderCancelled: handle})
    publish(cancelled(reason="refused"), cancelled(reason="later"))

    assert sorted(tries.get(timeout=WAIT) for _ in range(2)) == ["later", "refused"]
    until(lambda: [dead.type for dead in rabbit.dead_messages()] == [OrderCancelled.type])
    assert "Conflict" in rabbit.dead_messages()[0].error


def test_a_dead_message_is_listed_shown_replayed_and_dropped(
    relay: rabbit.Relay, consume: Consume, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed = threading.Event()
    handled: queue.Queue[str] = queue.Queue()

    def handle(message: OrderCancelled) -> None:
        if not fixed.is_set():
            raise Conflict("a bug")
        handled.put(message.reason)

    consume({OrderCancelled: handle})
    publish(cancelled(reason="to be replayed"))
    until(lambda: len(rabbit.dead_messages()) == 1)
    dead_id = rabbit.dead_messages()[0].id
    call_command("dead", "list")
    call_command("dead", "show", dead_id)

    shown = capsys.readouterr().out
    assert dead_id in shown
    assert "to be replayed" in shown
    with pytest.raises(CommandError):
        call_command("dead", "drop")

    fixed.set()
    call_command("dead", "replay", "--all")

    assert handled.get(timeout=WAIT) == "to be replayed"
    assert rabbit.dead_messages() == []


def test_what_is_no_envelope_goes_to_the_dead_queue_at_once(consume: Consume) -> None:
    consume({OrderCancelled: print})
    with rabbit.channel() as ch:
        ch.basic_publish("", settings.SERVICE, b"\x00not json", pika.BasicProperties(message_id="x"), mandatory=True)

    until(lambda: [dead.id for dead in rabbit.dead_messages()] == ["x"])
    rabbit.drop_dead(None)


def test_a_broker_that_cancels_the_consumer_does_not_stop_it_for_good(relay: rabbit.Relay, consume: Consume) -> None:
    handled: queue.Queue[str] = queue.Queue()
    consumer = consume({OrderCancelled: lambda message: handled.put(message.reason)})
    until(lambda: consumer._channel is not None and bool(consumer._channel.consumer_tags))
    with rabbit.channel() as ch:
        ch.queue_delete(settings.SERVICE)
    until(lambda: consumer._cancelled or consumer._generation > 1)
    rabbit.provision({ReserveStock: print, OrderCancelled: print})

    publish(cancelled(reason="after the cancel"))

    assert handled.get(timeout=WAIT) == "after the cancel"


def test_stopping_finishes_the_running_message_and_gives_the_others_back(
    relay: rabbit.Relay, broker: None, transactional_db: None
) -> None:
    started, finish, stopping = threading.Event(), threading.Event(), threading.Event()
    handled: list[str] = []

    def handle(message: OrderCancelled) -> None:
        started.set()
        finish.wait(WAIT)
        handled.append(message.reason)

    consumer = rabbit.Consumer({OrderCancelled: handle}, stopping, lambda: None)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    publish(*(cancelled(reason=str(n)) for n in range(5)))
    assert started.wait(WAIT)
    until(lambda: not OutboxMessage.objects.filter(published_at=None).exists())

    stopping.set()
    finish.set()
    thread.join(WAIT)

    assert not thread.is_alive()
    assert len(handled) == 1
    with rabbit.channel() as ch:
        assert ch.queue_declare(settings.SERVICE, passive=True).method.message_count == 4
