import multiprocessing
import re
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from django.conf import settings as django_settings
from rest_framework.test import APIClient

from shared import throttling
from shared.testing import access_token, make_key_files

ME = "/api/v1/me"
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def few(settings) -> None:
    settings.QUOTA_GUEST_PER_HOUR, settings.QUOTA_USER_PER_HOUR = 3, 5


@pytest.fixture
def address() -> str:
    """One that nobody else has asked from."""
    return f"2001:db8::{uuid4().hex[:4]}:{uuid4().hex[:4]}"


@pytest.fixture
def key(tmp_path: Path, settings) -> str:
    settings.JWT_PUBLIC_KEYS_DIR = tmp_path
    return make_key_files(tmp_path, "k1")


@pytest.fixture(autouse=True)
def a_counter_of_its_own() -> Iterator[None]:
    throttling._counter.cache_clear()
    yield
    throttling._counter.cache_clear()


def ask(address: str, token: str | None = None, path: str = ME):
    credentials = {"Authorization": f"Bearer {token}"} if token else {}
    return APIClient().get(path, headers={"X-Real-IP": address, **credentials})


def left(response) -> tuple[int, int]:
    told = re.fullmatch(r'"hour";r=(\d+);t=(\d+)', response["RateLimit"])
    assert told
    return int(told[1]), int(told[2])


def test_every_answer_tells_what_is_left_of_the_hour(few: None, address: str) -> None:
    answers = [ask(address) for _ in range(3)]

    assert [left(one)[0] for one in answers] == [2, 1, 0]
    assert all(3590 < left(one)[1] <= 3600 for one in answers)
    assert {one["RateLimit-Policy"] for one in answers} == {'"hour";q=3;w=3600'}
    assert {one.status_code for one in answers} == {401}, "a refusal costs as much"


def test_what_is_over_the_quota_is_refused_with_the_time_to_wait(few: None, address: str) -> None:
    for _ in range(3):
        ask(address)

    refused = ask(address)

    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert refused.json()["code"] == "too_many_requests"
    assert refused.json()["request_id"] == refused["X-Request-Id"]
    assert 3590 < int(refused["Retry-After"]) <= 3600
    assert left(refused)[0] == 0
    assert ask(f"{address}1").status_code == 401, "another address has an hour of its own"


def test_a_user_is_counted_wherever_the_requests_come_from(few: None, key: str) -> None:
    user = uuid4()
    tokens = [access_token(key, "k1", user_id=user) for _ in range(2)]

    statuses = [ask(str(n), tokens[n % 2]).status_code for n in range(6)]

    assert statuses == [200] * 5 + [429]
    assert ask("0", access_token(key, "k1")).status_code == 200


def test_a_forged_token_spends_its_own_address_s_quota(few: None, key: str, address: str) -> None:
    user = uuid4()
    good = access_token(key, "k1", user_id=user)
    forged = good[:-8] + "AAAAAAAA"

    assert [ask(address, forged).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert left(ask(address, good))[0] == 4


def test_internal_and_health_paths_and_providers_are_not_counted(few: None, address: str) -> None:
    for path in ("/health/live", "/internal/openapi.json", "/api/v1/payment-webhooks/simulator"):
        assert not any("RateLimit" in ask(address, path=path).headers for _ in range(5)), path

    assert left(ask(address))[0] == 2


def spend_many(url: str, key: str, times: int) -> list[int]:
    """In a process of its own."""
    counter = throttling.Counter(url)
    with ThreadPoolExecutor(4) as pool:
        return [spent.requests for spent in pool.map(lambda _: counter.spend(key), range(times))]


def test_processes_and_threads_count_together_and_miss_none() -> None:
    key, url = f"quota:test:{uuid4()}", django_settings.SESSIONS_REDIS_URL

    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        runs = [pool.submit(spend_many, url, key, 100) for _ in range(2)]
        counted = [number for run in runs for number in run.result()]

    assert sorted(counted) == list(range(1, 201))
    assert 3500 < redis.Redis.from_url(url).ttl(key) <= 3600


def test_an_hour_that_has_ended_begins_anew() -> None:
    key, counter = f"quota:test:{uuid4()}", throttling.Counter(django_settings.SESSIONS_REDIS_URL)
    counter.spend(key)
    counter.spend(key)
    counter.redis.delete(key)  # as Redis does when the hour is over

    assert counter.spend(key).requests == 1


def test_who_is_known_costs_redis_one_command(monkeypatch) -> None:
    key, counter = f"quota:test:{uuid4()}", throttling.Counter(django_settings.SESSIONS_REDIS_URL)
    first = counter.spend(key)
    monkeypatch.setattr(counter, "_begin", None)

    spent = [counter.spend(key) for _ in range(3)]

    assert [one.requests for one in spent] == [2, 3, 4]
    assert {one.seconds_left for one in spent} <= {first.seconds_left, first.seconds_left - 1}
    assert 3590 < counter.redis.ttl(key) <= 3600


def test_an_hour_that_ends_earlier_in_redis_than_here_ends() -> None:
    key, counter = f"quota:test:{uuid4()}", throttling.Counter(django_settings.SESSIONS_REDIS_URL)
    counter.spend(key)
    counter.spend(key)
    counter.redis.delete(key)

    assert [counter.spend(key).requests for _ in range(2)] == [1, 2]
    assert 3590 < counter.redis.ttl(key) <= 3600, "and the new one ends, too"


def test_without_redis_each_process_counts_for_itself(few: None, address: str, settings) -> None:
    settings.SESSIONS_REDIS_URL = NOWHERE

    answers = [ask(address) for _ in range(4)]

    assert [one.status_code for one in answers] == [401, 401, 401, 429]
    assert [left(one)[0] for one in answers] == [2, 1, 0, 0]
    assert int(answers[-1]["Retry-After"]) > 3590


def test_when_redis_goes_away_what_was_spent_stays_spent() -> None:
    key, counter = f"quota:test:{uuid4()}", throttling.Counter(django_settings.SESSIONS_REDIS_URL)
    assert [counter.spend(key).requests for _ in range(7)][-1] == 7
    together, counter.redis = counter.redis, redis.Redis.from_url(NOWHERE, decode_responses=True)

    assert [counter.spend(key).requests for _ in range(3)] == [8, 9, 10]

    counter.redis, counter.alone_until = together, 0.0
    assert counter.spend(key).requests == 8, "the fleet's own count, once it can be asked"


def test_a_redis_that_hangs_costs_one_timeout_a_second_and_not_one_a_request(address: str, settings) -> None:
    key, counter = f"quota:test:{uuid4()}", throttling.Counter("redis://192.0.2.1:6379/0")
    started = time.monotonic()

    for _ in range(50):
        counter.spend(key)

    assert time.monotonic() - started < 4 * throttling._TIMEOUT_SECONDS


def test_a_process_remembers_so_many_callers_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "_CALLERS_KEPT", 3)
    bucket = throttling.LocalBucket()

    for key in ("a", "b", "a", "c", "d"):
        bucket.spend(key)

    assert bucket.spent.keys() == {"a", "c", "d"}
    assert bucket.spend("a").requests == 3
