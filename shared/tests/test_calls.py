import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from shared import calls
from shared.testing import wait_until


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def neighbour() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_client_is_made_once_for_each_neighbour(neighbour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    class Counted(httpx.Client):
        def __init__(self, **options: Any) -> None:
            made.append(options["base_url"])
            super().__init__(**options)

    monkeypatch.setattr(httpx, "Client", Counted)
    monkeypatch.setattr(calls, "service_token", lambda _service: "token")

    for _time in range(3):
        assert calls.call("cart", neighbour, "GET", "/").status_code == 200

    assert made == [neighbour]


# ── Deadlines ────────────────────────────────────────────────────────────────────────────────────────────────────────

LONG = 20.0
"""Seconds that each step may take by itself."""
SOON = 0.3


@contextmanager
def listening(backlog: int = 8) -> Iterator[tuple[str, int]]:
    """Never accepts what the kernel has accepted for it, and so never reads and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as listener:
        yield listener.getsockname()


@contextmanager
def nobody_connects() -> Iterator[Callable[[httpx.Client], object]]:
    """The backlog is full: more than it holds have been knocking."""
    with listening(backlog=0) as (host, port), ExitStack() as held:
        for _ in range(4):
            knocking = held.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex((host, port))
        yield lambda client: client.get(f"http://{host}:{port}/")


@contextmanager
def nobody_shakes_hands() -> Iterator[Callable[[httpx.Client], object]]:
    with listening() as (host, port):
        yield lambda client: client.get(f"https://{host}:{port}/")


@contextmanager
def nobody_reads() -> Iterator[Callable[[httpx.Client], object]]:
    with listening() as (host, port):
        yield lambda client: client.post(f"http://{host}:{port}/", content=b"." * 32_000_000)


@contextmanager
def nobody_answers() -> Iterator[Callable[[httpx.Client], object]]:
    with listening() as (host, port):
        yield lambda client: client.get(f"http://{host}:{port}/")


@pytest.mark.parametrize(
    ("peer", "error"),
    [
        (nobody_connects, httpx.ConnectTimeout), (nobody_shakes_hands, httpx.ConnectTimeout),
        (nobody_reads, httpx.WriteTimeout), (nobody_answers, httpx.ReadTimeout),
    ],
)  # fmt: skip
def test_every_step_ends_when_the_whole_is_to_end(peer: Any, error: type[Exception]) -> None:
    with peer() as ask, httpx.Client(transport=calls.Punctual(), timeout=LONG) as client:
        began = time.monotonic()
        with calls.within(SOON), pytest.raises(error):
            ask(client)

    assert time.monotonic() - began < LONG / 2


def test_who_waits_for_a_connection_waits_no_longer_than_for_the_whole() -> None:
    transport = calls.Punctual(limits=httpx.Limits(max_connections=1))

    with listening() as (host, port), httpx.Client(transport=transport, timeout=LONG) as client:
        url = f"http://{host}:{port}/"
        busy = threading.Thread(target=_until_it_is_over, args=(client, url))
        busy.start()
        wait_until(lambda: any("ACTIVE" in repr(one) for one in transport._pool.connections))
        began = time.monotonic()
        with calls.within(SOON), pytest.raises(httpx.PoolTimeout):
            client.get(url)
        took = time.monotonic() - began
    busy.join()

    assert took < LONG / 2


def _until_it_is_over(client: httpx.Client, url: str) -> None:
    with pytest.raises(httpx.TransportError):
        client.get(url)


def test_when_nothing_is_left_nothing_is_begun() -> None:
    with nobody_answers() as ask, httpx.Client(transport=calls.Punctual()) as client:
        with calls.within(0), pytest.raises(httpx.PoolTimeout):
            ask(client)
        assert client._transport._pool.connections == []
