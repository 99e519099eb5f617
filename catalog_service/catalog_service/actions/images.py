"""Take in pictures: nothing of the uploaded file is kept but its pixels."""

import io
import secrets
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max
from PIL import Image as Pillow
from PIL import ImageOps

from catalog_service.actions import offers
from catalog_service.actions.products import lock_product
from catalog_service.models import Image, Product
from shared.errors import Invalid, NotFound

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("JPEG", "PNG", "WEBP")
LARGEST_SIDE = 1_600
THUMBNAIL_SIDE = 400
MAX_IMAGES = 20


@dataclass(frozen=True, slots=True)
class Stored:
    """Names in the media storage, and the size of the larger picture."""

    file: str
    thumbnail: str
    width: int
    height: int


def add_image(
    *, product: str, vendor_id: UUID | None, upload: IO[bytes], alt: str = "", primary: bool = False
) -> Image:
    """A product's first image is its primary one. Raises NotFound, Invalid (not a picture, too large, too many)."""
    picture = open_picture(upload)
    with transaction.atomic():
        row = lock_product(product, vendor_id)
        if row.images.count() >= MAX_IMAGES:
            raise Invalid({"image": [f"A product has at most {MAX_IMAGES} images."]})
        image = _insert(row, store(picture), alt, primary)
        _saved(row)
        return image


@transaction.atomic
def remove_image(*, product: str, vendor_id: UUID | None, image_id: UUID) -> None:
    """The next one becomes primary. Raises NotFound."""
    row = lock_product(product, vendor_id)
    image = row.images.filter(id=image_id).first()
    if image is None:
        raise NotFound
    image.delete()
    following = row.images.order_by("position", "id").first()
    if image.primary and following:
        following.primary = True
        following.save(update_fields=["primary"])
    _saved(row)
    transaction.on_commit(lambda: _forget(image))


def open_picture(upload: IO[bytes]) -> "Picture":
    """The pixels, upright. The header is read first: what claims too many pixels is never decoded. Raises Invalid."""
    try:
        picture = Pillow.open(upload, formats=FORMATS)
        if picture.width * picture.height > settings.IMAGE_MAX_PIXELS:
            raise Invalid({"image": [f"At most {settings.IMAGE_MAX_PIXELS} pixels."]})
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise Invalid({"image": ["Not a JPEG, PNG or WebP picture that can be read."]}) from None


def store(picture: "Picture") -> Stored:
    """Encode the picture and its thumbnail anew, under random names."""
    large = picture.copy()
    large.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    small = large.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    name = f"products/{secrets.token_hex(16)}"
    return Stored(_write(large, name), _write(small, f"{name}.small"), large.width, large.height)


def _write(picture: "Picture", name: str) -> str:
    transparent = picture.mode == "RGBA"
    buffer = io.BytesIO()
    picture.save(buffer, "PNG" if transparent else "JPEG", quality=85, optimize=False)
    name = f"{name}.{'png' if transparent else 'jpg'}"
    return default_storage.save(name, ContentFile(buffer.getvalue()))


def _forget(image: Image) -> None:
    for name in (image.file, image.thumbnail):
        default_storage.delete(name)


def _insert(product: Product, stored: Stored, alt: str, primary: bool) -> Image:
    last = product.images.aggregate(last=Max("position"))["last"]
    if primary:
        product.images.update(primary=False)
    return Image.objects.create(
        product=product,
        file=stored.file,
        thumbnail=stored.thumbnail,
        width=stored.width,
        height=stored.height,
        alt=alt,
        primary=primary or last is None,
        position=0 if last is None else last + 1,
    )


def _saved(product: Product) -> None:
    product.version += 1
    product.save(update_fields=["version", "updated_at"])
    offers.product_changed([product.id])
