"""Few passwords are hashed at once: a burst waits its turn, a flood is refused, and what was refused was no guess."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PASSWORD, Register, as_user, sign_in
from django.conf import LazySettings
from rest_framework.test import APIClient

from shared.testing import body
from user_service.errors import Busy
from user_service.models import hashing
from user_service.models.hashing import Queue

LOGIN = "/api/v1/auth/login"


class Work:
    """Goes on until it is told to end; says how much of it runs at once."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Semaphore(0), threading.Event()
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def __call__(self) -> str:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.begun.release()
        self.may_end.wait(20)
        with self.lock:
            self.now -= 1
        return "done"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


def test_a_burst_waits_its_turn(pool: ThreadPoolExecutor) -> None:
    queue, work = Queue(threads=2, waiting=18, seconds=20), Work()

    waiting = [pool.submit(queue.do, work) for _ in range(20)]
    assert all(work.begun.acquire(timeout=20) for _ in range(2))
    work.may_end.set()

    assert [one.result(20) for one in waiting] == ["done"] * 20
    assert work.most == 2


@pytest.mark.parametrize(("waiting", "seconds"), [(0, 20), (5, 0.01)], ids=["too many", "too long"])
def test_a_flood_is_refused(waiting: int, seconds: float, pool: ThreadPoolExecutor) -> None:
    queue, work = Queue(threads=1, waiting=waiting, seconds=seconds), Work()
    first = pool.submit(queue.do, work)
    assert work.begun.acquire(timeout=20)

    with pytest.raises(Busy) as refused:
        queue.do(work)
    work.may_end.set()

    assert (refused.value.retry_after, first.result(20), queue.do(work)) == (2, "done", "done")


class Time:
    """Passes when it is told to; each password takes a second of a core."""

    def __init__(self) -> None:
        self.now, self.worked, self.rests = 100.0, 0.0, list[float]()

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        self.worked += 1.0
        return self.worked

    def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)


@pytest.mark.parametrize(("lasts", "rests"), [(1.9, set()), (2.1, {hashing.REST})], ids=["a burst", "a rush"])
def test_threads_rest_in_a_rush_only(
    lasts: float, rests: set[float], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, work = Time(), Work()
    queue = Queue(threads=1, waiting=1, seconds=20)
    monkeypatch.setattr(hashing, "time", time)
    first = pool.submit(queue.do, work)
    assert work.begun.acquire(timeout=20)
    second = pool.submit(queue.do, work)
    while queue.inside < 2:
        threading.Event().wait(0.01)

    time.now += lasts
    work.may_end.set()

    assert [first.result(20), second.result(20)] == ["done"] * 2
    assert set(time.rests) == rests


def test_an_error_of_the_work_is_the_callers_and_frees_the_thread() -> None:
    queue = Queue(threads=1, waiting=0, seconds=20)

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            queue.do(lambda: 1 // 0)

    assert queue.do(lambda: "done") == "done"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "form"),
    [
        (LOGIN, {"email": "ada@example.com", "password": PASSWORD}),
        ("/api/v1/auth/password-change", {"current_password": PASSWORD, "password": "another-Passw0rd"}),
    ],
)
def test_who_is_refused_for_the_crowd_has_not_guessed(
    path: str, form: dict[str, str], make_account: Register, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = as_user(make_account()["access"])
    settings.LOGIN_FAILURES = 2

    def crowd(_work: object) -> None:
        raise Busy(retry_after=2)

    with monkeypatch.context() as crowded:
        crowded.setattr(hashing._queue, "do", crowd)
        answers = [ada.post(path, form) for _ in range(5)]

    assert {(one.status_code, body(one)["code"], one["Retry-After"]) for one in answers} == {(429, "busy", "2")}
    assert "access" in sign_in(APIClient())
