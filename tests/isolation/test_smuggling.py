"""Requests that two servers could read differently, on a route of every service: the edge ends them.

Each carries a second request inside. If anything behind the edge read it, a second answer would come back.
"""

import re
import socket
from urllib.parse import urlsplit

import pytest

from fleet.client import Market

PATHS = [
    "users/me", "auth/login", "products", "imports", "cart/items", "checkout/quote", "orders", "vendors/me",
    "payments", "payment-webhooks/simulator", "notifications", "openapi.json",
]  # fmt: skip
HIDDEN = "GET /internal/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = f"0\r\n\r\n{HIDDEN}"
SIZE = len(CHUNKED)
AMBIGUOUS = {
    "length, then chunks": (f"Content-Length: {SIZE}\r\nTransfer-Encoding: chunked\r\n", CHUNKED),
    "chunks, then length": (f"Transfer-Encoding: chunked\r\nContent-Length: {SIZE}\r\n", CHUNKED),
    "length of less than its chunks": ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", f"1\r\nZ\r\n{CHUNKED}"),
    "two lengths": (f"Content-Length: {SIZE}\r\nContent-Length: 0\r\n", CHUNKED),
    "two equal lengths": (f"Content-Length: {SIZE}\r\nContent-Length: {SIZE}\r\n", CHUNKED),
    "a list of lengths": (f"Content-Length: 0, {SIZE}\r\n", CHUNKED),
    "a length with a sign": (f"Content-Length: +{SIZE}\r\n", CHUNKED),
    "a negative length": ("Content-Length: -1\r\n", CHUNKED),
    "a folded header": ("Transfer-Encoding:\r\n chunked\r\n", CHUNKED),
    "a space before the colon": ("Transfer-Encoding : chunked\r\n", CHUNKED),
    "two encodings": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", CHUNKED),
    "an encoding nobody knows": ("Transfer-Encoding: xchunked\r\n", CHUNKED),
    "an encoding behind a tab": ("Transfer-Encoding:\x0bchunked\r\n", CHUNKED),
    "a bare carriage return": ("X: y\rTransfer-Encoding: chunked\r\n", CHUNKED),
    "a zero byte": ("X: y\x00\r\n", CHUNKED),
}


def sent(market: Market, start: str, headers: str, body: str = "", *, nothing_more: bool = False) -> bytes:
    """All that comes back on one connection until the edge closes it; `nothing_more`: the client says it is done."""
    url = urlsplit(market.gateway)
    assert url.hostname
    assert url.port
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        text = f"{start} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n{headers}\r\n{body}"
        connection.sendall(text.encode("latin-1"))
        if nothing_more:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return answer


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


@pytest.mark.parametrize("path", PATHS)
def test_a_request_that_can_be_read_in_two_ways_is_ended_at_the_edge(market: Market, path: str) -> None:
    """400 or 501 and the end of the connection; a header that is no header at all may be left out instead."""
    wrong = {}
    for name, (headers, body) in AMBIGUOUS.items():
        answer = sent(market, f"POST /api/v1/{path}", headers, body, nothing_more=True)
        if b'"openapi"' in answer or not _is_ended(statuses(answer)):
            wrong[name] = answer[:300]

    assert wrong == {}


def _is_ended(seen: list[int]) -> bool:
    """Refused; or the hidden request stood alone before the edge, which does not route it."""
    return len(seen) >= 1 and all(status >= 400 for status in seen) and 500 not in seen


@pytest.mark.parametrize("path", PATHS)
def test_headers_that_look_like_identity_make_nobody_of_a_guest(market: Market, path: str) -> None:
    user = market.account("admin").user["id"]
    plain = sent(market, f"GET /api/v1/{path}", "Connection: close\r\n")
    assert len(statuses(plain)) == 1

    for header in ("X-User-Id", "X_User_Id", "X-USER-ID", "x-user-id", "X-Forwarded-User", "Remote-User", "X_User-Id"):
        claimed = f"{header}: {user}\r\n{header}: {user}\r\nX-User-Roles: admin\r\nX_User_Roles: admin\r\n"
        answer = sent(market, f"GET /api/v1/{path}", f"{claimed}Connection: close\r\n")
        assert statuses(answer) == statuses(plain), header


def test_a_connection_that_hops_does_not_take_authorization_away(market: Market) -> None:
    """`Connection: Authorization` asks a proxy to leave the token out: then a guest would be asking."""
    admin = market.account("admin")
    headers = f"Authorization: Bearer {admin.access}\r\nConnection: close, Authorization\r\n"

    assert statuses(sent(market, "GET /api/v1/users/me", headers)) == [200]
