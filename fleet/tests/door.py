"""NGINX with the rendered configuration, between a client and services that write down what reaches them."""

import base64
import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from fleet import edge
from fleet.client import wait_for
from fleet.nginx import BINARY
from fleet.table import load

needs_nginx = pytest.mark.skipif(not Path(BINARY).exists(), reason="NGINX is not installed")
SERVICES = [service.name for service in load().services]
KID = "first"


class Server(ThreadingHTTPServer):
    request_queue_size = 128


@dataclass
class Stub:
    """A service that answers 200 and remembers; the gateway's stub answers about sessions as it is told."""

    name: str
    seen: list[Any] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    """The body of each."""
    sessions: dict[str, int] = field(default_factory=dict)
    port: int = 0
    server: ThreadingHTTPServer | None = None
    connections: list[socket.socket] = field(default_factory=list)
    waiting: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    """Answers are held back while it is clear."""

    def start(self, port: int = 0) -> "Stub":
        self.gate.set()
        self.server = Server(("127.0.0.1", port), type("Own", (Answers,), {"stub": self}))
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        assert self.server
        self.server.shutdown()
        self.server.server_close()
        while self.connections:
            with contextlib.suppress(OSError):
                self.connections.pop().shutdown(socket.SHUT_RDWR)


class Answers(BaseHTTPRequestHandler):
    """Of a stub."""

    protocol_version = "HTTP/1.1"
    stub: Stub

    def setup(self) -> None:
        super().setup()
        self.stub.connections.append(self.connection)

    def answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.stub.waiting += 1
        self.stub.gate.wait(5)
        self.stub.waiting -= 1
        if self.path.startswith("/internal/sessions/"):
            self.reply(self.stub.sessions.get(self.path.rsplit("/", 1)[1], 204))
            return
        self.stub.seen.append((self.command, self.path, self.headers))
        self.stub.sent.append(sent)
        body = {"service": self.stub.name, "number": len(self.stub.seen)}
        self.reply(403 if "/forbidden" in self.path else 200, json.dumps(body).encode())

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - the base class's names

    def reply(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        page = "api/docs" in self.path
        self.send_header("Content-Type", "text/html; charset=utf-8" if page else "application/json")
        if page:
            self.send_header("Content-Security-Policy", "default-src 'self'")
        self.send_header("X-Request-Id", "from-the-service")
        for name in ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy"):
            self.send_header(name, "from-the-service")
        if "cookie" in self.path:
            self.send_header("Set-Cookie", "a=b")
        if "/products" in self.path:
            self.send_header("Cache-Control", "public, max-age=1, stale-while-revalidate=1")
        if "/products" in self.path or ("sessions" in self.path and status != 503):
            self.send_header("X-Accel-Expires", f"@{int(time.time())}")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        pass


@dataclass
class Door:
    """A running NGINX and what is behind it."""

    configured: edge.Edge
    process: "subprocess.Popen[bytes]"
    stubs: dict[str, Stub]
    key: Any

    @property
    def url(self) -> str:
        return f"http://{self.configured.listen}"

    def ask(self, method: str, path: str, token: str | None = None, **kwargs: Any) -> httpx.Response:
        headers = kwargs.pop("headers", {})
        if token is not None:
            headers = {"Authorization": f"Bearer {token}", **headers}
        return httpx.request(method, f"{self.url}{path}", headers=headers, **kwargs)

    def reached(self) -> int:
        return sum(len(stub.seen) for stub in self.stubs.values())

    def reload(self, **changes: Any) -> None:
        self.configured = replace(self.configured, **changes)
        edge.write(self.configured)
        self.process.send_signal(signal.SIGHUP)


@contextlib.contextmanager
def opened(configured: edge.Edge, stubs: dict[str, Stub], key: Any) -> Iterator[Door]:
    """NGINX with this configuration, answering."""
    edge.write(configured)
    command = [BINARY, "-p", f"{configured.folder}/", "-c", str(configured.folder / "nginx.conf"), "-g", "daemon off;"]
    running = Door(configured, subprocess.Popen(command), stubs, key)
    try:
        wait_for(lambda: _answers(running), "NGINX to answer")
        yield running
    finally:
        running.process.send_signal(signal.SIGQUIT)
        running.process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def other_ports() -> dict[str, Any]:
    """For a second NGINX beside the first."""
    return {name: f"127.0.0.1:{free_port()}" for name in ("listen", "listen_tls", "inside")}


def _answers(door: Door) -> bool:
    try:
        return door.ask("GET", "/health").status_code == 200
    except httpx.TransportError:
        return False


def token(door: Door, *, key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": "nexus", "aud": "nexus-api", "sub": str(uuid4()), "sid": str(uuid4()), "jti": str(uuid4()),
        "roles": ["customer"], "iat": now, "nbf": now, "exp": now + 60, **changes,
    }  # fmt: skip
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key or door.key, "ES256", {"kid": KID, "typ": "at+jwt", **(header or {})})


def b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


ONE_PATH_EACH = {
    "user_service": "/api/v1/users/me",
    "catalog_service": "/api/v1/products",
    "cart_service": "/api/v1/cart",
    "order_service": "/api/v1/orders",
    "vendor_service": "/api/v1/vendors",
    "payment_service": "/api/v1/payments",
    "notification_service": "/api/v1/notifications",
    "gateway": "/status",
}


def kept(door: Door, **changes: Any) -> str:
    """A token whose signature the edge does not check again: it has been used more than once."""
    held = token(door, **changes)
    before = len(signatures_kept(door))
    for _ in range(3):
        assert door.ask("GET", "/api/v1/orders", held).status_code == 200
    assert len(signatures_kept(door)) == before + 1
    return held


def signatures_kept(door: Door) -> list[Path]:
    return [file for file in (door.configured.folder / "cache/signed").rglob("*") if file.is_file()]
