"""Pixels and files: what comes in as a picture, and how it is stored. Of an uploaded file only its pixels are kept.

    products/20260131/<random>.jpg          the picture, encoded anew (.png where it is transparent)
    products/20260131/<random>.small.webp   and .medium.webp, .large.webp: made by the worker

The day in a name tells the sweep how old a file is that nothing points at.
"""

import io
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from PIL import Image as Pillow
from PIL import ImageOps

from shared import media
from shared.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("JPEG", "PNG", "WEBP")
LARGEST_SIDE = 2_400
SIZES = {"small": 400, "medium": 800, "large": 1_600}
"""The longer side of each thumbnail, in pixels; none is larger than its picture."""
FOLDER = "products"
SUFFIXES = ("jpg", "png", "webp")


@dataclass(frozen=True, slots=True)
class Stored:
    """The name in the media storage, and the picture's size."""

    file: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Names in the media storage."""

    small: str
    medium: str
    large: str


def open_picture(upload: IO[bytes]) -> "Picture":
    """The pixels, upright and not too many, without anything else. The format is told by the first bytes, whatever the
    name says; the header is read first: what claims too many pixels is never decoded. Raises Invalid.
    """
    try:
        picture = Pillow.open(upload, formats=FORMATS)
        if picture.width * picture.height > settings.IMAGE_MAX_PIXELS:
            raise Invalid({"image": [f"At most {settings.IMAGE_MAX_PIXELS} pixels."]})
        pixels = _pixels(picture)
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise Invalid({"image": ["Not a JPEG, PNG or WebP picture that can be read."]}) from None
    pixels.info.clear()  # or Pillow would write profiles, comments and places into the new file
    return pixels


def _pixels(picture: "Picture") -> "Picture":
    """Made small before anything else: each step costs as much memory as the picture has pixels."""
    picture.load()
    if picture.mode == "P":
        picture = _plain(picture)  # a palette cannot be scaled
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    ImageOps.exif_transpose(picture, in_place=True)
    return _plain(picture)


def _plain(picture: "Picture") -> "Picture":
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def store(picture: "Picture", folder: str = FOLDER) -> Stored:
    """Encode the picture anew, under a random name. Raises Unavailable."""
    kind, suffix = ("PNG", "png") if picture.mode == "RGBA" else ("JPEG", "jpg")
    name = media.save(f"{new_stem(folder)}.{suffix}", _encoded(picture, kind, quality=88))
    return Stored(name, picture.width, picture.height)


def store_with_thumbnail(picture: "Picture", folder: str) -> tuple[Stored, str]:
    """Where one small size is enough: made at once. Raises Unavailable."""
    stored = store(picture, folder)
    picture.thumbnail((SIZES["small"], SIZES["small"]))
    stem = stored.file.rpartition(".")[0]
    return stored, media.save(f"{stem}.small.webp", _encoded(picture, "WEBP", quality=80, method=4))


@contextmanager
def kept_only_with(names: Collection[str]) -> Iterator[None]:
    """What was stored for these rows goes again when they cannot be written. The sweep finds what a kill leaves."""
    try:
        yield
    except BaseException:
        for name in names:
            with suppress(Unavailable):
                media.delete(name)
        raise


def new_stem(folder: str = FOLDER) -> str:
    """A name without suffix that nobody can guess."""
    return f"{folder}/{timezone.now():%Y%m%d}/{secrets.token_hex(16)}"


def store_thumbnails(file: str) -> Thumbnails:
    """Make the three sizes of a stored picture. Always under the same names, so that doing it again leaves nothing
    behind. Raises NotFound, Unavailable, Invalid.
    """
    picture = open_picture(io.BytesIO(media.read(file, settings.IMAGE_MAX_BYTES * 10)))
    stem = file.rpartition(".")[0]
    names = {}
    for size, side in sorted(SIZES.items(), key=lambda one: -one[1]):  # each is made from the one before
        picture.thumbnail((side, side))
        names[size] = media.save(f"{stem}.{size}.webp", _encoded(picture, "WEBP", quality=80, method=4))
    return Thumbnails(**names)


def _encoded(picture: "Picture", kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
