"""Small real HTTP servers stand for the services; Redis is real."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as django_settings

from gateway import clients
from gateway.queries import fleet, openapi
from shared import auth

NOBODY = "http://127.0.0.1:1"


class StandIn:
    """A service that answers what the test says: path → (status, document), or the seconds to keep silent."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any] | float] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._silence = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._silence.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(stand_in) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                stand_in.asked.append((self.path, dict(self.headers)))
                answer = stand_in.answers.get(self.path, (404, None))
                if isinstance(answer, float):
                    stand_in._silence.wait(answer)
                    return
                status, document = answer
                body = b"" if document is None else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815 - the base class's names

            def log_message(self, *_args: Any) -> None:
                pass

        return Handler


@pytest.fixture
def stand_in() -> Iterator[Callable[[], StandIn]]:
    made: list[StandIn] = []

    def make() -> StandIn:
        made.append(StandIn())
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def user(stand_in: Callable[[], StandIn], settings: Any) -> StandIn:
    """user_service, well."""
    server = stand_in()
    settings.FLEET = {**settings.FLEET, "user": server.url}
    return server


def well(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "status": "ok", "version": "0.1.0", "workers": 1, "queue_depth": 0, "dead_messages": 0,
        "outbox_age_seconds": 0, **more,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Iterator[None]:
    """Nothing remembered, nobody there, an empty Redis: the gateway's own, for user_service's tests use the other."""
    settings.SESSIONS_REDIS_URL = django_settings.REDIS_URL
    settings.FLEET = dict.fromkeys(settings.FLEET, NOBODY)
    fleet.forget()
    openapi.forget()
    clients._sessions.cache_clear()
    redis.Redis.from_url(settings.SESSIONS_REDIS_URL).flushdb()
    yield
    clients._sessions.cache_clear()


@pytest.fixture(autouse=True)
def _service_key(settings: Any, tmp_path: Any) -> Iterator[None]:
    key = ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "gateway.pem"
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*pem))
    settings.SERVICE_KEY_FILE = file
    auth._service_key.cache_clear()
    yield
    auth._service_key.cache_clear()


def seconds(work: Callable[[], httpx.Response | Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def make_key_files(folder: Path) -> str:
    """Write the public half as `k1.pem` into the folder and answer the private key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    folder.mkdir(exist_ok=True)
    (folder / "k1.pem").write_bytes(public)
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*private).decode()


def access_token(key: str, roles: tuple[str, ...]) -> str:
    now = int(time.time())
    claims = {
        "iss": "nexus", "aud": "nexus-api", "sub": str(uuid4()), "sid": str(uuid4()), "jti": str(uuid4()),
        "roles": list(roles), "iat": now, "exp": now + 60,
    }  # fmt: skip
    return jwt.encode(claims, key, "ES256", {"kid": "k1", "typ": auth.ACCESS_TYPE})
