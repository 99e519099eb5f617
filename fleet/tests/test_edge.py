"""A real NGINX with the rendered configuration, between a client and services that write down what reaches them."""

import base64
import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fleet import aliases, certificates, edge, keys, ups
from fleet.client import Unexpected, wait_for
from fleet.nginx import BINARY
from fleet.table import load

pytestmark = pytest.mark.skipif(not Path(BINARY).exists(), reason="NGINX is not installed")
SERVICES = [service.name for service in load().services]
KID = "first"


class Server(ThreadingHTTPServer):
    request_queue_size = 128


@dataclass
class Stub:
    """A service that answers 200 and remembers; the gateway's stub answers about sessions as it is told."""

    name: str
    seen: list[Any] = field(default_factory=list)
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
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.stub.waiting += 1
        self.stub.gate.wait(5)
        self.stub.waiting -= 1
        if self.path.startswith("/internal/sessions/"):
            self.reply(self.stub.sessions.get(self.path.rsplit("/", 1)[1], 204))
            return
        self.stub.seen.append((self.command, self.path, self.headers))
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


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("edge")
    stubs = {name: Stub(name).start() for name in SERVICES}
    keys.make_pair(folder / "jwt", KID)
    private = (folder / "jwt/private" / f"{KID}.pem").read_bytes()
    configured = edge.Edge(
        folder=folder / "nginx",
        upstreams={name: [f"127.0.0.1:{stub.port}"] for name, stub in stubs.items()},
        keys=folder / "jwt/public",
        media=folder / "media",
        public_url="http://localhost:8000",
        listen=f"127.0.0.1:{_free_port()}",
        user=edge._user(folder),
        log=str(folder / "access.log"),
        cors_origins=("https://shop.example", "http://localhost:3000"),
        listen_tls=f"127.0.0.1:{_free_port()}",
        inside=f"127.0.0.1:{_free_port()}",
        tls=folder / "tls",
    )
    certificates.prepare(folder / "tls")
    with opened(configured, stubs, serialization.load_pem_private_key(private, None)) as running:
        yield running
    for stub in stubs.values():
        stub.stop()


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def other_ports() -> dict[str, Any]:
    """For a second NGINX beside the first."""
    return {name: f"127.0.0.1:{_free_port()}" for name in ("listen", "listen_tls", "inside")}


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


# ── Tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────

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


@pytest.mark.parametrize(("service", "path"), ONE_PATH_EACH.items())
def test_a_path_reaches_its_service_with_a_token_and_without(door: Door, service: str, path: str) -> None:
    for credentials in (None, token(door)):
        for slash in ("", "/"):
            answer = door.ask("GET", path + slash, credentials)
            assert (answer.status_code, answer.json()["service"]) == (200, service)


def bad_tokens(door: Door) -> dict[str, str]:
    good, now = token(door), int(time.time())
    header, payload, signature = good.split(".")
    foreign = ec.generate_private_key(ec.SECP256R1())
    hmac_with_public = jwt.encode({"sub": "x"}, "secret-of-thirty-two-bytes-or-more", "HS256", {"kid": KID})
    return {
        "alg none": f"{b64({'alg': 'none', 'kid': KID, 'typ': 'at+jwt'})}.{payload}.",
        "alg none, signed": f"{b64({'alg': 'none', 'kid': KID, 'typ': 'at+jwt'})}.{payload}.{signature}",
        "hmac": hmac_with_public,
        "foreign key": token(door, key=foreign),
        "unknown key": token(door, header={"kid": "nobody"}),
        "key named like a method": token(door, header={"kid": "toString"}),
        "other type": token(door, header={"typ": "JWT"}),
        "critical extension": token(door, header={"crit": ["b64"]}),
        "expired": token(door, exp=now - 1),
        "no expiry": token(door, exp=None),
        "expiry in words": token(door, exp=None, x=1).rsplit(".", 1)[0] + ".AAAA",
        "not yet": token(door, nbf=now + 60),
        "other audience": token(door, aud="other"),
        "other issuer": token(door, iss="other"),
        "no session": token(door, sid=None),
        "session that is a path": token(door, sid="../../users"),
        "changed payload": f"{header}.{b64({'sub': 'admin'})}.{signature}",
        "cut signature": good[:-4],
        "empty signature": f"{header}.{payload}.",
        "padded signature": f"{good}==",
        "signature written another way": f"{header}.{payload}.{_same_bytes(signature)}",
        "two parts": f"{header}.{payload}",
        "garbage": "x.y.z",
        "endless": "a" * 6_000,
    }


def _same_bytes(signature: str) -> str:
    """Another last character, whose difference is in bits that decoding drops."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]


@pytest.mark.parametrize("path", [*ONE_PATH_EACH.values(), "/api/v1/auth/login", "/media/x.webp", "/nowhere"])
def test_a_bad_token_reaches_no_service(door: Door, path: str) -> None:
    before, answers = door.reached(), {}
    for name, bad in bad_tokens(door).items():
        answer = door.ask("GET", path, bad)
        answers[name] = (answer.status_code, answer.headers["content-type"], answer.json()["code"])

    assert answers == dict.fromkeys(answers, (401, "application/problem+json", "token_not_valid"))
    assert door.reached() == before


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "bearer  x", "Token x"])
def test_other_credentials_are_refused(door: Door, header: str) -> None:
    assert door.ask("GET", "/api/v1/products", headers={"Authorization": header}).status_code == 401


def test_two_tokens_are_one_too_many(door: Door) -> None:
    connection = http.client.HTTPConnection(door.configured.listen)
    connection.putrequest("GET", "/api/v1/users/me")
    connection.putheader("Authorization", f"Bearer {token(door)}")
    connection.putheader("Authorization", "Bearer other")
    connection.endheaders()

    assert connection.getresponse().status in {400, 401}
    connection.close()


def test_a_refusal_says_how_to_authenticate(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/orders", "x.y.z")

    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_new_key_is_known_after_a_reload(door: Door) -> None:
    keys.make_pair(door.configured.keys.parent, "second")
    private = (door.configured.keys.parent / "private/second.pem").read_bytes()
    fresh = token(door, key=serialization.load_pem_private_key(private, None), header={"kid": "second"})
    assert door.ask("GET", "/api/v1/orders", fresh).status_code == 401

    door.reload()

    wait_for(lambda: door.ask("GET", "/api/v1/orders", fresh).status_code == 200, "the new key")
    assert door.ask("GET", "/api/v1/orders", token(door)).status_code == 200


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


def test_what_is_kept_about_a_token_is_no_help_to_another(door: Door) -> None:
    one, other = kept(door), kept(door)
    (header, payload, signature), (_header, other_payload, other_signature) = one.split("."), other.split(".")
    keys.make_pair(door.configured.keys.parent, "beside")
    door.reload()
    other_header = b64({"alg": "ES256", "kid": "beside", "typ": "at+jwt"})

    mixed = {
        "claims of another": f"{header}.{other_payload}.{signature}",
        "signature of another": f"{header}.{payload}.{other_signature}",
        "key of another": f"{other_header}.{payload}.{signature}",
        "signature written another way": f"{header}.{payload}.{_same_bytes(signature)}",
        "parts that meet elsewhere": f"{header}.{payload}{signature}.",
        "no signature": f"{header}.{payload}.",
        "more than it": f"{one}.",
    }

    answers = {name: door.ask("GET", "/api/v1/orders", bad).status_code for name, bad in mixed.items()}
    assert answers == dict.fromkeys(mixed, 401)


def test_a_kept_token_is_refused_when_its_time_is_over(door: Door) -> None:
    held = kept(door, exp=int(time.time()) + 2)

    wait_for(lambda: door.ask("GET", "/api/v1/orders", held).status_code == 401, "the token to expire", 3)


def test_a_kept_token_falls_with_its_key(door: Door) -> None:
    folder = door.configured.keys.parent
    keys.make_pair(folder, "third")
    private = serialization.load_pem_private_key((folder / "private/third.pem").read_bytes(), None)
    door.reload()
    fresh = token(door, key=private, header={"kid": "third"})
    wait_for(lambda: door.ask("GET", "/api/v1/orders", fresh).status_code == 200, "the new key")
    held = kept(door, key=private, header={"kid": "third"})

    keys.make_pair(folder, "another")
    (folder / "public/another.pem").replace(folder / "public/third.pem")
    door.reload()

    wait_for(lambda: door.ask("GET", "/api/v1/orders", held).status_code == 401, "the key to be gone")


def test_nothing_that_is_kept_holds_a_token(door: Door) -> None:
    held = kept(door)

    texts = [file.read_bytes() for file in (door.configured.folder / "cache").rglob("*") if file.is_file()]
    assert not [part for part in held.split(".") if any(part.encode() in text for text in texts)]


def test_where_nothing_can_be_kept_each_token_is_checked_anew(
    tmp_path: Path, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = edge.write

    def write_with_the_inside_away(configured: edge.Edge) -> None:
        file = write(configured)
        file.write_text(file.read_text().replace(f"server {configured.inside};", "server 127.0.0.1:1;"))

    monkeypatch.setattr(edge, "write", write_with_the_inside_away)
    tmp_path.chmod(0o755)
    alone = replace(door.configured, folder=tmp_path / "nginx", user="root", **other_ports())
    with opened(alone, door.stubs, door.key) as other:
        answers = {name: other.ask("GET", "/api/v1/orders", bad).status_code for name, bad in bad_tokens(door).items()}
        good = [other.ask("GET", "/api/v1/orders", token(door)).status_code for _ in range(2)]

    assert (good, answers) == ([200, 200], dict.fromkeys(answers, 401))


def test_what_is_kept_lies_in_memory_unless_somebody_else_holds_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "MEMORY", tmp_path)
    place = edge.verdicts(Path("/one/var"))
    assert place
    assert place.stat().st_mode & 0o777 == 0o711
    assert edge.verdicts(Path("/one/var")) == place != edge.verdicts(Path("/another/var"))

    edge.remove(Path("/one/var"))
    place.symlink_to(tmp_path)

    assert edge.verdicts(Path("/one/var")) is None
    monkeypatch.setattr(edge, "MEMORY", tmp_path / "nowhere")
    assert edge.verdicts(Path("/one/var")) is None


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_ended_session_is_refused_within_two_seconds(door: Door) -> None:
    session = str(uuid4())
    held = token(door, sid=session)
    assert door.ask("GET", "/api/v1/orders", held).status_code == 200

    door.stubs["gateway"].sessions[session] = 403

    wait_for(lambda: door.ask("GET", "/api/v1/orders", held).status_code == 401, "the session to be refused", 2)
    assert door.ask("GET", "/api/v1/products", held).json()["code"] == "session_ended"


def test_of_two_requests_after_a_logout_none_gets_the_verdict_from_before(door: Door) -> None:
    session, gateway = str(uuid4()), door.stubs["gateway"]
    held = token(door, sid=session)
    assert door.ask("GET", "/api/v1/orders", held).status_code == 200
    gateway.sessions[session] = 403
    second = int(time.time())
    wait_for(lambda: int(time.time()) > second, "the verdict's second to end")

    gateway.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(door.ask, "GET", "/api/v1/orders", held) for _ in range(2)]
        wait_for(lambda: gateway.waiting + sum(one.done() for one in answers) == 2, "both to be on their way")
        gateway.gate.set()

    assert [one.result().status_code for one in answers] == [401, 401]


def test_the_first_requests_of_a_session_do_not_wait_for_one_another(door: Door) -> None:
    held, gateway = token(door), door.stubs["gateway"]

    gateway.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(door.ask, "GET", "/api/v1/orders", held) for _ in range(3)]
        try:
            wait_for(lambda: gateway.waiting == 3, "all three to be asked about", 3)
        finally:
            gateway.gate.set()

    assert [one.result().status_code for one in answers] == [200] * 3


def test_without_the_gateway_sessions_seen_lately_live_on_and_unknown_ones_wait(door: Door) -> None:
    seen, unseen = token(door), token(door)
    ended_session = str(uuid4())
    door.stubs["gateway"].sessions[ended_session] = 403
    ended = token(door, sid=ended_session)
    assert door.ask("GET", "/api/v1/orders", seen).status_code == 200
    assert door.ask("GET", "/api/v1/orders", ended).status_code == 401

    port = door.stubs["gateway"].port
    door.stubs["gateway"].stop()
    second = int(time.time())
    wait_for(lambda: int(time.time()) > second, "the verdicts' second to end")
    try:
        assert door.ask("GET", "/api/v1/orders", seen).status_code == 200
        assert door.ask("GET", "/api/v1/orders", ended).status_code == 401
        waits = door.ask("GET", "/api/v1/orders", unseen)
        assert (waits.status_code, waits.json()["code"]) == (503, "unavailable")
        assert int(waits.headers["retry-after"]) > 0
        assert door.ask("GET", "/api/v1/products").status_code == 200
    finally:
        door.stubs["gateway"].start(port)


def test_a_session_that_the_gateway_knows_nothing_about_waits(door: Door) -> None:
    session = str(uuid4())
    door.stubs["gateway"].sessions[session] = 503

    assert door.ask("GET", "/api/v1/orders", token(door, sid=session)).status_code == 503


# ── What reaches a service ───────────────────────────────────────────────────────────────────────────────────────────

IDENTITY = [
    ("X-User-Id", "1"), ("x-user-id", "2"), ("X_User_Id", "3"), ("X-User-Roles", "admin"), ("X-Vendor-Id", "4"),
    ("X-Internal-Token", "5"), ("X-Forwarded-For", "6.6.6.6"), ("X-Real-IP", "6.6.6.6"), ("Forwarded", "for=6.6.6.6"),
    ("X-Forwarded-Proto", "gopher"), ("X-Anything-Else", "7"), ("Cookie", "sessionid=8"), ("X-Request-Id", "in valid"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "path"), ONE_PATH_EACH.items())
def test_identity_headers_of_a_client_do_not_arrive(door: Door, service: str, path: str) -> None:
    connection = http.client.HTTPConnection(door.configured.listen)
    connection.putrequest("GET", f"{path}?{uuid4()}")
    for name, value in IDENTITY:
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 200
    connection.close()

    headers = door.stubs[service].seen[-1][2]
    told = {name.lower(): value for name, value in headers.items()}
    assert not {"x-user-id", "x_user_id", "x-user-roles", "x-vendor-id", "x-internal-token", "forwarded",
                "x-anything-else", "cookie"} & told.keys()  # fmt: skip
    assert headers.get_all("x-real-ip") == headers.get_all("x-forwarded-for") == ["127.0.0.1"]
    assert told["x-forwarded-proto"] == "http"
    assert re.fullmatch(r"[0-9a-f]{32}", told["x-request-id"])


def test_what_a_service_needs_arrives(door: Door) -> None:
    sent = {
        "Idempotency-Key": "k-1", "X-Cart-Token": "t-1", "If-None-Match": '"e"', "Accept-Language": "am",
        "X-Request-Id": "chosen-by-the-client", "User-Agent": "shop/1", "traceparent": "00-1-1-00",
    }  # fmt: skip
    held = token(door)

    answer = door.ask("POST", "/api/v1/orders?a=b%20c", held, headers=sent, json={"x": 1})

    method, path, headers = door.stubs["order_service"].seen[-1]
    assert (method, path) == ("POST", "/api/v1/orders?a=b%20c")
    assert all(headers[name] == value for name, value in sent.items())
    assert headers["Authorization"] == f"Bearer {held}"
    assert answer.headers.get_list("x-request-id") == ["chosen-by-the-client"]


@pytest.mark.parametrize(
    "path",
    [
        "/internal/cart", "/internal/sessions/x", "//internal/cart", "/api/v1/products/../../../internal/cart",
        "/api/v1/products/%2e%2e/internal", "/api/v1/products/..%2finternal", "/internal/x/%2e%2e/%2e%2e/api/v1/cart",
        "/api/v1/products\\..\\internal", "/health/live", "/health/ready", "/health/status", "/metrics", "/_check",
        "/_session/x", "/_signed/x", "/_problem/404", "/simulator/v1/charges", "/api/v1/nothing", "/api/v2/products",
        "/media/../keys",
        "/api/v1/productsandmore", "/graphql", "/api/auth", "/api/auth/x", "/api/catalog/productsandmore",
        "/api/catalog/products/a%0d%0aX-Injected:%20b",
        "/api/v1/admin", "/.env", "/media",
    ],
)  # fmt: skip
def test_what_is_not_in_the_table_is_not_routed(door: Door, path: str) -> None:
    before = door.reached()
    connection = http.client.HTTPConnection(door.configured.listen)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()

    assert (answer.status, answer.headers["content-type"]) in {
        (404, "application/problem+json"),
        (400, "application/problem+json"),
    }
    assert door.reached() == before
    connection.close()


# ── Errors, limits, caches ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_services_own_refusal_passes_unchanged(door: Door) -> None:
    assert door.ask("GET", "/api/v1/orders/forbidden").json()["service"] == "order_service"


def raw(door: Door, request: str) -> bytes:
    """What NGINX answers to bytes that no client library would send, until it closes or falls silent."""
    host, port = door.configured.listen.split(":")
    answer = b""
    with socket.create_connection((host, int(port)), 2) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.settimeout(0.3)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while chunk := connection.recv(65536):
                answer += chunk
    return answer


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("GET /api/v1/cart HTTP/1.1\r\n\r\n", 400),
        ("GET /api/v1/cart HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (f"GET /api/v1/cart?{'a' * 20_000} HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (f"GET /api/v1/cart HTTP/1.1\r\nHost: x\r\nX-Long: {'a' * 20_000}\r\n\r\n", 431),
        ("TRACE /api/v1/cart HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    ],
    ids=["no host", "two hosts", "long address", "large header", "trace"],
)
def test_a_request_that_makes_no_sense_gets_a_problem_document(door: Door, text: str, status: int) -> None:
    head, _blank, body = raw(door, text).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status
    assert head.lower().count(b"x-request-id:") == 1
    assert (b"\r\nAllow: GET, HEAD, POST" in head) == (status == 405)


HIDDEN = "GET /api/v1/hidden HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}",
        f"Content-Length: {len(HIDDEN)}\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\x0bchunked",
        "X: y\nTransfer-Encoding: chunked",
        " Transfer-Encoding: chunked",
        "Content-Length: +1",
        f"Content_Length: {len(HIDDEN)}",
        "Connection: Content-Length, Authorization",
    ],
)
def test_no_request_hides_in_another(door: Door, lines: str) -> None:
    raw(door, f"POST /api/v1/cart HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n0\r\n\r\n{HIDDEN}")

    assert not [path for stub in door.stubs.values() for _method, path, _headers in stub.seen if "hidden" in path]


def test_a_connection_may_be_upgraded_at_the_notification_service_only(door: Door) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a2V5\r\nSec-WebSocket-Version: 13"

    raw(door, f"GET /ws/notifications HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n\r\n")
    raw(door, f"GET /api/v1/cart HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n\r\n")

    headers = door.stubs["notification_service"].seen[-1][2]
    assert (headers["Connection"], headers["Upgrade"], headers["Sec-WebSocket-Key"]) == ("upgrade", "websocket", "a2V5")
    assert "Upgrade" not in door.stubs["cart_service"].seen[-1][2]


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc/", "/swagger/", "/api/schema/", "/health/", "/status",
                                  "/console", "/static/a.css", "/problems/x", "/api/v1/openapi.json"])  # fmt: skip
def test_the_gateways_own_pages_are_routed_to_it(door: Door, path: str) -> None:
    assert door.ask("GET", path).json()["service"] == "gateway"


def test_a_body_that_is_too_large_is_refused(door: Door) -> None:
    answer = door.ask("POST", "/api/v1/orders", content=b"x" * 1_100_000)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert door.ask("POST", "/api/v1/imports", content=b"x" * 1_100_000).status_code == 200


def test_a_service_that_is_away_is_a_problem_document_and_comes_back(door: Door) -> None:
    stub = door.stubs["vendor_service"]
    stub.stop()

    answer = door.ask("GET", "/api/v1/vendors")
    assert (answer.status_code, answer.json()["code"]) == (502, "unavailable")
    assert answer.headers["retry-after"]

    stub.start(stub.port)
    assert door.ask("GET", "/api/v1/vendors").status_code == 200


def test_a_hot_page_is_asked_for_once_and_is_fresh_after_a_second(door: Door) -> None:
    """NGINX counts whole seconds: a page that came at the end of one is soon asked for anew."""
    stub = door.stubs["catalog_service"]

    def asked() -> tuple[str, int, list[str]]:
        path, before = f"/api/v1/products?search={uuid4()}", len(stub.seen)
        caches = [door.ask("GET", path).headers["x-cache"] for _ in range(5)]
        return path, len(stub.seen) - before, caches

    within_a_second = (1, ["MISS", "HIT", "HIT", "HIT", "HIT"])
    path = wait_for(lambda: (found := asked())[1:] == within_a_second and found[0], "five within a second", 10)
    first = door.ask("GET", path).json()["number"]
    assert wait_for(lambda: door.ask("GET", path).json()["number"] > first, "a fresh page", 2)


def test_many_who_ask_for_a_new_page_at_once_cost_one_request(door: Door) -> None:
    stub = door.stubs["catalog_service"]

    def cost() -> int:
        path, before = f"/api/v1/products?search={uuid4()}", len(stub.seen)
        with ThreadPoolExecutor(5) as pool:
            assert {one.status_code for one in pool.map(lambda _i: door.ask("GET", path), range(5))} == {200}
        return len(stub.seen) - before

    assert wait_for(lambda: cost() == 1, "a page that comes before their time to wait is over", 10)


def test_who_waits_for_a_slow_page_asks_for_it_before_long(door: Door) -> None:
    path, stub = f"/api/v1/products?search={uuid4()}", door.stubs["catalog_service"]

    stub.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(door.ask, "GET", path) for _ in range(3)]
        try:
            wait_for(lambda: stub.waiting == 3, "all to arrive", 4)
        finally:
            stub.gate.set()

    assert {one.result().status_code for one in answers} == {200}


def test_after_a_quiet_time_nobody_gets_the_page_from_before(door: Door) -> None:
    path, stub = f"/api/v1/products?search={uuid4()}", door.stubs["catalog_service"]
    old, asked_at = door.ask("GET", path).json()["number"], time.time()
    wait_for(lambda: time.time() > asked_at + 2, "two seconds to pass")

    stub.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(door.ask, "GET", path) for _ in range(2)]
        try:
            wait_for(lambda: stub.waiting == 2, "both to arrive", 4)
        finally:
            stub.gate.set()

    assert all(one.result().json()["number"] > old for one in answers)


def test_a_page_that_is_being_fetched_anew_is_given_meanwhile(door: Door) -> None:
    stub = door.stubs["catalog_service"]

    def given_meanwhile() -> bool:
        path = f"/api/v1/products?search={uuid4()}"
        door.ask("GET", path)
        second = int(time.time())
        wait_for(lambda: int(time.time()) > second, "the page's second to end")
        stub.gate.clear()
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(door.ask, "GET", path) for _ in range(2)]
            try:
                return bool(wait_for(lambda: any(one.done() for one in answers), "one not to wait", 0.8))
            except Unexpected:
                return False
            finally:
                stub.gate.set()

    assert wait_for(given_meanwhile, "an old page while the new one is on its way", 20)


def test_conditions_of_what_is_not_shared_are_the_services_to_judge(door: Door) -> None:
    path, condition = f"/api/v1/products?search={uuid4()}", {"If-None-Match": '"1"'}

    door.ask("GET", path, token(door), headers=condition)
    own = door.stubs["catalog_service"].seen[-1][2]["If-None-Match"]
    door.ask("GET", path, headers=condition)
    shared = door.stubs["catalog_service"].seen[-1][2]["If-None-Match"]

    assert (own, shared) == ('"1"', None)


def test_an_answer_with_a_cookie_is_not_shared(door: Door) -> None:
    path = f"/api/v1/products/cookie-{uuid4()}"

    assert door.ask("GET", path).json() != door.ask("GET", path).json()


def test_a_page_survives_its_service(door: Door) -> None:
    path, stub = f"/api/v1/products?search={uuid4()}", door.stubs["catalog_service"]
    assert door.ask("GET", path).status_code == 200
    stub.stop()

    try:
        wait_for(lambda: door.ask("GET", path).headers["x-cache"] == "STALE", "the page's second to end", 4)
        assert door.ask("GET", path).status_code == 200
    finally:
        stub.start(stub.port)


@pytest.mark.parametrize("personal", ["token", "cart"])
def test_what_somebody_in_particular_asks_is_not_shared(door: Door, personal: str) -> None:
    path = f"/api/v1/products?search={uuid4()}"
    headers = {"X-Cart-Token": "mine"} if personal == "cart" else {"Authorization": f"Bearer {token(door)}"}

    numbers = {door.ask("GET", path, headers=headers).json()["number"] for _ in range(3)}
    guest = door.ask("GET", path)

    assert len(numbers) == 3
    assert guest.headers["x-cache"] == "MISS"


def test_other_services_are_never_cached(door: Door) -> None:
    assert door.ask("GET", "/api/v1/vendors").json() != door.ask("GET", "/api/v1/vendors").json()


def test_media_are_served_from_their_folder_alone(door: Door) -> None:
    (door.configured.media / "products").mkdir(parents=True, exist_ok=True)
    (door.configured.media / "products" / "lamp.webp").write_bytes(b"picture")

    found = door.ask("GET", "/media/products/lamp.webp")

    assert (found.status_code, found.content, found.headers["content-type"]) == (200, b"picture", "image/webp")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert door.ask("GET", "/media/products/none.webp").json()["code"] == "not_found"


def test_an_added_instance_is_used_after_a_reload(door: Door) -> None:
    second = Stub("second").start()
    first = door.configured.upstreams["order_service"][0]

    door.reload(upstreams={**door.configured.upstreams, "order_service": [first, f"127.0.0.1:{second.port}"]})

    wait_for(lambda: door.ask("GET", "/api/v1/orders").json()["service"] == "second", "the second instance")
    second.stop()
    answers = {door.ask("GET", "/api/v1/orders").status_code for _ in range(10)}
    assert answers == {200}
    door.reload(upstreams={**door.configured.upstreams, "order_service": [first]})


def test_too_many_requests_are_refused_with_the_time_to_wait(door: Door) -> None:
    door.reload(limits={"rate": "1r/s", "burst": 2})
    refused = wait_for(
        lambda: next((one for one in (door.ask("GET", "/health") for _ in range(6)) if one.status_code == 429), None),
        "a refusal",
    )
    door.reload(limits={})

    assert refused.json()["code"] == "too_many_requests"
    assert int(refused.headers["retry-after"]) > 0
    wait_for(lambda: {door.ask("GET", "/health").status_code for _ in range(20)} == {200}, "the old limits")


def test_who_would_wait_too_long_for_a_checkout_is_told_to_come_again(door: Door) -> None:
    orders, most = door.stubs["order_service"], 32
    orders.gate.clear()
    try:
        with ThreadPoolExecutor(most + 5) as pool:
            answers = [pool.submit(door.ask, "POST", "/api/v1/orders", timeout=30) for _ in range(most + 5)]
            wait_for(lambda: (orders.waiting, sum(one.done() for one in answers)) == (most, 5), "a crowd and five more")
            others = door.ask("GET", "/api/v1/products").status_code
            reader = pool.submit(door.ask, "GET", "/api/v1/orders", timeout=30)
            wait_for(lambda: orders.waiting == most + 1, "a reader to be let in beside them")
            orders.gate.set()
            told = [one.result() for one in answers]
    finally:
        orders.gate.set()

    assert Counter(one.status_code for one in told) == {200: most, 429: 5}
    assert {one.headers.get("retry-after") for one in told if one.status_code == 429} == {"2"}
    assert {one.json()["code"] for one in told if one.status_code == 429} == {"too_many_requests"}
    assert (others, reader.result().status_code) == (200, 200)
    assert door.ask("POST", "/api/v1/orders").status_code == 200


def test_the_log_tells_who_and_what_but_no_secret(door: Door) -> None:
    user, request_id = str(uuid4()), uuid4().hex
    held = kept(door, sub=user)
    door.ask("GET", "/api/v1/orders?secret=hush", held, headers={"X-Request-Id": request_id})

    log = Path(door.configured.log)
    line = wait_for(lambda: next((x for x in log.read_text().splitlines() if request_id in x), None), "the log line")

    told = json.loads(line)
    assert (told["user_id"], told["path"], told["status"]) == (user, "/api/v1/orders", 200)
    assert "hush" not in log.read_text()
    assert held not in log.read_text()


# ── Paths of other systems ───────────────────────────────────────────────────────────────────────────────────────────

ALIASES = aliases.read(edge.SOURCES / "aliases.toml")
EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.path)
def test_a_path_of_another_system_reaches_its_canonical_one(door: Door, alias: aliases.Alias, slash: str) -> None:
    path, canonical = alias.filled(alias.path), alias.example
    query = {alias.query: aliases.EXAMPLES["name"]} if alias.query else {"a": "b"}
    for asked, seen in (alias.methods or {method: method for method in EVERY_METHOD}).items():
        answer = door.ask(asked, path + slash, token(door), params=query)
        service = answer.json()["service"]

        assert door.stubs[service].seen[-1][:2] == (seen, f"{canonical}?{httpx.QueryParams(query)}")
        assert re.fullmatch(r"@\d{10}", answer.headers["deprecation"])
        assert answer.headers["link"] == f'<{canonical}>; rel="successor-version"'
        assert answer.headers.get_list("x-request-id") == [answer.headers["x-request-id"]]


@pytest.mark.parametrize("alias", [one for one in ALIASES if one.methods], ids=lambda alias: alias.path)
def test_a_path_of_another_system_is_for_its_methods_only(door: Door, alias: aliases.Alias) -> None:
    before = door.reached()
    for method in {*EVERY_METHOD, "HEAD"} - alias.methods.keys():
        assert door.ask(method, alias.filled(alias.path), token(door)).status_code == 405

    assert door.reached() == before


def test_what_stands_below_a_path_of_another_system_is_kept(door: Door) -> None:
    answer = door.ask("GET", "/api/catalog/products/a-lamp/reviews/?limit=2")

    assert door.stubs["catalog_service"].seen[-1][1] == "/api/v1/products/a-lamp/reviews?limit=2"
    assert answer.headers["link"].startswith("</api/v1/products/a-lamp/reviews>")


@pytest.mark.parametrize("value", ["", "..", "a%2Fb", "x/../../users", "%0d%0aX-Injected: 1"])
def test_a_query_does_not_choose_a_path_freely(door: Door, value: str) -> None:
    answer = door.ask("GET", f"/api/v1/reviews?product={value}")

    assert "x-injected" not in answer.headers
    assert door.stubs["catalog_service"].seen[-1][1].startswith("/api/v1/reviews?")


def test_canonical_paths_are_not_called_deprecated(door: Door) -> None:
    for path in ONE_PATH_EACH.values():
        assert not {"deprecation", "link"} & door.ask("GET", path).headers.keys()


def test_an_alias_has_the_brake_and_the_checks_of_its_canonical_path(door: Door) -> None:
    text = (door.configured.folder / "nginx.conf").read_text()
    blocks = dict(re.findall(r"location ~ \"([^\"]+)\" {([^}]*)}", text))

    assert "limit_req zone=credentials" in blocks["^/api/v1/users/login/?$"]
    assert "cached.conf" in next(block for match, block in blocks.items() if match.startswith("^/api/catalog/products"))
    assert door.ask("GET", "/api/v1/profile", "x.y.z").status_code == 401


# ── Browsers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize(
    "path", [*ONE_PATH_EACH.values(), "/nowhere", "/api/v1/orders/forbidden", "/media/none", "/docs", "/api/v1/profile"]
)
def test_security_headers_stand_once_on_every_answer(door: Door, path: str) -> None:
    for credentials in (None, "x.y.z"):
        headers = door.ask("GET", path, credentials).headers
        assert {name: headers.get_list(name) for name in SECURITY} == {name: [one] for name, one in SECURITY.items()}
        assert [len(headers.get_list(name)) for name in ("permissions-policy", "content-security-policy")] == [1, 1]
        assert "strict-transport-security" not in headers


def test_a_page_keeps_its_own_content_security_policy(door: Door) -> None:
    assert door.ask("GET", "/api/docs").headers["content-security-policy"] == "default-src 'self'"
    assert "frame-ancestors 'none'" in door.ask("GET", "/api/v1/orders").headers["content-security-policy"]


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def test_a_preflight_is_answered_at_the_edge(door: Door) -> None:
    before = door.reached()
    answer = door.ask("OPTIONS", "/api/v1/orders", headers={"Origin": "https://shop.example", **PREFLIGHT})

    told = {name.removeprefix("access-control-"): one for name, one in answer.headers.items() if "access-co" in name}
    assert (answer.status_code, answer.content, door.reached()) == (204, b"", before)
    assert (told["allow-origin"], told["allow-credentials"]) == ("https://shop.example", "true")
    assert int(told["max-age"]) > 0
    assert {"POST", "PATCH", "DELETE"} <= set(told["allow-methods"].split(", "))
    assert {"Authorization", "Content-Type", "Idempotency-Key", "X-Cart-Token", "X-Request-Id"} <= set(
        told["allow-headers"].split(", ")
    )
    assert "Origin" in answer.headers.get_list("vary")


@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_page_of_an_allowed_origin_may_read_answers_and_refusals(door: Door, status: int) -> None:
    path = "/nowhere" if status == 404 else "/api/v1/orders"
    answer = door.ask("GET", path, "x.y.z" if status == 401 else None, headers={"Origin": "http://localhost:3000"})

    assert answer.status_code == status
    assert answer.headers.get_list("access-control-allow-origin") == ["http://localhost:3000"]
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"RateLimit", "RateLimit-Policy", "Retry-After", "X-Cart-Token", "X-Request-Id", "ETag"} <= set(exposed)
    assert "access-control-allow-methods" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil", "http://shop.example", "null"])
def test_other_origins_get_nothing(door: Door, origin: str) -> None:
    for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = door.ask(method, "/api/v1/orders", headers={"Origin": origin, **more})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers.get_list("vary")


@pytest.mark.parametrize("path", ["/admin", "/admin/login?next=/admin/", "/admin/user/user_service/user/"])
def test_no_other_origin_reads_the_pages_of_operators(door: Door, path: str) -> None:
    for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = door.ask(method, path, headers={"Origin": "https://shop.example", **more})
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_what_is_open_to_every_origin_is_so_without_credentials(tmp_path: Path, door: Door) -> None:
    listens = other_ports()
    folder = tmp_path / "nginx"
    tmp_path.chmod(0o755)
    everybody = replace(door.configured, folder=folder, cors_origins=("*",), user="root", **listens)
    with opened(everybody, door.stubs, door.key) as other:
        answer = other.ask("GET", "/api/v1/orders", headers={"Origin": "https://any.example"})

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_what_is_no_origin_is_refused() -> None:
    assert edge.origins(" https://a.example , http://localhost:3000,") == ("https://a.example", "http://localhost:3000")
    for text in ("a.example", "https://a.example/", 'https://a";', "https://*.example"):
        with pytest.raises(edge.Problem):
            edge.origins(text)


# ── HTTPS ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def curl(door: Door, *arguments: str) -> "subprocess.CompletedProcess[str]":
    port = door.configured.listen_tls.rpartition(":")[2]
    trust = ["--cacert", f"{door.configured.tls}/ca.pem"]
    command = ["curl", "-sS", "-i", *trust, *arguments, f"https://localhost:{port}/api/v1/orders"]
    return subprocess.run(command, capture_output=True, text=True, timeout=10)


def test_https_speaks_http2_with_the_local_authority_and_asks_for_https_from_then_on(door: Door) -> None:
    done = curl(door, "--http2")

    assert done.stdout.startswith("HTTP/2 200"), done.stderr
    assert done.stdout.lower().count("strict-transport-security: max-age=31536000") == 1
    assert door.stubs["order_service"].seen[-1][2]["X-Forwarded-Proto"] == "https"


def test_old_versions_of_tls_and_strangers_are_not_trusted(door: Door) -> None:
    assert curl(door, "--tlsv1.3").returncode == 0
    assert curl(door, "--tls-max", "1.1", "--tlsv1.0").returncode != 0
    assert curl(door, "--cacert", "/etc/ssl/certs/ca-certificates.crt").returncode != 0


# ── The configuration itself ─────────────────────────────────────────────────────────────────────────────────────────


def test_every_location_strips_headers_and_checks_tokens(door: Door) -> None:
    text = (door.configured.folder / "nginx.conf").read_text()
    blocks = re.findall(r"location ([^{]+)\{([^}]*)\}", text)

    internal = {name.strip() for name, block in blocks if "internal;" in block}
    assert internal == {"= /_check", "^~ /_session/", "^~ /_signed/", "^~ /_problem/"}
    for name, block in blocks:
        assert "strip.conf" in block, name
        assert ("auth_request /_check" in block) is (name.strip() not in internal), name
        assert not ("auth_request" in block and re.search(r"\breturn\b", block)), name


def test_every_public_path_of_a_service_is_routed_to_it() -> None:
    page = edge.tomllib.loads((edge.SOURCES / "routes.toml").read_text())
    routes = edge._matches(page)
    wrong = {
        path: service
        for service in SERVICES
        for path in _paths(service)
        if edge.routed(routes, path).get("to") != service
    }

    assert wrong == {}


def _paths(service: str) -> list[str]:
    """As urls.py writes them, with a value in place of each converter; internal ones left out."""
    text = (load().service(service).folder / service / "urls.py").read_text()
    written = re.findall(r"\bpath\(\s*\"([^\"]*)\"", text)
    paths = ["/" + re.sub(r"<[^>]+>", "x", one) for one in written]
    hidden = ("/internal/", "/health/", "/simulator/v1/", "/simulator/sms/")
    return [path for path in paths if not path.startswith(hidden)]


def test_with_a_name_server_the_same_doors_are_open_and_shut(door: Door, tmp_path_factory: Any) -> None:
    """As in containers, where an upstream's address is looked up again while NGINX runs."""
    folder, session = tmp_path_factory.mktemp("containers"), str(uuid4())
    door.stubs["gateway"].sessions[session] = 403

    named = replace(door.configured, folder=folder, resolver="127.0.0.11", user=edge._user(folder), **other_ports())
    with opened(named, door.stubs, door.key) as other:
        good = other.ask("GET", "/api/v1/orders?a=b%20c", token(other))
        assert (good.status_code, good.json()["service"]) == (200, "order_service")
        assert door.stubs["order_service"].seen[-1][1] == "/api/v1/orders?a=b%20c"
        assert other.ask("GET", "/api/v1/orders", token(other, sid=session)).json()["code"] == "session_ended"
        assert other.ask("GET", "/api/v1/orders", "x.y.z").status_code == 401
        assert other.ask("PUT", "/api/v1/profile/update/", token(other)).status_code == 200
        assert door.stubs["user_service"].seen[-1][:2] == ("PATCH", "/api/v1/users/me")


def test_starting_the_servers_does_not_stop_a_running_nginx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr(edge, "MEMORY", tmp_path)
    monkeypatch.setattr(ups.bootstrap, "ensure_packages", lambda: None)
    monkeypatch.setattr(ups.processes, "all_info", lambda _var: {"nginx": {}, "order_service-web": {}})
    monkeypatch.setattr(ups.servers, "start", lambda _table, others: kept.extend(one.name for one in others))

    ups.servers_only(load(var=tmp_path))

    assert sorted(kept) == ["nginx", "order_service-web"]


# ── Operators' pages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_cookie_of_operators_is_their_token_on_their_pages_and_nowhere_else(door: Door) -> None:
    held = token(door)
    headers = {"Cookie": f"nexus_admin={held}; csrftoken=x", "X-CSRFToken": "x", "Origin": door.url}

    door.ask("POST", "/admin/catalog/", headers=headers)
    _method, _path, on_their_page = door.stubs["catalog_service"].seen[-1]
    door.ask("GET", "/api/v1/admin/products", headers=headers)
    _method, _path, elsewhere = door.stubs["catalog_service"].seen[-1]

    assert on_their_page["Authorization"] == f"Bearer {held}"
    assert (on_their_page["X-CSRFToken"], on_their_page["Origin"]) == ("x", door.url)
    assert "csrftoken=x" in on_their_page["Cookie"]
    assert elsewhere["Authorization"] is elsewhere["Cookie"] is None


@pytest.mark.parametrize(
    ("method", "then"),
    [("GET", "/admin/login?next=%2Fadmin%2Forder%2F%3Fq%3D1"), ("POST", "/admin/login?next=%2Fadmin%2F")],
)
def test_whose_cookie_holds_no_more_signs_in_again(door: Door, method: str, then: str) -> None:
    cookie = {"Cookie": f"nexus_admin={token(door, exp=1)}"}
    before = door.reached()

    answer = door.ask(method, "/admin/order/?q=1", headers=cookie)

    assert (answer.status_code, answer.headers["location"], door.reached()) == (303, then, before)


@pytest.mark.parametrize("path", ["/admin/login", "/admin/session", "/admin/session/renewal", "/admin/session/end"])
def test_where_operators_sign_in_and_out_an_old_cookie_is_no_obstacle(door: Door, path: str) -> None:
    answer = door.ask("POST", path, headers={"Cookie": "nexus_admin=old"})

    _method, _path, headers = door.stubs["gateway"].seen[-1]
    assert (answer.status_code, headers["Authorization"], headers["Cookie"]) == (200, None, "nexus_admin=old")
