"""Pictures that people upload: nothing of a file is kept but its pixels. Only for services that have Pillow."""

import io
from typing import IO, TYPE_CHECKING

from PIL import Image as Pillow
from PIL import ImageOps

from shared.errors import Invalid

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("JPEG", "PNG", "WEBP")


def open_picture(
    upload: IO[bytes], *, most_pixels: int, largest_side: int, field: str = "image", also: str = ""
) -> "Picture":
    """The pixels, upright and not too many, without anything else. The format is told by the first bytes, whatever the
    name says; the header is read first: what claims too many pixels is never decoded. `field` is named in a refusal,
    and what else would have been taken there (`also`). Raises Invalid.
    """
    try:
        picture = Pillow.open(upload, formats=FORMATS)
        if picture.width * picture.height > most_pixels:
            raise Invalid({field: [f"At most {most_pixels} pixels."]})
        pixels = _pixels(picture, largest_side)
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        wanted = "a JPEG, PNG or WebP picture" + (f" or {also}" if also else "")
        raise Invalid({field: [f"Not {wanted} that can be read."]}) from None
    pixels.info.clear()  # or Pillow would write profiles, comments and places into the new file
    return pixels


def _pixels(picture: "Picture", largest_side: int) -> "Picture":
    """Made small before anything else: each step costs as much memory as the picture has pixels."""
    picture.load()
    if picture.mode == "P":
        picture = _plain(picture)  # a palette cannot be scaled
    picture.thumbnail((largest_side, largest_side))
    ImageOps.exif_transpose(picture, in_place=True)
    return _plain(picture)


def _plain(picture: "Picture") -> "Picture":
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def encoded(picture: "Picture", kind: str, **options: int) -> bytes:
    """The bytes of a new file of this kind (`JPEG`, `PNG`, `WEBP`)."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
