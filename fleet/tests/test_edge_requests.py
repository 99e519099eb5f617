"""Requests: where they are routed, what of them reaches a service, and which are refused as they stand."""

import contextlib
import http.client
import json
import re
import socket
from uuid import uuid4

import pytest
from door import ONE_PATH_EACH, Door, needs_nginx, token

from payment_service.clients import chapa, simulator, stripe

pytestmark = needs_nginx


# ── Where they go ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("service", "path"), ONE_PATH_EACH.items())
def test_a_path_reaches_its_service_with_a_token_and_without(door: Door, service: str, path: str) -> None:
    for credentials in (None, token(door)):
        for slash in ("", "/"):
            answer = door.ask("GET", path + slash, credentials)
            assert (answer.status_code, answer.json()["service"]) == (200, service)


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc/", "/swagger/", "/api/schema/", "/health/", "/status",
                                  "/console", "/static/a.css", "/problems/x", "/api/v1/openapi.json"])  # fmt: skip
def test_the_gateways_own_pages_are_routed_to_it(door: Door, path: str) -> None:
    assert door.ask("GET", path).json()["service"] == "gateway"


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


@pytest.mark.parametrize("name", [simulator.SIGNATURE_HEADER, stripe.SIGNATURE_HEADER, *chapa.SIGNATURE_HEADERS])
def test_what_a_provider_signs_its_events_with_arrives(door: Door, name: str) -> None:
    door.ask("POST", "/api/v1/payment-webhooks/simulator", headers={name: "t=1,v1=abc"}, json={})

    assert door.stubs["payment_service"].seen[-1][2][name] == "t=1,v1=abc"


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


def test_a_services_own_refusal_passes_unchanged(door: Door) -> None:
    assert door.ask("GET", "/api/v1/orders/forbidden").json()["service"] == "order_service"


# ── As they stand ────────────────────────────────────────────────────────────────────────────────────────────────────


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


def test_a_body_that_is_too_large_is_refused(door: Door) -> None:
    answer = door.ask("POST", "/api/v1/orders", content=b"x" * 1_100_000)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    for path in ("imports", "admin/reconciliations"):
        assert door.ask("POST", f"/api/v1/{path}", content=b"x" * 1_100_000).status_code == 200
