"""Too many requests, and too many at once, are told when to come again."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from door import Door, needs_nginx

from fleet.client import wait_for

pytestmark = needs_nginx
SECONDS_TO_WAIT = {"1", "2", "3"}
AS_ON_ONE_MACHINE, AS_IN_CONTAINERS = {}, {"resolver": "127.0.0.1"}


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
    orders, most = door.stubs["order_service"], 12
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
    assert {one.headers.get("retry-after") for one in told if one.status_code == 429} <= SECONDS_TO_WAIT
    assert {one.json()["code"] for one in told if one.status_code == 429} == {"too_many_requests"}
    assert (others, reader.result().status_code) == (200, 200)
    assert door.ask("POST", "/api/v1/orders").status_code == 200


@pytest.mark.parametrize("edge", [AS_ON_ONE_MACHINE, AS_IN_CONTAINERS], ids=["one machine", "containers"])
def test_who_sends_an_order_slowly_takes_nobodys_place(door: Door, edge: dict[str, Any]) -> None:
    path, body = "/api/v1/orders", b'{"payment_method": "simulator"}'
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    )
    host, _colon, port = door.configured.listen.partition(":")
    with changed(door, limits={"crowd": 2}, **edge), ExitStack() as opened:
        slow = [opened.enter_context(socket.create_connection((host, int(port)), 10)) for _ in range(5)]
        for one in slow:
            one.sendall(head + body[:1])
        told = [door.ask("POST", path, content=body).status_code for _ in range(3)]
        answers = {_ended(one, body[1:]) for one in slow}

    assert told == [200, 200, 200]
    assert answers == {b"HTTP/1.1 200 OK\r\n"}
    assert door.stubs["order_service"].sent[-5:] == [body] * 5


def _ended(connection: socket.socket, rest: bytes) -> bytes:
    """The first line of the answer."""
    connection.sendall(rest)
    return connection.makefile("rb").readline()


def overloaded(door: Door, service: str, path: str, most: int, more: int, **asking: Any) -> list[httpx.Response]:
    """The answers when `most` requests are in progress and so many more come; those are told at once."""
    stub = door.stubs[service]
    stub.gate.clear()
    try:
        with ThreadPoolExecutor(most + more) as pool:
            asked = [pool.submit(door.ask, "GET", f"{path}?{n}", timeout=30, **asking) for n in range(most + more)]
            wait_for(lambda: (stub.waiting, sum(one.done() for one in asked)) == (most, more), "the others to be told")
            stub.gate.set()
            return [one.result() for one in asked]
    finally:
        stub.gate.set()


@contextmanager
def changed(door: Door, **changes: Any) -> Iterator[None]:
    """Inside, the edge is configured otherwise."""
    before = {name: getattr(door.configured, name) for name in changes}
    configure(door, changes)
    try:
        yield
    finally:
        configure(door, before)


def configure(door: Door, changes: dict[str, Any]) -> None:
    """Until nobody answers any more who knows the old."""
    master = psutil.Process(door.process.pid)
    old = set(master.children())
    door.reload(**changes)
    wait_for(lambda: not old & set(master.children()), "new workers", 10)


@pytest.mark.parametrize("edge", [AS_ON_ONE_MACHINE, AS_IN_CONTAINERS], ids=["one machine", "containers"])
def test_what_an_instance_cannot_answer_soon_is_refused_at_once(door: Door, edge: dict[str, Any]) -> None:
    with changed(door, limits={"at_once": 3}, **edge):
        told = overloaded(door, "cart_service", "/api/v1/cart", most=3, more=4)
        others = door.ask("GET", "/api/v1/orders").status_code

    refused = [one for one in told if one.status_code != 200]
    assert Counter(one.status_code for one in told) == {200: 3, 503: 4}
    assert {one.json()["code"] for one in refused} == {"overloaded"}
    assert {one.headers["retry-after"] for one in refused} <= SECONDS_TO_WAIT
    assert others == 200


@pytest.mark.parametrize("edge", [AS_ON_ONE_MACHINE, AS_IN_CONTAINERS], ids=["one machine", "containers"])
def test_neither_a_crowd_nor_those_beside_it_take_the_others_places(door: Door, edge: dict[str, Any]) -> None:
    orders = door.stubs["order_service"]
    with changed(door, limits={"at_once": 3, "crowd": 2}, **edge), ThreadPoolExecutor(7) as pool:
        orders.gate.clear()
        try:
            asked = [
                pool.submit(door.ask, method, "/api/v1/orders", timeout=30) for method in ["GET"] * 4 + ["POST"] * 3
            ]
            wait_for(lambda: (orders.waiting, sum(one.done() for one in asked)) == (5, 2), "both to be full")
        finally:
            orders.gate.set()
        readers, buyers = ([one.result() for one in some] for some in (asked[:4], asked[4:]))

    assert Counter(one.status_code for one in readers) == {200: 3, 503: 1}
    assert Counter(one.status_code for one in buyers) == {200: 2, 429: 1}
    assert {one.json()["code"] for one in readers if one.status_code == 503} == {"overloaded"}


def test_a_page_that_the_edge_has_is_given_while_its_service_is_overloaded(door: Door) -> None:
    kept, stub = f"/api/v1/products/{uuid4()}", door.stubs["catalog_service"]
    with changed(door, limits={"at_once": 3}), ThreadPoolExecutor(3) as pool:
        door.ask("GET", kept)
        stub.gate.clear()
        try:
            busy = [pool.submit(door.ask, "GET", f"/api/v1/products?{number}") for number in range(3)]
            wait_for(lambda: stub.waiting == 3, "all places to be taken")
            wait_for(lambda: door.ask("GET", kept).headers["x-cache"] == "STALE", "the page to be too old")
            given, missing = door.ask("GET", kept), door.ask("GET", f"/api/v1/products/{uuid4()}")
        finally:
            stub.gate.set()

    assert {one.result().status_code for one in busy} == {200}
    assert (given.status_code, given.headers["x-cache"]) == (200, "STALE")
    assert (missing.status_code, missing.json()["code"]) == (503, "overloaded")


def test_a_service_is_told_when_a_request_was_passed_on_but_of_a_checkout(door: Door) -> None:
    begun = time.time()
    door.ask("GET", "/api/v1/cart", headers={"X-Request-Start": "1"})
    door.ask("POST", "/api/v1/orders", headers={"X-Request-Start": "1"})

    told = door.stubs["cart_service"].seen[-1][2]["X-Request-Start"]
    assert begun - 0.01 <= float(told) <= time.time()
    assert door.stubs["order_service"].seen[-1][2]["X-Request-Start"] is None
    door.ask("GET", "/api/v1/orders")
    assert float(door.stubs["order_service"].seen[-1][2]["X-Request-Start"]) >= begun - 0.01
