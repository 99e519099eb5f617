"""Requests made to be expensive are refused in less time than an honest one may take, where nothing else runs.

What they do to memory stands in tests/isolation/test_bombs.py.
"""

import struct
import time
import zlib

import pytest

from fleet.client import Person

MILLISECONDS, TRIES = 200, 7
BODIES = {
    "lists in lists": b"[" * 20_000 + b"]" * 20_000,
    "objects in objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a number of many digits": b'{"name": ' + b"9" * 900_000 + b"}",
    "many fields": b"{" + b",".join(b'"f%d": 1' % n for n in range(20_000)) + b"}",
    "many elements": b"[" + b"0," * 100_000 + b"0]",
    "larger than may be": b'{"name": "' + b"x" * 2_000_000 + b'"}',
}


def quickest(person: Person, path: str, **request: object) -> float:
    """Milliseconds; of several tries the one that nothing else came between."""
    times = []
    for _ in range(TRIES):
        started = time.perf_counter()
        answer = person.ask("POST", path, **request)
        times.append((time.perf_counter() - started) * 1_000)
        assert 400 <= answer.status_code < 500
    return min(times)


@pytest.mark.parametrize("path", ["products", "coupons", "wishlists", "users/me/addresses", "vendor-applications"])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_is_a_bomb_is_refused_at_once(admin: Person, path: str, body: str) -> None:
    headers = {"Content-Type": "application/json"}

    assert quickest(admin, path, content=BODIES[body], headers=headers) < MILLISECONDS


def test_a_picture_that_is_a_bomb_is_refused_at_once(vendor: Person) -> None:
    product = vendor.get("products", params={"vendor": "me"})["results"][0]["id"]
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1_000_000))), (b"IEND", b""))
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )

    files = {"image": ("bomb.png", bomb, "image/png")}
    assert quickest(vendor, f"products/{product}/images", files=files) < MILLISECONDS
