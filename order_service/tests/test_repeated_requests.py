"""An order whose request is sent again: at the same moment, an hour later, or since the process was killed in it.

Longer: NEXUS_ROUNDS=100.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from conftest import CartService
from django.db import connection
from django.utils import timezone
from factories import ADDRESS, make_cart, make_line

from order_service.models import Order
from shared.models import IdempotencyKey
from shared.testing import body, client_as, in_parallel, published

pytestmark = pytest.mark.django_db(transaction=True)
PARALLEL = int(os.environ.get("NEXUS_PARALLEL", "50"))
ROUNDS = int(os.environ.get("NEXUS_ROUNDS", "1"))
ORDERS, TOKEN = "/api/v1/orders", "a-guests-token"
FORM = {"shipping_address": ADDRESS, "payment_method": "simulator", "email": "guest@example.com"}
SERVICE = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _a_cart(cart_service: CartService) -> None:
    """The double tells no version, so nothing but the key keeps a second order away."""
    cart_service.carts = {TOKEN: make_cart(make_line())}


def headers(key: str = "k-1") -> dict[str, str]:
    return {"Idempotency-Key": key, "X-Cart-Token": TOKEN}


def post(form: dict[str, Any] = FORM, key: str = "k-1") -> Any:
    return client_as().post(ORDERS, form, headers=headers(key))


def age(by: timedelta) -> None:
    """As if the first request had been so long ago."""
    IdempotencyKey.objects.update(created_at=timezone.now() - by)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_key_many_times_at_once_is_one_order(round_: int) -> None:
    answers = in_parallel(PARALLEL, lambda _number: post())

    placed = {answer.content for answer in answers if answer.status_code == 201}
    others = [body(answer)["code"] for answer in answers if answer.status_code != 201]
    assert len(placed) == 1
    assert set(others) <= {"idempotency_key_in_use"}
    assert (Order.objects.count(), len(published())) == (1, 2)
    assert {post().content} == placed


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_key_with_many_bodies_at_once_is_one_order(round_: int) -> None:
    forms = [{**FORM, "email": f"guest-{number}@example.com"} for number in range(PARALLEL)]

    answers = in_parallel(PARALLEL, lambda number: post(forms[number]))

    (number,) = [number for number, answer in enumerate(answers) if answer.status_code == 201]
    assert Order.objects.get().email == forms[number]["email"]
    assert {answer.status_code for answer in answers} <= {201, 409, 422}
    again = [post(form) for form in forms[:3]]
    assert [answer.status_code for answer in again] == [201 if one == number else 422 for one in range(3)]


def test_an_hour_later_the_answer_is_the_same_to_the_byte() -> None:
    first = post()
    age(timedelta(hours=1))
    Order.objects.update(status="cancelled", cancel_reason="out_of_stock")

    again, other = post(), post({**FORM, "email": "other@example.com"})

    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert again["Location"] == first["Location"]
    assert (other.status_code, body(other)["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_a_key_that_is_not_kept_any_more_is_a_new_one(settings: Any) -> None:
    first = post()
    age(settings.IDEMPOTENCY_KEEP)

    again = post()

    assert (again.status_code, again.content == first.content) == (201, False)
    assert Order.objects.count() == 2


# ── kill -9 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class SlowCarts(CartService):
    """Does not answer before `go`; `asked` as soon as somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go = threading.Event(), threading.Event()

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.asked.set()
        self.go.wait(60)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked is dead."""


@pytest.fixture
def slow_carts() -> Iterator[SlowCarts]:
    server = SlowCarts()
    server.carts = {TOKEN: replace(make_cart(make_line()))}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.go.set()
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def web(cart_url: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """The service's web process, as the fleet runs it, on the tests' database: its URL, and what kills it with -9."""
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    command = [sys.executable, "-m", "gunicorn", "--bind", address, "--threads", "4", "order_service.wsgi"]
    told = {**os.environ, "DATABASE_URL": url, "CART_URL": cart_url}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=SERVICE, env=told, start_new_session=True, **quiet)  # type: ignore[call-overload]

    def kill() -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    try:
        wait_for(lambda: answers(f"http://{address}/health/live"))
        yield f"http://{address}", kill
    finally:
        kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code < 500
    except httpx.TransportError:
        return False


def wait_for(true: Callable[[], bool], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def is_held() -> bool:
    """The lock of a key, by somebody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone() is not None


def test_a_key_is_free_again_once_the_process_is_killed_in_it(slow_carts: SlowCarts) -> None:
    """The first request is never answered; the second is the first that is."""
    key = str(uuid4())
    with web(slow_carts.url) as (url, kill):

        def send() -> None:
            with pytest.raises(httpx.TransportError):
                httpx.post(f"{url}{ORDERS}", json=FORM, headers=headers(key), timeout=60)

        first = threading.Thread(target=send)
        first.start()
        assert slow_carts.asked.wait(60)
        meanwhile = post(key=key)
        held = is_held()
        kill()
        first.join()
        killed = time.monotonic()
        wait_for(lambda: not is_held())
        stuck = time.monotonic() - killed

    again = post(key=key)

    assert (meanwhile.status_code, body(meanwhile)["code"], held) == (409, "idempotency_key_in_use", True)
    assert (again.status_code, Order.objects.count()) == (201, 1)
    assert stuck < 1


def test_what_was_done_before_the_process_was_killed_is_not_done_again(slow_carts: SlowCarts) -> None:
    """The order was placed, and its answer never seen."""
    slow_carts.go.set()
    with web(slow_carts.url) as (url, kill):
        first = httpx.post(f"{url}{ORDERS}", json=FORM, headers=headers(), timeout=60)
        kill()

    assert (first.status_code, post().content, Order.objects.count()) == (201, first.content, 1)
