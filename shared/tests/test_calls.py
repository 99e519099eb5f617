import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from shared import calls


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
