"""Pictures: only pixels come in."""

import io
import re
import struct
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.utils import timezone
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from catalog_service.actions import files, images, pictures
from catalog_service.models import DiscardedFile, Image, Product
from shared.contracts.catalog import OfferChanged
from shared.testing import body, client_as, published
from tests.factories import make_product, make_vendor

pytestmark = pytest.mark.django_db


def a_picture(format_: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", size, "teal").save(buffer, format_, **options)
    return buffer.getvalue()


def upload(product: Product, content: bytes, **fields: Any) -> Any:
    client = client_as("vendor", vendor_id=product.vendor_id, user_id=product.vendor_id)
    file = SimpleUploadedFile("../../etc/passwd.php", content, "image/jpeg")
    url = f"/api/v1/products/{product.id}/images"
    headers = fields.pop("headers", {})
    return client.post(url, {"image": file, **fields}, format="multipart", headers=headers)


def file_of(media: Path, url: str) -> Path:
    return media / url.split("/media/")[1]


def vendor_of(product: Product) -> Any:
    return client_as("vendor", vendor_id=product.vendor_id)


def shown_images(product: Product) -> Any:
    return body(client_as().get(f"/api/v1/products/{product.id}"))["images"]


def marks(product: Product) -> list[tuple[str, bool]]:
    return [(image["id"], image["primary"]) for image in shown_images(product)]


def a_bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_encoded_anew_under_a_random_name(format_: str, media: Path) -> None:
    product = make_product()

    response = upload(product, a_picture(format_, (3_000, 1_000)), alt="Blue")

    assert response.status_code == 201, response.content
    image = body(response)
    assert (image["alt"], image["primary"], image["thumbnails"]) == ("Blue", True, None)
    assert (image["width"], image["height"]) == Pillow.open(file_of(media, image["url"])).size == (2_400, 800)
    assert re.fullmatch(r"http://\S+/media/products/\d{8}/[0-9a-f]{32}\.jpg", image["url"])
    card = body(client_as().get("/api/v1/products"))["results"][0]
    assert card["image"] == image["thumbnail"] == image["url"] == published(OfferChanged)[-1].image


def test_thumbnails_are_made_in_the_background_and_shown_once_they_are_there(media: Path) -> None:
    product = make_product()
    first, second = (body(upload(product, a_picture(size=(3_000, 1_500)))) for _ in range(2))

    assert images.make_thumbnails() == 2

    shown = shown_images(product)
    assert [image["id"] for image in shown] == [first["id"], second["id"]]
    sizes = {name: Pillow.open(file_of(media, url)) for name, url in shown[0]["thumbnails"].items()}
    assert {name: (one.format, one.size) for name, one in sizes.items()} == {
        "small": ("WEBP", (400, 200)),
        "medium": ("WEBP", (800, 400)),
        "large": ("WEBP", (1_600, 800)),
    }
    assert shown[0]["thumbnail"] == shown[0]["thumbnails"]["small"] == published(OfferChanged)[-1].image
    assert body(client_as().get("/api/v1/products"))["results"][0]["image"] == shown[0]["thumbnail"]
    told = len(published(OfferChanged))
    assert images.make_thumbnails() == 0
    assert len(published(OfferChanged)) == told


def test_a_small_picture_is_not_blown_up_and_transparency_stays(media: Path) -> None:
    product = make_product()
    buffer = io.BytesIO()
    Pillow.new("RGBA", (60, 40), (9, 9, 9, 0)).save(buffer, "PNG")

    image = body(upload(product, buffer.getvalue()))
    images.make_thumbnails()

    assert image["url"].endswith(".png")
    large = Pillow.open(file_of(media, shown_images(product)[0]["thumbnails"]["large"]))
    assert (large.size, large.mode) == ((60, 40), "RGBA")


def test_a_worker_that_dies_with_a_picture_leaves_it_to_the_next(media: Path) -> None:
    product = make_product()
    upload(product, a_picture())

    images._take_image()  # and is killed here

    assert images.make_thumbnails() == 0
    Image.objects.update(due_at=timezone.now())
    assert images.make_thumbnails() == 1
    assert Image.objects.get().due_at is None


def test_a_picture_whose_file_is_lost_is_given_up_after_some_attempts(media: Path) -> None:
    product = make_product()
    image = body(upload(product, a_picture()))
    file_of(media, image["url"]).unlink()

    for _ in range(images.ATTEMPTS):
        Image.objects.update(due_at=timezone.now())
        assert images.make_thumbnails() == 0

    assert (Image.objects.get().due_at, Image.objects.get().attempts) == (None, images.ATTEMPTS)
    assert shown_images(product)[0]["thumbnails"] is None


def test_a_picture_that_is_removed_while_its_thumbnails_are_made_leaves_no_files(media: Path) -> None:
    product = make_product()
    upload(product, a_picture())
    taken = images._take_image()
    assert taken is not None
    made = pictures.store_thumbnails(taken.file)
    images.remove_image(product=str(product.id), vendor_id=None, image_id=taken.id)

    assert images._show(taken, made) is False

    DiscardedFile.objects.update(due_at=timezone.now())
    files.delete_discarded()
    assert list(media.rglob("*.*")) == []


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_metadata_does_not_survive(format_: str, media: Path) -> None:
    exif = Pillow.Exif()
    exif[0x010E] = "where I live"
    options: dict[str, Any] = {"exif": exif, "icc_profile": b"where I live" * 12}
    if format_ == "PNG":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("Comment", "where I live")
    else:
        options["xmp"] = b"where I live"
    content = a_picture(format_, **options)
    assert b"where I live" in content

    upload(make_product(), content)
    images.make_thumbnails()

    written = [file.read_bytes() for file in media.rglob("*.*")]
    assert len(written) == 4
    assert not [file for file in written if b"where I live" in file]
    assert not [file for file in written if {"exif", "icc_profile", "xmp"} & set(Pillow.open(io.BytesIO(file)).info)]


@pytest.mark.parametrize(
    "content",
    [
        a_bomb(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 50,
        a_picture()[:200],
        b"",
        b"\xff\xd8\xff" + b"x" * 100,
    ],
    ids=["bomb", "svg", "gif", "cut off", "empty", "only magic"],
)
def test_what_is_no_harmless_picture_is_refused(content: bytes, media: Path) -> None:
    response = upload(make_product(), content)

    assert response.status_code == 400
    assert set(body(response)["errors"]) == {"image"}
    assert list(media.rglob("*.*")) == []


def test_a_file_beyond_the_limit_is_refused(settings: Any) -> None:
    settings.IMAGE_MAX_BYTES = 100

    assert upload(make_product(), a_picture()).status_code == 400


def test_one_image_is_primary_and_the_next_takes_its_place() -> None:
    product = make_product()
    first = body(upload(product, a_picture()))
    second = body(upload(product, a_picture(), primary="true"))
    client = vendor_of(product)

    assert marks(product) == [(first["id"], False), (second["id"], True)]

    assert client.delete(f"/api/v1/products/{product.id}/images/{second['id']}").status_code == 204
    assert marks(product) == [(first["id"], True)]
    assert body(client.get("/api/v1/products"))["results"][0]["image"] == first["thumbnail"]


def test_images_are_put_into_an_order_and_described() -> None:
    product = make_product()
    a, b, c = (body(upload(product, a_picture()))["id"] for _ in range(3))
    client, url = vendor_of(product), f"/api/v1/products/{product.id}/images"

    ordered = client.put(f"{url}/order", {"images": [c, a, b]})
    edited = client.patch(f"{url}/{b}", {"alt": "From behind", "primary": True, "position": 0})

    assert [image["id"] for image in body(ordered)["results"]] == [c, a, b]
    assert (body(edited)["alt"], body(edited)["primary"], body(edited)["position"]) == ("From behind", True, 0)
    assert marks(product) == [(b, True), (c, False), (a, False)]
    assert [image["position"] for image in body(client_as().get(url))["results"]] == [0, 1, 2]


def test_an_order_names_every_image_once() -> None:
    product, other = make_product(), make_product("Other")
    a, b = (body(upload(product, a_picture()))["id"] for _ in range(2))
    foreign = body(upload(other, a_picture()))["id"]
    url = f"/api/v1/products/{product.id}/images/order"

    for wrong in ([a], [a, a], [a, b, b], [a, foreign], [a, b, foreign], ["x", "y"], "x"):
        refused = vendor_of(product).put(url, {"images": wrong})
        assert (refused.status_code, {name.split(".")[0] for name in body(refused)["errors"]}) == (400, {"images"})
    assert vendor_of(product).put(url, {"images": [b, a]}).status_code == 200


def test_a_primary_image_stays_primary_until_another_is() -> None:
    product = make_product()
    image = body(upload(product, a_picture()))["id"]

    refused = vendor_of(product).patch(f"/api/v1/products/{product.id}/images/{image}", {"primary": False})

    assert (refused.status_code, set(body(refused)["errors"])) == (400, {"primary"})


def test_there_is_a_limit_to_how_many_images_a_product_has(monkeypatch: pytest.MonkeyPatch, media: Path) -> None:
    monkeypatch.setattr(images, "MAX_IMAGES", 1)
    product = make_product()
    upload(product, a_picture())

    assert upload(product, a_picture()).status_code == 400
    assert len(list(media.rglob("*.*"))) == 1


def test_files_of_a_removed_image_are_deleted_when_nobody_shows_them_any_more(media: Path) -> None:
    product = make_product()
    gone, kept = (body(upload(product, a_picture()))["id"] for _ in range(2))
    images.make_thumbnails()
    vendor_of(product).delete(f"/api/v1/products/{product.id}/images/{gone}")

    assert files.delete_discarded() == 0
    assert len(list(media.rglob("*.*"))) == 8
    DiscardedFile.objects.update(due_at=timezone.now())
    assert files.delete_discarded() == 4
    assert {file.name for file in media.rglob("*.*")} == {Path(n).name for n in Image.objects.get(id=kept).files}
    assert not DiscardedFile.objects.exists()


def test_a_discarded_file_that_a_picture_still_shows_stays(media: Path) -> None:
    product = make_product()
    upload(product, a_picture())
    files.discard([Image.objects.get().file])
    DiscardedFile.objects.update(due_at=timezone.now())

    assert files.delete_discarded() == 0
    assert len(list(media.rglob("*.*"))) == 1
    assert not DiscardedFile.objects.exists()


def test_files_whose_row_was_never_written_are_swept_up(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    product, then = make_product(), timezone.now() - timedelta(days=3)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: then)
        upload(product, a_picture())
        lost = pictures.store(pictures.open_picture(io.BytesIO(a_picture()))).file  # and the process is killed here
    fresh = pictures.store(pictures.open_picture(io.BytesIO(a_picture()))).file

    assert files.sweep_files() == 1
    DiscardedFile.objects.update(due_at=timezone.now())
    files.delete_discarded()

    left = {str(file.relative_to(media)) for file in media.rglob("*.*")}
    assert left == {fresh, Image.objects.get().file}
    assert lost not in left


def test_what_was_stored_goes_when_the_row_cannot_be_written(monkeypatch: pytest.MonkeyPatch, media: Path) -> None:
    def refuse(*_args: Any, **_more: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(images, "insert_image", refuse)

    assert upload(make_product(), a_picture()).status_code == 503
    assert list(media.rglob("*.*")) == []


def test_a_repeated_upload_with_a_key_is_one_image() -> None:
    product = make_product()
    content = a_picture()

    first, second = (upload(product, content, headers={"Idempotency-Key": "k"}) for _ in range(2))
    other = upload(product, a_picture(size=(9, 9)), headers={"Idempotency-Key": "k"})

    assert first.status_code == 201
    assert first.content == second.content
    assert other.status_code == 422
    assert product.images.count() == 1


def test_another_vendors_product_takes_no_image() -> None:
    product = make_product()
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)
    file = SimpleUploadedFile("a.jpg", a_picture())

    response = stranger.post(f"/api/v1/products/{product.id}/images", {"image": file}, format="multipart")

    assert response.status_code == 404
    assert body(response)["code"] == "not_found"


def test_another_vendors_images_are_absent() -> None:
    product = make_product()
    image = body(upload(product, a_picture()))["id"]
    stranger, url = client_as("vendor", vendor_id=make_vendor("Other").id), f"/api/v1/products/{product.id}/images"

    assert stranger.patch(f"{url}/{image}", {"alt": "Mine"}).status_code == 404
    assert stranger.put(f"{url}/order", {"images": [image]}).status_code == 404
    assert stranger.delete(f"{url}/{image}").status_code == 404
    assert vendor_of(product).patch(f"{url}/{product.id}", {"alt": "x"}).status_code == 404


def test_images_of_what_is_not_on_sale_are_its_vendors_alone() -> None:
    product = make_product(by_admin=False)
    upload(product, a_picture())
    url = f"/api/v1/products/{product.id}/images"

    assert client_as().get(url).status_code == 404
    assert len(body(vendor_of(product).get(url))["results"]) == 1
