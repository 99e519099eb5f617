"""HTTP out, to another service of the fleet: a service token, the correlation id, a deadline, one error to catch."""

import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from math import inf
from typing import Any

import httpcore
import httpx

from shared import context, patience
from shared.auth import service_token
from shared.errors import Unavailable

log = logging.getLogger("nexus.calls")
SECONDS = 3.0
TIMEOUT = httpx.Timeout(SECONDS, connect=1.0)
_until: ContextVar[float] = ContextVar("nexus_call_until", default=inf)


def call(
    service: str, base_url: str, method: str, path: str, *, timeout: float = SECONDS, **kwargs: Any
) -> httpx.Response:
    """Ask another service. Raises Unavailable when it has not answered within `timeout` seconds, or as long as the
    request in hand may wait, or answers with a 5xx.
    """
    headers = {"Authorization": f"Bearer {service_token(service)}", "X-Request-Id": context.current().correlation_id}
    headers |= kwargs.pop("headers", {})
    try:
        with within(timeout):
            response = _client(base_url).request(method, path, headers=headers, timeout=_each(timeout), **kwargs)
    except httpx.TransportError as error:
        log.warning("%s did not answer: %s: %s", service, type(error).__name__, error)
        raise Unavailable(f"The {service} service does not answer.", retry_after=2) from None
    if response.status_code >= 500:
        raise Unavailable(f"The {service} service is not well.", retry_after=2)
    return response


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Inside, all that a Punctual client does takes no longer, nor longer than the request in hand may wait. Raises
    httpx.TimeoutException there.
    """
    left, began = patience.left(), time.monotonic()
    token = _until.set(began + (seconds if left is None else min(seconds, left)))
    try:
        yield
    finally:
        _until.reset(token)
        patience.spend(time.monotonic() - began)


def _each(seconds: float) -> httpx.Timeout:
    return TIMEOUT if seconds == SECONDS else httpx.Timeout(seconds, connect=TIMEOUT.connect)


@cache
def _client(base_url: str) -> httpx.Client:
    """Made once: reading the certificates of the world takes 20 ms."""
    return httpx.Client(base_url=base_url, transport=Punctual())


# ── Deadlines ────────────────────────────────────────────────────────────────────────────────────────────────────────
# httpx bounds each step by itself, and so neither their sum nor an answer that comes byte by byte. Not bounded here is
# how long a name takes to be looked up; and if it has several addresses, each has its turn to be connected to.

PIECE = 64 * 1024
"""Bytes written at once: in between the clock is looked at, as a peer may take them little by little."""


class Punctual(httpx.HTTPTransport):
    """httpx's own, whose steps together end when `within` says: the pool, connecting, TLS, writing, reading."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pool._network_backend = _Backend()  # there is no other way in

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        timeouts = request.extensions.get("timeout", {})
        pool = _left(timeouts.get("pool"), httpx.PoolTimeout)
        request.extensions = {**request.extensions, "timeout": {**timeouts, "pool": pool}}
        return super().handle_request(request)


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    """Seconds for the next step: its own timeout, or less. Raises `late` when nothing is left."""
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise late("there is no time left for it")
    if left == inf:
        return timeout
    return left if timeout is None else min(timeout, left)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *how: Any, **named: Any
    ) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, _left(timeout, httpcore.ConnectTimeout), *how, **named))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self.stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self.stream.write(buffer[start : start + PIECE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """httpcore hangs up only where the handshake had begun."""
        try:
            left = _left(timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            self.close()
            raise
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)
