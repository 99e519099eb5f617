"""The pictures of a product: many, in an order, one of them primary. Thumbnails are made by the worker's clock."""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import IO, TypedDict
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from catalog_service.actions import offers, pictures
from catalog_service.actions.files import discard
from catalog_service.actions.pictures import Stored, Thumbnails
from catalog_service.actions.products import lock_product
from catalog_service.models import Image, Product
from shared.due import take_one
from shared.errors import Invalid, NotFound, Unavailable

log = logging.getLogger("nexus.catalog")
MAX_IMAGES = 20
LEASE = timedelta(minutes=1)
ATTEMPTS = 6


class ImageChanges(TypedDict, total=False):
    """`position` counts from 0; the others make room."""

    alt: str
    primary: bool
    position: int


def add_image(
    *, product: str, vendor_id: UUID | None, upload: IO[bytes], alt: str = "", primary: bool = False
) -> Image:
    """A product's first image is its primary one. Raises NotFound, Invalid (not a picture, too large, too many),
    Unavailable.
    """
    Product.objects.writable_by(vendor_id).named(product).one()
    stored = pictures.store(pictures.open_picture(upload))
    with pictures.kept_only_with([stored.file]), transaction.atomic():
        row = lock_product(product, vendor_id)
        if row.images.count() >= MAX_IMAGES:
            raise Invalid({"image": [f"A product has at most {MAX_IMAGES} images."]})
        image = insert_image(row, stored, alt=alt, primary=primary)
        _saved(row)
        return image


@transaction.atomic
def edit_image(*, product: str, vendor_id: UUID | None, image_id: UUID, changes: ImageChanges) -> Image:
    """Raises NotFound, Invalid (primary)."""
    row = lock_product(product, vendor_id)
    image = _image_of(row, image_id)
    if "alt" in changes:
        image.alt = changes["alt"]
        image.save(update_fields=["alt"])
    if "primary" in changes:
        _set_primary(row, image, changes["primary"])
    if "position" in changes:
        others = list(row.images.exclude(id=image.id).order_by("position", "id"))
        others.insert(changes["position"], image)
        _number(others)
    _saved(row)
    return image


@transaction.atomic
def order_images(*, product: str, vendor_id: UUID | None, image_ids: Sequence[UUID]) -> list[Image]:
    """All images of the product in this order. Raises NotFound, Invalid for one that is missing, strange or twice."""
    row = lock_product(product, vendor_id)
    known = {image.id: image for image in row.images.all()}
    if len(image_ids) != len(known) or set(image_ids) != set(known):
        raise Invalid({"images": ["Every image of the product, each once."]})
    ordered = [known[image_id] for image_id in image_ids]
    _number(ordered)
    _saved(row)
    return ordered


@transaction.atomic
def remove_image(*, product: str, vendor_id: UUID | None, image_id: UUID) -> None:
    """The next one becomes primary. Raises NotFound."""
    row = lock_product(product, vendor_id)
    delete_images(row, [_image_of(row, image_id)])
    _saved(row)


def insert_image(
    product: Product, stored: Stored, *, alt: str, primary: bool = False, source: str = "", position: int | None = None
) -> Image:
    """A row at the end (or at `position`) of a locked product, whose card the caller refreshes."""
    last = product.images.aggregate(last=Max("position"))["last"]
    if primary:
        product.images.update(primary=False)
    return Image.objects.create(
        product=product,
        file=stored.file,
        width=stored.width,
        height=stored.height,
        alt=alt,
        source=source,
        primary=primary or last is None,
        position=position if position is not None else 0 if last is None else last + 1,
        due_at=timezone.now(),
    )


def delete_images(product: Product, images: Collection[Image]) -> None:
    """Of a locked product, whose card the caller refreshes. The files go later, by the clock."""
    discard([name for image in images for name in image.files])
    product.images.filter(id__in=[image.id for image in images]).delete()
    following = product.images.order_by("position", "id").first()
    if following and not product.images.filter(primary=True).exists():
        following.primary = True
        following.save(update_fields=["primary"])


def _image_of(product: Product, image_id: UUID) -> Image:
    image = product.images.filter(id=image_id).first()
    if image is None:
        raise NotFound
    return image


def _set_primary(product: Product, image: Image, primary: bool) -> None:
    if image.primary and not primary:
        raise Invalid({"primary": ["Make another image primary instead."]})
    if primary:
        product.images.update(primary=False)
        image.primary = True
        image.save(update_fields=["primary"])


def _number(images: Sequence[Image]) -> None:
    for i, image in enumerate(images):
        image.position = i
    Image.objects.bulk_update(images, ["position"])


def _saved(product: Product) -> None:
    product.version += 1
    product.save(update_fields=["version", "updated_at"])
    offers.product_changed([product.id])


# ── Jobs of the clock ────────────────────────────────────────────────────────────────────────────────────────────────


def make_thumbnails() -> int:
    """One picture after the other, until none is due; answers how many it made."""
    made = 0
    while taken := _take_image():
        made += _make(taken)
    return made


def _take_image() -> Image | None:
    return take_one(Image.objects.all(), lease=LEASE)


def _make(image: Image) -> bool:
    try:
        made = pictures.store_thumbnails(image.file)
    except (NotFound, Invalid, Unavailable) as error:
        log.warning("no thumbnails of %s yet: %s", image.file, error)
        if image.attempts >= ATTEMPTS:
            Image.objects.filter(id=image.id).update(due_at=None)
        return False
    return _show(image, made)


@transaction.atomic
def _show(image: Image, made: Thumbnails) -> bool:
    """False when the picture was removed meanwhile. Only the primary one is part of cards and offers."""
    product = Product.objects.select_for_update(no_key=True).get(id=image.product_id)
    row = product.images.filter(id=image.id).first()
    if row is None:
        discard([made.small, made.medium, made.large])
        return False
    discard([name for name in (row.thumbnail,) if name and name != made.small])
    row.thumbnail, row.medium, row.large, row.due_at = made.small, made.medium, made.large, None
    row.save(update_fields=["thumbnail", "medium", "large", "due_at"])
    if row.primary:
        _saved(product)
    else:
        product.version += 1
        product.save(update_fields=["version", "updated_at"])
    return True
