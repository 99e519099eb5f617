from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from conftest import StandIn
from django.conf import settings as django_settings
from django.test import Client

from gateway import clients
from gateway.clients import EPOCH


@pytest.fixture
def marks() -> Iterator["redis.Redis"]:
    """Redis as user_service leaves it: with the sentinel that says its memory is whole."""
    connection = redis.Redis.from_url(django_settings.SESSIONS_REDIS_URL)
    connection.set(EPOCH, connection.info("server")["run_id"])
    yield connection
    connection.close()


def ask(session_id: UUID) -> int:
    return Client().get(f"/internal/sessions/{session_id}").status_code


def test_a_session_that_is_not_marked_lives(marks: "redis.Redis") -> None:
    assert ask(uuid4()) == 204


def test_a_marked_session_has_ended(marks: "redis.Redis") -> None:
    session_id = uuid4()
    marks.set(f"ended:{session_id}", "1")

    assert ask(session_id) == 403
    assert ask(uuid4()) == 204


def test_while_redis_can_be_believed_user_service_is_not_asked(marks: "redis.Redis", user: StandIn) -> None:
    ask(uuid4())

    assert user.asked == []


def test_without_the_sentinel_user_service_is_asked(user: StandIn) -> None:
    living, ended = uuid4(), uuid4()
    user.answers[f"/internal/sessions/{living}"] = (204, None)

    assert (ask(living), ask(ended)) == (204, 403)
    assert user.asked[0][1]["Authorization"].startswith("Bearer ")


def test_a_sentinel_of_another_run_of_redis_is_not_believed(marks: "redis.Redis", user: StandIn) -> None:
    marks.set(EPOCH, "0" * 40)
    living, ended = uuid4(), uuid4()
    user.answers[f"/internal/sessions/{living}"] = (204, None)

    assert (ask(living), ask(ended)) == (204, 403)


def test_without_redis_user_service_is_asked(user: StandIn, settings: Any) -> None:
    settings.SESSIONS_REDIS_URL = "redis://127.0.0.1:1/0"
    clients._sessions.cache_clear()
    living = uuid4()
    user.answers[f"/internal/sessions/{living}"] = (204, None)

    assert ask(living) == 204


def test_a_mark_without_the_sentinel_still_ends_the_session(user: StandIn) -> None:
    session_id = uuid4()
    redis.Redis.from_url(django_settings.SESSIONS_REDIS_URL).set(f"ended:{session_id}", "1")
    user.answers[f"/internal/sessions/{session_id}"] = (204, None)

    assert ask(session_id) == 403


def test_when_nobody_can_tell_it_says_so() -> None:
    assert ask(uuid4()) == 503


def test_a_gateway_without_its_key_opens_nothing(user: StandIn, settings: Any, tmp_path: Any) -> None:
    settings.SERVICE_KEY_FILE = tmp_path / "missing.pem"

    assert ask(uuid4()) == 503


@pytest.mark.parametrize("odd", [401, 403, 500, 503])
def test_an_odd_answer_of_user_service_opens_nothing(user: StandIn, odd: int) -> None:
    session_id = uuid4()
    user.answers[f"/internal/sessions/{session_id}"] = (odd, None)

    assert ask(session_id) == 503
