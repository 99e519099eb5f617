"""Connections to Redis, for all who have one: a word is answered soon, and whole, or Redis is away."""

import socket
import time
from math import inf
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

WHOLE = 2
"""An answer may take so many times as long as each read of it."""


def connected(url: str, *, seconds: float, connect: float | None = None) -> "redis.Redis[str]":
    """One pool. Each read takes `seconds` at most. A command is sent at most twice, for the connection that a restart
    of Redis left dead in the pool; then RedisError.
    """
    options: dict[str, Any] = {} if url.startswith(("rediss:", "unix:")) else {"connection_class": Punctual}
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=seconds,
        socket_connect_timeout=connect or seconds,
        retry=Retry(NoBackoff(), 1),
        **options,
    )


class Punctual(redis.Connection):
    """redis-py bounds each read, and so not an answer that comes byte by byte."""

    def _connect(self) -> Any:
        return _Socket(super()._connect(), WHOLE * (self.socket_timeout or inf))  # type: ignore[misc]


class _Socket:
    """Of a connection: what was asked has to be answered in time."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self.sock, self.seconds, self.until = sock, seconds, inf

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)

    def sendall(self, data: bytes) -> None:
        self.until = time.monotonic() + self.seconds
        self.sock.sendall(data)

    def recv(self, size: int) -> bytes:
        self._hurry()
        return self.sock.recv(size)

    def recv_into(self, buffer: Any) -> int:
        self._hurry()
        return self.sock.recv_into(buffer)

    def _hurry(self) -> None:
        """But who only looks whether there is something waits for nothing."""
        if self.sock.gettimeout() != 0 and time.monotonic() > self.until:
            raise TimeoutError("the answer is not whole in time")
