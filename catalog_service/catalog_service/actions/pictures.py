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

from shared import media
from shared import pictures as shared_pictures
from shared.errors import Unavailable
from shared.pictures import encoded

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

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
    """The pixels, upright and not too many, without anything else. Raises Invalid."""
    return shared_pictures.open_picture(upload, most_pixels=settings.IMAGE_MAX_PIXELS, largest_side=LARGEST_SIDE)


def store(picture: "Picture", folder: str = FOLDER) -> Stored:
    """Encode the picture anew, under a random name. Raises Unavailable."""
    kind, suffix = ("PNG", "png") if picture.mode == "RGBA" else ("JPEG", "jpg")
    name = media.save(f"{new_stem(folder)}.{suffix}", encoded(picture, kind, quality=88))
    return Stored(name, picture.width, picture.height)


def store_with_thumbnail(picture: "Picture", folder: str) -> tuple[Stored, str]:
    """Where one small size is enough: made at once. Raises Unavailable."""
    stored = store(picture, folder)
    picture.thumbnail((SIZES["small"], SIZES["small"]))
    stem = stored.file.rpartition(".")[0]
    return stored, media.save(f"{stem}.small.webp", encoded(picture, "WEBP", quality=80, method=4))


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
        names[size] = media.save(f"{stem}.{size}.webp", encoded(picture, "WEBP", quality=80, method=4))
    return Thumbnails(**names)
