"""Requests made to be expensive: too large, too deep, too many. Each is refused, and no process grows by it."""

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fleet import processes
from fleet.client import Market, Person, wait_for
from fleet.journey import RED_DOT
from fleet.table import Table

MEGABYTE = 1024 * 1024
GROWTH = 50 * MEGABYTE
FORGET_THE_PEAK = "5"
"""To the kernel, of a process: proc(5), clear_refs."""
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


Bounded = Callable[[str, Callable[[], object], Callable[[], object]], None]


@pytest.fixture
def bounded(fleet: Table) -> Bounded:
    """Does what is honest, which warms the service up, then what is not; fails if it ever needed much more for that."""

    def do(name: str, honest: Callable[[], object], bomb: Callable[[], object]) -> None:
        honest()
        before = _peaks(fleet, name, anew=True)
        bomb()
        grown = {pid: peak - before.get(pid, 0) for pid, peak in _peaks(fleet, name).items()}
        assert sum(grown.values()) < GROWTH, grown

    return do


def _peaks(table: Table, name: str, *, anew: bool = False) -> dict[int, int]:
    """Process of the service, of web and worker → the most memory, in bytes, that it has had; `anew`: from now on."""
    programs = {f"{name}-web", f"{name}-worker"}
    tops = [psutil.Process(info["pid"]) for name, info in processes.all_info(table.var).items() if name in programs]
    assert len(tops) == len(programs)
    pids = [one.pid for top in tops for one in (top, *top.children(recursive=True))]
    for pid in pids if anew else ():
        Path(f"/proc/{pid}/clear_refs").write_text(FORGET_THE_PEAK)
    return {pid: _peak(pid) for pid in pids}


def _peak(pid: int) -> int:
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


@pytest.mark.parametrize("service", WRITES)
def test_bodies_that_are_bombs_are_refused(admin: Person, bounded: Bounded, service: str) -> None:
    method = "PUT" if service == "notification_service" else "POST"
    headers = {"Content-Type": "application/json"}

    def throw() -> None:
        answers = {
            name: admin.ask(method, WRITES[service], content=body, headers=headers).status_code
            for name, body in BODIES.items()
        }
        assert {name: status for name, status in answers.items() if not 400 <= status < 500} == {}

    bounded(service, lambda: admin.ask(method, WRITES[service], json={}), throw)


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


TOO_LARGE = [(50_000, 50_000), (65_500, 65_500), (1, 30_000_000), (2**31 - 1, 2**31 - 1)]
"""Width and height: for Pillow itself, but for the third, which only we refuse."""


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


def upload(field: str, content: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {field: ("picture.png", content, "image/png")}


def test_pictures_of_too_many_pixels_are_refused(vendor: Person, bounded: Bounded) -> None:
    images = f"products/{vendor.get('products', params={'vendor': 'me'})['results'][0]['id']}/images"

    def show_one() -> None:
        shown = vendor.ask("POST", images, files=upload("image", RED_DOT), expect=201).json()["id"]
        vendor.ask("DELETE", f"{images}/{shown}", expect=204)

    def throw() -> None:
        for size in TOO_LARGE:
            vendor.ask("POST", images, files=upload("image", picture(*size)), expect=400)

    bounded("catalog_service", show_one, throw)


def test_an_avatar_of_too_many_pixels_is_refused(market: Market, bounded: Bounded) -> None:
    person = market.account("customer")

    def show_one() -> None:
        person.ask("PUT", "users/me/avatar", files=upload("avatar", RED_DOT), expect=200)

    def throw() -> None:
        for size in TOO_LARGE:
            person.ask("PUT", "users/me/avatar", files=upload("avatar", picture(*size)), expect=400)

    bounded("user_service", show_one, throw)


@pytest.mark.parametrize("line", [b"\n", b"%d,A lamp\n"], ids=["empty", "products"])
def test_an_import_of_very_many_lines_does_not_fill_the_process(vendor: Person, bounded: Bounded, line: bytes) -> None:
    """They are not read while the client waits, but by the worker."""
    lines = b"".join(line % number if b"%" in line else line for number in range(200_000))

    def imported(rows: bytes) -> str:
        file = {"file": ("rows.csv", b"Handle,Title\n" + rows, "text/csv")}
        begun = vendor.ask("POST", "imports", files=file, data={"format": "shopify-csv"}, expect=202).json()["id"]
        ends = {"succeeded", "failed"}
        return str(wait_for(lambda: ends & {vendor.get(f"imports/{begun}")["status"]}, "the import's end", 60))

    bounded("catalog_service", lambda: imported(b"x,y\n"), lambda: imported(lines))
