"""Pictures of people: only pixels come in."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from conftest import Register, as_user
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image as Pillow
from rest_framework.test import APIClient

from shared.contracts.user import UserChanged
from shared.testing import body, published
from user_service.actions import avatars
from user_service.models import User

pytestmark = pytest.mark.django_db(transaction=True)

AVATAR = "/api/v1/users/me/avatar"


@pytest.fixture
def media(settings: LazySettings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


@pytest.fixture
def ada(make_account: Register, media: Path) -> APIClient:
    return as_user(make_account()["access"])


def a_picture(format_: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", size, "teal").save(buffer, format_, **options)
    return buffer.getvalue()


def a_bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


def upload(client: APIClient, content: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile("../../etc/passwd.php", content, "image/jpeg")
    return client.put(AVATAR, {"avatar": file, **fields}, format="multipart")


def files(media: Path) -> list[Path]:
    return sorted((media / "avatars").glob("*"))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_encoded_anew_under_a_random_name(format_: str, ada: APIClient, media: Path) -> None:
    response = upload(ada, a_picture(format_, (3_000, 1_000)))

    (file,) = files(media)
    assert response.status_code == 200
    assert body(response)["avatar"].endswith(f"/media/avatars/{file.name}")
    assert "passwd" not in file.name
    with Pillow.open(file) as kept:
        assert (kept.format, kept.size) == ("WEBP", (512, 171))


def test_where_and_with_what_it_was_taken_is_not_kept(ada: APIClient, media: Path) -> None:
    exif = Pillow.Exif()
    exif[0x010F] = "a camera that tells"

    upload(ada, a_picture(exif=exif))

    assert b"camera that tells" not in files(media)[0].read_bytes()


def test_the_next_picture_replaces_the_file_and_removing_it_leaves_none(ada: APIClient, media: Path) -> None:
    first = body(upload(ada, a_picture()))["avatar"]
    second = body(upload(ada, a_picture("PNG")))["avatar"]
    kept = [file.name for file in files(media)]

    removed = [ada.delete(AVATAR).status_code for _ in range(2)]

    assert first != second
    assert kept == [second.rsplit("/", 1)[1]]
    assert removed == [204, 204]
    assert files(media) == []
    assert body(ada.get("/api/v1/users/me"))["avatar"] is None


def test_each_change_is_told_once(ada: APIClient) -> None:
    before = len(published(UserChanged))

    upload(ada, a_picture())
    ada.delete(AVATAR)
    ada.delete(AVATAR)

    assert len(published(UserChanged)) == before + 2


def test_a_change_that_is_rolled_back_loses_no_file(ada: APIClient, media: Path) -> None:
    upload(ada, a_picture())
    user = User.objects.get()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        avatars.remove_avatar(user_id=user.id)
        raise ZeroDivisionError

    assert [f"avatars/{file.name}" for file in files(media)] == [User.objects.get().avatar]


def test_a_picture_of_nobody_leaves_no_file(ada: APIClient, media: Path) -> None:
    User.objects.update(active=False, deleted_at="2026-01-01T00:00:00Z")

    assert upload(ada, a_picture()).status_code == 404
    assert files(media) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a" + b"\0" * 50, b"<svg onload='alert(1)'/>", a_picture()[:300], a_picture("BMP"), a_bomb()],
    ids=["empty", "gif", "svg", "cut off", "bmp", "bomb"],
)
def test_what_is_no_picture_is_refused(content: bytes, ada: APIClient, media: Path) -> None:
    response = upload(ada, content)

    assert (response.status_code, list(body(response)["errors"])) == (400, ["avatar"])
    assert files(media) == []


def test_too_many_bytes_and_too_many_pixels_are_refused(ada: APIClient, media: Path, settings: LazySettings) -> None:
    settings.AVATAR_MAX_BYTES, settings.AVATAR_MAX_PIXELS = 100_000, 1_000
    pixels = upload(ada, a_picture("PNG", (40, 40)))
    settings.AVATAR_MAX_BYTES = 10
    many = upload(ada, a_picture("PNG", (4, 4)))

    assert [body(answer)["errors"]["avatar"] for answer in (pixels, many)] == [
        ["At most 1000 pixels."],
        ["At most 10 bytes."],
    ]


def test_an_odd_form_and_a_guest_are_refused(ada: APIClient) -> None:
    assert ada.put(AVATAR, {"avatar": "text"}, format="multipart").status_code == 400
    assert ada.put(AVATAR, {}, format="multipart").status_code == 400
    assert set(body(upload(ada, a_picture(), owner="x"))["errors"]) == {"owner"}
    assert ada.put(AVATAR, {"avatar": "x"}).status_code == 415
    assert upload(APIClient(), a_picture()).status_code == 401
