import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest
from django.db import connection

from shared import calls, patience
from shared.errors import Unavailable
from shared.postgresql.base import Patient


class Drips(BaseHTTPRequestHandler):
    """Answers byte by byte, and would take six seconds."""

    def do_GET(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n" + b"." * 20:
            time.sleep(0.1)
            self.wfile.write(bytes([byte]))

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def dripping() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Drips) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def patient() -> Iterator[Patient]:
    options = {**connection.get_connection_params(), "cursor_factory": None}
    with Patient.connect(**options, autocommit=True) as connected:
        yield connected


def test_nobody_waits_without_a_request() -> None:
    patience.spend(1)

    assert patience.left() is None


def test_whoever_waits_leaves_less_to_the_next_and_something_to_the_last() -> None:
    with patience.of(3):
        patience.spend(2)
        assert patience.left() == 1
        patience.spend(2)
        assert patience.left() == patience.LEAST_SECONDS


@pytest.mark.django_db
def test_all_statements_of_a_request_wait_together(patient: Patient) -> None:
    with patience.of(0.5), pytest.raises(psycopg.OperationalError, match="in time"):
        for _ in range(10):
            patient.execute("SELECT pg_sleep(0.2)")

    assert patient.closed


def test_an_answer_that_comes_byte_by_byte_ends_with_the_patience(
    dripping: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "service_token", lambda _service: "token")
    began = time.monotonic()

    with patience.of(0.5), pytest.raises(Unavailable):
        calls.call("cart", dripping, "GET", "/")

    assert time.monotonic() - began < 3
