"""What has waited for too long is refused: at once where a queue stands, later where a burst is worked off."""

import time
from typing import Any

import pytest
from django.test import Client

from shared import overload
from shared.overload import Queue

BURST, STANDING = 5.0, 1.0


@pytest.fixture
def queue() -> Queue:
    return Queue(-1.0)


def refused(queue: Queue, waited: float, now: float) -> bool:
    """Of a request that comes while another is being answered."""
    queue.inside = 1
    return queue.enters(waited, now)


def test_a_burst_may_wait_until_its_time_is_over(queue: Queue) -> None:
    waited = [0.0, 0.5, 1.5, 3.0, 4.9]

    assert [refused(queue, seconds, now=10 + seconds) for seconds in waited] == [False] * 5
    assert refused(queue, 5.1, now=15.1)


def test_a_queue_that_stands_longer_than_a_burst_is_cut(queue: Queue) -> None:
    for tenth in range(50):
        assert not refused(queue, min(tenth / 10, 2.0), now=tenth / 10)

    assert refused(queue, 1.1, now=5.2)
    assert not refused(queue, 0.9, now=5.3)
    assert refused(queue, 1.1, now=5.4)


def test_a_queue_that_was_short_for_a_moment_is_a_new_one(queue: Queue) -> None:
    for tenth in range(60):
        refused(queue, 2.0, now=tenth / 10)

    refused(queue, 0.05, now=6.0)

    assert not refused(queue, 2.0, now=6.1)


def test_a_queue_of_long_ago_is_not_held_against_anybody(queue: Queue) -> None:
    for tenth in range(60):
        refused(queue, 2.0, now=tenth / 10)

    assert not refused(queue, 2.0, now=30.0)


@pytest.mark.parametrize("apart", [-3.0, 3.0, 30.0])
def test_who_finds_the_process_idle_tells_how_much_the_clocks_differ(queue: Queue, apart: float) -> None:
    for second in range(10):
        assert not queue.enters(apart, now=float(second))
        queue.leaves(second + 0.1)

    assert not refused(queue, apart + 0.9, now=10.0)
    assert refused(queue, apart + 5.1, now=10.1)


def test_what_waits_while_a_process_begins_tells_nothing_about_clocks() -> None:
    queue = Queue(0.0)

    assert queue.enters(6.0, now=0.05)


def test_nobody_comes_before_being_sent(queue: Queue) -> None:
    assert not refused(queue, 3.0, now=0.0)
    queue.skew = 3.0

    refused(queue, 0.0, now=0.1)

    assert queue.skew == 0.0


def test_whoever_is_never_shed_keeps_the_process_from_looking_idle(queue: Queue) -> None:
    assert not queue.enters(None, now=0.0)

    assert queue.enters(6.0, now=0.1)


def ask(client: Client, sent_on: str | None) -> Any:
    return client.get("/api/v1/notes", headers={overload.SENT_ON: sent_on} if sent_on is not None else {})


@pytest.fixture
def busy(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is being answered all the time."""
    enters = Queue.enters

    def beside_another(queue: Queue, apart: float | None, now: float) -> bool:
        queue.inside += not queue.inside
        return enters(queue, apart, now)

    monkeypatch.setattr(Queue, "enters", beside_another)


@pytest.mark.django_db
@pytest.mark.usefixtures("busy")
def test_who_waited_too_long_is_told_when_to_come_again(client: Client) -> None:
    response = ask(client, f"{time.time() - 6:.3f}")

    assert (response.status_code, response.json()["code"]) == (503, "overloaded")
    assert response["Retry-After"] in {"1", "2", "3"}
    assert response["Content-Length"] == str(len(response.content))
    assert response["Content-Type"] == "application/problem+json"
    assert ask(client, f"{time.time():.3f}").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("sent_on", [None, "", "yesterday"])
def test_who_was_not_passed_on_by_the_edge_is_never_shed(client: Client, sent_on: str | None) -> None:
    assert ask(client, sent_on).status_code == 200
