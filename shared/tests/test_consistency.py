"""Answers that name the messages they sent, and requests that wait for them."""

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from shared import consistency, context
from shared.contracts.catalog import ReleaseStock
from shared.inbox import Subscriptions, handle
from shared.messages import Envelope
from shared.models import OutboxMessage
from shared.outbox import publish

NOTES, HEADER = "/api/v1/notes", consistency.HEADER
HEARD: Subscriptions = {ReleaseStock: lambda _message: None}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _hears_what_it_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consistency, "heard_here", lambda: {ReleaseStock.type})


@pytest.fixture
def impatient(settings: Any) -> None:
    settings.READ_AFTER_WRITE_SECONDS = 0


def write(copies: int = 1, text: str = "tell", **headers: str) -> Any:
    return APIClient().post(NOTES, {"text": text, "copies": copies}, headers=headers)


def read(token: str) -> Any:
    return APIClient().get(NOTES, headers={HEADER: token})


def deliver_all() -> None:
    for row in OutboxMessage.objects.order_by("position"):
        handle(Envelope.model_validate(row.envelope), HEARD)


def named(response: Any) -> list[str]:
    return [part.partition(":")[2] for part in response[HEADER].split(",")]


def test_an_answer_names_the_last_messages_its_request_sent() -> None:
    response = write(copies=consistency.MESSAGES + 2)

    sent = [str(row.message_id) for row in OutboxMessage.objects.order_by("position")]
    assert len(sent) == consistency.MESSAGES + 2
    assert named(response) == sent[2:]


@pytest.mark.parametrize("text", ["quiet", "conflict"])
def test_who_sent_nothing_or_was_refused_gets_no_token(text: str) -> None:
    assert not write(text=text).has_header(HEADER)


def test_what_was_rolled_back_is_not_named() -> None:
    with context.acting(context.Context("0")):
        with transaction.atomic():
            with pytest.raises(RuntimeError), transaction.atomic():
                publish(ReleaseStock(order_id=uuid4(), reason="undone"))
                raise RuntimeError
            publish(ReleaseStock(order_id=uuid4(), reason="done"))

        assert context.current().told == [(row.type, row.message_id) for row in OutboxMessage.objects.all()]


def test_a_repeated_answer_names_what_the_first_request_sent() -> None:
    first, again = (write(**{"Idempotency-Key": "k"}) for _ in range(2))

    assert again["Idempotent-Replayed"] == "true"
    assert named(again) == named(first) == [str(row.message_id) for row in OutboxMessage.objects.all()]
    assert not again.has_header("correlation_id")


def test_a_reader_is_answered_once_the_message_has_been_handled(settings: Any) -> None:
    settings.READ_AFTER_WRITE_SECONDS = 30
    token, looked = write()[HEADER], threading.Event()
    seen, answers = consistency._arrived, []

    def look(missing: set[UUID]) -> bool:
        found = seen(missing)
        looked.set()
        return found

    def reader() -> None:
        answers.append(read(token).status_code)
        connection.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consistency, "_arrived", look)
        thread = threading.Thread(target=reader)
        thread.start()
        assert looked.wait(10)
        assert answers == []
        deliver_all()
        thread.join(20)

    assert answers == [200]


def test_a_reader_who_has_waited_long_enough_is_told_to_come_again(impatient: None) -> None:
    token = write()[HEADER]

    refused = read(token)
    deliver_all()

    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (503, "not_here_yet", "1")
    assert read(token).status_code == 200


def test_no_more_than_a_few_wait_at_once(settings: Any) -> None:
    settings.READ_AFTER_WRITE_SECONDS = 30
    token = write()[HEADER]
    while consistency._places.acquire(blocking=False):
        pass
    try:
        assert read(token).status_code == 503
    finally:
        consistency._places.release(4)


def test_what_this_service_does_not_hear_is_not_waited_for(impatient: None) -> None:
    assert read(f"catalog.nothing.v1:{context.new_id()}").status_code == 200


def test_what_the_inbox_has_long_forgotten_counts_as_handled(impatient: None) -> None:
    assert read(f"{ReleaseStock.type}:01800000-0000-7000-8000-000000000000").status_code == 200


@pytest.mark.parametrize("token", ["x", "a:b", "catalog.x.v1:", ",".join(["a:" + str(uuid4())] * 9), "a:" + "f" * 33])
def test_a_token_that_is_none_is_refused_by_name(token: str) -> None:
    refused = read(token)

    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == [HEADER]


@pytest.mark.parametrize("number", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"])
def test_odd_ids_are_no_bug(impatient: None, number: str) -> None:
    assert read(f"{ReleaseStock.type}:{number}").status_code in {200, 503}
