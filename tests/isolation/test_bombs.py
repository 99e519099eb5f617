"""Requests made to be expensive: too large, too deep, too many. Each is refused, and no process grows by it."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from fleet import processes
from fleet.client import Market, Person
from fleet.table import Table

MEGABYTE = 1024 * 1024
GROWTH = 50 * MEGABYTE
DEEP = 20_000
WRITES = {
    "user_service": "users/me/addresses", "catalog_service": "products", "cart_service": "wishlists",
    "order_service": "coupons", "vendor_service": "vendor-applications",
    "payment_service": "payment-webhooks/simulator", "notification_service": "notification-preferences",
}  # fmt: skip
"""A path of each service that takes a body: by PUT for the last, by POST for all others."""
BODIES: dict[str, bytes] = {
    "lists in lists": b"[" * DEEP + b"]" * DEEP,
    "lists that do not end": b"[" * DEEP,
    "objects in objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a number of many digits": b'{"name": ' + b"9" * 900_000 + b"}",
    "a number beyond all": b'{"name": 1e999999}',
    "as large as may be": b'{"name": "' + b"x" * 900_000 + b'"}',
    "many fields": b"{" + b",".join(b'"f%d": 1' % n for n in range(20_000)) + b"}",
    "many elements": b"[" + b"0," * 100_000 + b"0]",
    "larger than may be": b'{"name": "' + b"x" * 2 * MEGABYTE + b'"}',
    "not text": b"\xff\xfe\x00" * 1000,
}


def memory(table: Table, name: str) -> int:
    """Bytes of the web processes of a service."""
    total = 0
    for process, info in processes.all_info(table.var).items():
        if process.startswith(f"{name}-web"):
            top = psutil.Process(info["pid"])
            total += sum(one.memory_info().rss for one in [top, *top.children(recursive=True)])
    return total


@pytest.fixture
def bounded(fleet: Table) -> Callable[[str, Callable[[], Any]], None]:
    """Does something, and fails if the service's processes have grown by it. What is done first warms them up."""

    def do(name: str, something: Callable[[], Any]) -> None:
        something()
        before = memory(fleet, name)
        assert before > 0
        something()
        assert memory(fleet, name) - before < GROWTH

    return do


@pytest.mark.parametrize("service", WRITES)
def test_bodies_that_are_bombs_are_refused(
    admin: Person, bounded: Callable[[str, Callable[[], Any]], None], service: str
) -> None:
    method = "PUT" if service == "notification_service" else "POST"
    headers = {"Content-Type": "application/json"}

    def throw() -> None:
        answers = {
            name: admin.ask(method, WRITES[service], content=body, headers=headers).status_code
            for name, body in BODIES.items()
        }
        assert {name: status for name, status in answers.items() if not 400 <= status < 500} == {}

    bounded(service, throw)


LISTS = ["products", "admin/users", "admin/orders", "wishlists", "vendors", "payments", "notifications"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["101", "1000000", "-1", "0", "9" * 400, "1e3", "x"])
def test_a_list_gives_no_page_larger_than_a_hundred(admin: Person, path: str, limit: str) -> None:
    assert admin.ask("GET", path, params={"limit": limit}).status_code == 400


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_nobody_gave_out_is_refused(admin: Person, path: str) -> None:
    answers = {admin.ask("GET", path, params={"cursor": one}).status_code for one in ("x" * 5000, "%00")}

    assert answers <= {400, 404, 414}


@pytest.mark.parametrize("size", [3_000, 6_000, 12_000, 40_000])
@pytest.mark.parametrize("path", LISTS)
def test_a_long_address_is_answered_by_us_and_not_by_the_server_beneath(admin: Person, path: str, size: int) -> None:
    answer = admin.ask("GET", path, params={"unknown": "x" * size})

    assert answer.headers["content-type"] in {"application/json", "application/problem+json"}


def picture(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels; compressed they are a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(MEGABYTE)))
        + chunk(b"IEND", b"")
    )


def test_pictures_of_too_many_pixels_are_refused(
    vendor: Person, bounded: Callable[[str, Callable[[], Any]], None]
) -> None:
    product = vendor.get("products", params={"vendor": "me"})["results"][0]["id"]

    def throw() -> None:
        for width, height in ((50_000, 50_000), (65_500, 65_500), (1, 30_000_000), (2**31 - 1, 2**31 - 1)):
            bomb = {"image": ("bomb.png", io.BytesIO(picture(width, height)), "image/png")}
            vendor.ask("POST", f"products/{product}/images", files=bomb, expect=400)

    bounded("catalog_service", throw)


def test_an_avatar_of_too_many_pixels_is_refused(
    market: Market, bounded: Callable[[str, Callable[[], Any]], None]
) -> None:
    person = market.account("customer")

    def throw() -> None:
        bomb = {"image": ("bomb.png", io.BytesIO(picture(50_000, 50_000)), "image/png")}
        person.ask("PUT", "users/me/avatar", files=bomb, expect=400)

    bounded("user_service", throw)


def test_an_import_of_very_many_lines_does_not_fill_the_process(
    vendor: Person, bounded: Callable[[str, Callable[[], Any]], None]
) -> None:
    """Two hundred thousand empty lines: they are not read while the client waits."""
    lines = b"Handle,Title\n" + b"\n" * 200_000

    def throw() -> None:
        rows = {"file": ("rows.csv", io.BytesIO(lines), "text/csv")}
        vendor.ask("POST", "imports", files=rows, data={"format": "shopify-csv"}, expect=(202, 400, 413, 422))

    bounded("catalog_service", throw)
