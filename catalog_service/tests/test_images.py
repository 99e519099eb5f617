"""Pictures: only pixels come in."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow

from catalog_service.models import Product
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
    assert (image["alt"], image["primary"]) == ("Blue", True)
    file = media / image["url"].split("/media/")[1]
    thumbnail = media / image["thumbnail"].split("/media/")[1]
    assert Pillow.open(file).size == (1_600, 533)
    assert max(Pillow.open(thumbnail).size) == 400
    assert "passwd" not in image["url"]
    card = body(client_as().get("/api/v1/products"))["results"][0]
    assert card["image"] == image["thumbnail"] == published(OfferChanged)[-1].image


def test_metadata_does_not_survive(media: Path) -> None:
    exif = Pillow.Exif()
    exif[0x010E] = "where I live"

    image = body(upload(make_product(), a_picture(exif=exif)))

    assert b"where I live" not in (media / image["url"].split("/media/")[1]).read_bytes()


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
    assert list(media.iterdir()) == []


def test_a_file_beyond_the_limit_is_refused(settings: Any) -> None:
    settings.IMAGE_MAX_BYTES = 100

    assert upload(make_product(), a_picture()).status_code == 400


def test_one_image_is_primary_and_the_next_takes_its_place(media: Path) -> None:
    product = make_product()
    first = body(upload(product, a_picture()))
    second = body(upload(product, a_picture(), primary="true"))
    client = client_as("vendor", vendor_id=product.vendor_id)

    images = body(client.get(f"/api/v1/products/{product.id}"))["images"]
    assert [(image["id"], image["primary"]) for image in images] == [(second["id"], True), (first["id"], False)]

    assert client.delete(f"/api/v1/products/{product.id}/images/{second['id']}").status_code == 204
    images = body(client.get(f"/api/v1/products/{product.id}"))["images"]
    assert [(image["id"], image["primary"]) for image in images] == [(first["id"], True)]
    assert body(client.get("/api/v1/products"))["results"][0]["image"] == first["thumbnail"]


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
