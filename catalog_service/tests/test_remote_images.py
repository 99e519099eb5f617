"""Pictures behind addresses that vendors name: fetched from public hosts, and nothing of ours is ever asked."""

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image as Pillow

from catalog_service.actions import remote_images
from catalog_service.actions.imports import run_imports
from catalog_service.actions.remote_images import fetch_images
from catalog_service.clients import remote
from catalog_service.clients.remote import NotFetched, fetch
from catalog_service.models import Image, ImageToFetch, Product, Vendor
from shared.contracts.catalog import OfferChanged
from shared.testing import body, client_as, published
from tests.factories import make_vendor

pytestmark = pytest.mark.django_db
OUTSIDE = "127.0.0.2"
"""Stands for a public host: the one network that tests allow."""


def picture(colour: str = "teal") -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (40, 30), colour).save(buffer, "PNG")
    return buffer.getvalue()


class Host(ThreadingHTTPServer):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, address: str) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        super().__init__((address, 0), _Asked)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}{path}"


class _Asked(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Host)
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path, a_file(picture()))
        with suppress(OSError):  # whoever asked has hung up
            answer(self)

    def log_message(self, *_args: Any) -> None:
        pass


def a_file(content: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(200)
        asked.send_header("Content-Length", str(len(content)))
        asked.end_headers()
        asked.wfile.write(content)

    return answer


def a_status(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(status)
        for name, value in headers.items():
            asked.send_header(name, value)
        asked.end_headers()

    return answer


@pytest.fixture
def outside(settings: Any) -> Iterator[Host]:
    settings.FETCH_NETWORKS = [f"{OUTSIDE}/32"]
    host = Host(OUTSIDE)
    yield host
    host.shutdown()
    host.server_close()


@pytest.fixture
def inside() -> Iterator[Host]:
    """What nobody outside may reach through us: any connection is one too many."""
    host = Host("127.0.0.1")
    yield host
    assert host.asked == []
    host.shutdown()
    host.server_close()


def bring(*urls: str, vendor: Vendor | None = None, name: str = "Pot", **more: Any) -> dict[str, Any]:
    """An import of one product with these pictures, and how it stands."""
    line = {"handle": "pot", "name": name, "images": [{"url": url} for url in urls],
            "variants": [{"sku": "POT", "price": {"amount": "5", "currency": "USD"}}], **more}  # fmt: skip
    client = client_as("vendor", vendor_id=(vendor or make_vendor()).id)
    form = {"file": SimpleUploadedFile("a", json.dumps(line).encode()), "format": "jsonl"}
    queued = body(client.post("/api/v1/imports", form, format="multipart"))
    run_imports()
    return dict(body(client.get(f"/api/v1/imports/{queued['id']}")))


def how_it_stands(told: dict[str, Any]) -> dict[str, Any]:
    client = client_as("vendor", vendor_id=make_vendor().id)
    return dict(body(client.get(f"/api/v1/imports/{told['id']}")))


def shown() -> list[str]:
    return list(Image.objects.order_by("position", "id").values_list("source", flat=True))


# ── What comes ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pictures_come_after_their_product_in_the_order_of_the_file(outside: Host, media: Any) -> None:
    first, second = outside.url("/a.png"), outside.url("/b.png?size=9")

    told = bring(first, second)
    assert (told["status"], told["created"], told["images_waiting"]) == ("succeeded", 1, 2)

    assert fetch_images() == 2
    assert shown() == [first, second]
    assert sorted(outside.asked) == ["/a.png", "/b.png?size=9"]
    assert [image.primary for image in Image.objects.order_by("position")] == [True, False]
    assert Pillow.open(media / Image.objects.get(source=first).file).format == "JPEG"
    assert str(published(OfferChanged)[-1].image).endswith(".jpg")
    assert how_it_stands(told)["images_waiting"] == 0


def test_the_same_file_again_asks_nobody_again(outside: Host) -> None:
    url = outside.url("/a.png")
    bring(url)
    bring(url)
    fetch_images()
    changed = bring(url, name="Bowl")
    fetch_images()

    assert changed["updated"] == 1
    assert outside.asked == ["/a.png"]
    assert Image.objects.count() == 1


def test_a_changed_file_puts_pictures_into_its_order_and_keeps_those_it_does_not_name(outside: Host) -> None:
    a, b, c = (outside.url(f"/{name}.png") for name in "abc")
    bring(a, b)
    fetch_images()

    bring(b, c)
    fetch_images()

    assert set(shown()) == {a, b, c}
    assert shown()[0] == b
    assert Image.objects.get(primary=True).source == a


def test_what_is_no_picture_is_left_out_and_the_import_says_so(outside: Host) -> None:
    outside.answers = {"/page": a_file(b"<html>"), "/gone": a_status(404), "/good.png": a_file(picture())}

    told = bring(*(outside.url(path) for path in ("/page", "/gone", "/good.png")))
    fetch_images()

    assert shown() == [outside.url("/good.png")]
    assert Image.objects.get().primary is True
    notes = how_it_stands(told)["notes"]
    assert sorted(note["message"].partition(": http")[0] for note in notes) == [
        "Not fetched, Not a JPEG, PNG or WebP picture that can be read.",
        "Not fetched, the answer was 404",
    ]
    assert {(note["line"], note["field"]) for note in notes} == {(1, "images")}


def test_a_host_that_is_away_for_a_while_is_asked_again_later(outside: Host) -> None:
    outside.answers["/a.png"] = a_status(503)
    bring(outside.url("/a.png"))

    assert (fetch_images(), fetch_images(), len(outside.asked)) == (0, 0, 1)
    outside.answers.clear()
    ImageToFetch.objects.update(due_at=timezone.now())
    assert fetch_images() == 1


def test_a_host_that_stays_away_is_given_up(outside: Host) -> None:
    outside.answers["/a.png"] = a_status(503)
    told = bring(outside.url("/a.png"))

    for _ in range(remote_images.ATTEMPTS):
        ImageToFetch.objects.update(due_at=timezone.now())
        fetch_images()

    assert len(outside.asked) == remote_images.ATTEMPTS
    assert (ImageToFetch.objects.count(), len(how_it_stands(told)["notes"])) == (0, 1)


def test_with_fetching_off_nobody_is_asked_and_the_import_says_so(outside: Host, settings: Any) -> None:
    settings.FETCH_IMAGES = False

    told = bring(outside.url("/a.png"))
    fetch_images()

    assert (told["created"], told["images_waiting"], outside.asked) == (1, 0, [])
    assert [note["message"].partition(": http")[0] for note in told["notes"]] == ["Skipped, images are not fetched"]


def test_a_worker_that_dies_while_fetching_leaves_the_picture_to_the_next(outside: Host) -> None:
    bring(outside.url("/a.png"))
    [dead] = remote_images._take()
    assert fetch_images() == 0

    ImageToFetch.objects.update(due_at=timezone.now())
    assert fetch_images() == 1
    late = remote_images._settle(dead, remote_images._fetched(dead))

    assert late is False
    assert Image.objects.count() == 1


def test_a_product_that_is_deleted_meanwhile_gets_no_picture(outside: Host) -> None:
    bring(outside.url("/a.png"))
    Product.objects.update(deleted_at=timezone.now())

    assert fetch_images() == 0
    assert (Image.objects.count(), ImageToFetch.objects.count()) == (0, 0)


# ── Whom we ask ──────────────────────────────────────────────────────────────────────────────────────────────────────

FORBIDDEN = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/", "http://127.1:{port}/", "http://0:{port}/", "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/", "http://[2002:7f00:1::]:{port}/", "http://[::]:{port}/",
    "http://user@127.0.0.1:{port}/", "http://127.0.0.1:{port}#@example.org/", "http://127.0.0.1:{port}\\@example.org/",
    "http://①②⑦.0.0.1:{port}/", "http://127。0。0。1:{port}/", "http://localhost.:{port}/",
    "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://192.168.0.1/", "http://172.16.0.1/",
    "http://100.64.0.1/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[fe80::1]/", "http://[fd00::1]/",
    "http://[ff02::1]/", "http://198.18.0.1/", "http://192.0.2.1/", "http://8.8.8.8:25/", "https://8.8.8.8:6379/",
    "file:///etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/", "//127.0.0.1:{port}/",
    "http://", "http://:{port}/", "http://127.0.0.1:99999/", "http://[::1/", "http://a b/", "http://exa\tmple.org/",
    "javascript:alert(1)", "data:image/png;base64,AAAA", "http://" + "a" * 70 + ".example/", "http://xn--\udc80/",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_nothing_that_is_not_public_is_ever_asked(address: str, inside: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def connects(*_args: Any, **_more: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", connects)

    with pytest.raises(NotFetched):
        fetch(address.format(port=inside.server_port), limit=1_000_000, seconds=2)


def test_a_listener_on_all_addresses_of_this_machine_hears_nothing() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        listener.setblocking(False)
        for address in FORBIDDEN:
            with pytest.raises(NotFetched):
                fetch(address.format(port=listener.getsockname()[1]), limit=1_000_000, seconds=2)

        with pytest.raises(BlockingIOError):  # nobody has knocked
            listener.accept()


def test_a_name_that_changes_its_mind_is_asked_once_and_held_to_it(
    outside: Host, inside: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[str] = []

    def rebinding(host: str, port: int, *args: Any, **more: Any) -> Any:
        resolved.append(host)
        address = OUTSIDE if len(resolved) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, outside.server_port))]

    monkeypatch.setattr(socket, "getaddrinfo", _only_for_names(rebinding, socket.getaddrinfo))

    content = fetch(f"http://rebind.example:{outside.server_port}/a.png", limit=1_000_000, seconds=5)

    assert content == picture()
    assert resolved == ["rebind.example"]


def _only_for_names(replaced: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    """Connecting to an address looks it up, too, without asking anybody."""

    def look_up(host: Any, *args: Any, **more: Any) -> Any:
        return (replaced if str(host).endswith(".example") else real)(host, *args, **more)

    return look_up


def test_a_name_with_one_public_and_one_private_address_is_not_asked(
    outside: Host, inside: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in (OUTSIDE, "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: both)

    with pytest.raises(NotFetched, match="not a public one"):
        fetch(f"http://both.example:{outside.server_port}/", limit=1_000, seconds=2)
    assert outside.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, outside: Host, inside: Host) -> None:
    outside.answers["/a.png"] = a_status(status, Location=inside.url("/secret"))

    with pytest.raises(NotFetched, match="not followed"):
        fetch(outside.url("/a.png"), limit=1_000, seconds=5)


def test_a_host_is_asked_under_its_own_name(outside: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts: list[str | None] = []

    def remember(asked: BaseHTTPRequestHandler) -> None:
        hosts.append(asked.headers["Host"])
        a_file(b"x")(asked)

    outside.answers["/"] = remember
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (OUTSIDE, outside.server_port))]
    monkeypatch.setattr(socket, "getaddrinfo", _only_for_names(lambda *args, **more: found, socket.getaddrinfo))

    fetch(f"http://shop.example:{outside.server_port}", limit=1_000, seconds=5)

    assert hosts == [f"shop.example:{outside.server_port}"]


def test_an_answer_that_never_ends_is_cut_off_at_the_limit(outside: Host) -> None:
    sent = 0

    def endless(asked: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        asked.send_response(200)
        asked.end_headers()
        while sent < 50_000_000:
            asked.wfile.write(b"x" * 10_000)
            sent += 10_000

    outside.answers["/"] = endless

    with pytest.raises(NotFetched, match="more than 100000 bytes"):
        fetch(outside.url("/"), limit=100_000, seconds=20)
    outside.shutdown()
    assert sent < 50_000_000


@pytest.mark.parametrize("slow", ["head", "body"])
def test_an_answer_a_byte_at_a_time_ends_with_the_deadline(
    slow: str, outside: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time passes with every byte that comes, instead of while we wait."""
    hung_up = threading.Event()
    clock = iter(range(10**6))

    def drip(asked: BaseHTTPRequestHandler) -> None:
        asked.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"" if slow == "head" else b"\r\n"))
        try:
            while True:
                asked.wfile.write(b"a")
                asked.wfile.flush()
        except OSError:
            hung_up.set()
            raise

    outside.answers["/"] = drip
    monkeypatch.setattr(remote, "time", type("Time", (), {"monotonic": staticmethod(lambda: next(clock))}))

    with pytest.raises(NotFetched, match="ReadTimeout") as refused:
        fetch(outside.url("/"), limit=10**9, seconds=25)
    assert refused.value.for_good is False
    assert hung_up.wait(20)


def test_a_host_that_says_nothing_is_left_at_the_deadline(settings: Any) -> None:
    settings.FETCH_NETWORKS = [f"{OUTSIDE}/32"]
    with socket.create_server((OUTSIDE, 0)) as silent, pytest.raises(NotFetched, match="no answer"):
        fetch(f"http://{OUTSIDE}:{silent.getsockname()[1]}/", limit=1_000, seconds=0.3)
