"""A rush: requests at a rate, whether or not those before were answered, from many addresses, over kept connections.

Python's HTTP clients take 0.5 ms and more a request, which at three times what the fleet can do would be most of the
machine. Here it is less than 0.1: what is sent is written once, and of an answer only what is asked about is read.
"""

import asyncio
import itertools
import json
import re
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from statistics import quantiles
from uuid import uuid4

from fleet.client import Json
from fleet.journey import ADDRESS

SOURCES = 200
"""Addresses of this machine, so that none of them meets its own brake."""
CONNECTIONS = 4_000
"""At most; a request that would need one more has not been sent, and is counted as such."""
PATIENCE = 30.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *\d+", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: the connection broke, or nothing came; `began` on the monotonic clock."""

    status: int
    began: float
    seconds: float
    told_when: bool = False
    """It has Retry-After."""


Request = bytes
"""As it goes over the wire."""


def request_of(port: int, method: str, path: str, headers: Mapping[str, str], body: object = None) -> Request:
    """Of a path under /api/v1 of the gateway at this port."""
    sent = json.dumps(body).encode() if body is not None else b""
    told = {"Host": f"localhost:{port}", **headers}
    told |= {"Content-Type": "application/json", "Content-Length": str(len(sent))} if sent else {}
    lines = [f"{method} /api/v1/{path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + sent


def an_order(port: int, cart_token: str) -> Request:
    """Of this cart, by a guest; sent again it is the same order."""
    mail = f"bench-{uuid4().hex[:12]}@example.com"
    body = {"shipping_address": ADDRESS, "payment_method": "simulator", "email": mail}
    return request_of(port, "POST", "orders", {"X-Cart-Token": cart_token, "Idempotency-Key": str(uuid4())}, body)


def header(name: str, whole: bytes) -> str:
    """Of an answer; empty where it has none."""
    found = re.search(rb"\r\n" + name.encode() + rb": *([^\r]*)", whole.partition(b"\r\n\r\n")[0], re.IGNORECASE)
    return found[1].decode() if found else ""


def content(whole: bytes) -> Json:
    """Of an answer in JSON."""
    found: Json = json.loads(whole.partition(b"\r\n\r\n")[2])
    return found


@dataclass
class Rush:
    """`request` makes what is sent next; `answered` is told of each, with all that came."""

    port: int
    request: Callable[[], Request]
    answered: Callable[[Request, Answer, bytes], None] = lambda _request, _answer, _whole: None
    answers: list[Answer] = field(default_factory=list)
    unsent: int = 0
    idle: "deque[Connection]" = field(default_factory=deque)
    opened: int = 0
    waiting: int = 0
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def failed(self) -> int:
        """How many were not answered, or not with success."""
        return self.unsent + sum(not 200 <= answer.status < 300 for answer in self.answers)

    def closed(self, at_once: int, seconds: float) -> list[Answer]:
        """So many clients, each of whom sends the next request when the last is answered."""
        return self._run(lambda: self._closed(at_once, seconds))

    def offered(self, per_second: float, seconds: float) -> list[Answer]:
        """So many a second, evenly, whatever comes back."""
        return self._run(lambda: self._offered(per_second, seconds))

    def _run(self, play: Callable[[], Awaitable[None]]) -> list[Answer]:
        self.answers, self.unsent, self.idle, self.opened, self.waiting = [], 0, deque(), 0, 0

        async def played() -> None:
            await play()
            until = time.monotonic() + PATIENCE
            while self.waiting and time.monotonic() < until:
                await asyncio.sleep(0.01)
            for connection in [*self.idle]:
                connection.transport.close()

        asyncio.run(played())
        self.answers += [Answer(0, 0.0, PATIENCE)] * self.waiting
        return self.answers

    async def _offered(self, per_second: float, seconds: float) -> None:
        begun, sent = time.monotonic(), 0
        while (now := time.monotonic() - begun) < seconds:
            due = int(now * per_second) + 1
            for _ in range(sent, due):
                self.send()
            sent = max(sent, due)
            await asyncio.sleep(max(sent / per_second - (time.monotonic() - begun), 0.0005))

    async def _closed(self, at_once: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(self._client(until) for _ in range(at_once)))

    async def _client(self, until: float) -> None:
        while time.monotonic() < until:
            done = asyncio.get_running_loop().create_future()
            self.send(done)
            await done

    def send(self, done: "asyncio.Future[None] | None" = None) -> None:
        if self.idle:
            self.waiting += 1
            self.idle.popleft().send(self.request(), time.monotonic(), done)
        elif self.opened < CONNECTIONS:
            self.waiting += 1
            self.opened += 1
            opening = asyncio.get_running_loop().create_task(self._open(self.request(), time.monotonic(), done))
            opening.add_done_callback(lambda task: task.exception())
        else:
            self.unsent += 1
            if done:
                done.set_result(None)

    async def _open(self, request: Request, began: float, done: "asyncio.Future[None] | None") -> None:
        number = next(self.numbers) % SOURCES
        source = (f"127.{20 + number // 50}.0.{1 + number % 50}", 0)
        loop = asyncio.get_running_loop()
        try:
            _transport, connection = await loop.create_connection(
                lambda: Connection(self), "127.0.0.1", self.port, local_addr=source
            )
        except OSError:
            self.opened -= 1
            self.over(request, Answer(0, began, time.monotonic() - began), done)
        else:
            connection.send(request, began, done)

    def over(self, request: Request, answer: Answer, done: "asyncio.Future[None] | None", whole: bytes = b"") -> None:
        self.waiting -= 1
        self.answers.append(answer)
        self.answered(request, answer, whole)
        if done:
            done.set_result(None)


class Connection(asyncio.Protocol):
    """Carries one request at a time. It is the caller's again once the answer's last byte is there."""

    transport: asyncio.Transport

    def __init__(self, rush: Rush) -> None:
        self.rush, self.got = rush, bytearray()
        self.asked: tuple[Request, float, asyncio.Future[None] | None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, request: Request, began: float, done: "asyncio.Future[None] | None") -> None:
        self.asked = (request, began, done)
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.got += data
        end = self.got.find(b"\r\n\r\n")
        if end < 0 or self.asked is None:
            return
        head = bytes(self.got[: end + 2])
        length = _LENGTH.search(head)
        if length is None:
            self.transport.abort()  # none of the answers asked for here is without
            return
        if len(self.got) < end + 4 + int(length[1]):
            return
        (request, began, done), self.asked = self.asked, None
        whole, self.got = bytes(self.got), bytearray()
        if _CLOSE.search(head):
            self.transport.close()
        else:
            self.rush.idle.append(self)
        answer = Answer(int(head[9:12]), began, time.monotonic() - began, bool(_RETRY_AFTER.search(head)))
        self.rush.over(request, answer, done, whole)

    def connection_lost(self, _error: Exception | None) -> None:
        self.rush.opened -= 1
        if self in self.rush.idle:
            self.rush.idle.remove(self)
        if self.asked:
            (request, began, done), self.asked = self.asked, None
            self.rush.over(request, Answer(0, began, time.monotonic() - began), done)


def statuses(answers: list[Answer]) -> dict[int, int]:
    return dict(sorted(Counter(answer.status for answer in answers).items()))


def p(percent: int, answers: list[Answer]) -> float:
    """Seconds that this share of them took at most."""
    return quantiles([answer.seconds for answer in answers] * 2, n=100)[percent - 1] if answers else 0.0
