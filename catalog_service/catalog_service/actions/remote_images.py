"""Fetch the pictures that imports name, in the worker's clock: some strangers at a time, with no row locked."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from catalog_service.actions import images, offers, pictures
from catalog_service.actions.files import discard
from catalog_service.actions.pictures import Stored
from catalog_service.clients.remote import NotFetched, fetch
from catalog_service.models import Image, ImageToFetch, Import, Product
from shared import media
from shared.due import take
from shared.errors import Invalid, NotFound, Unavailable

AT_ONCE = 4
ATTEMPTS = 5
LEASE = timedelta(minutes=2)


def fetch_images() -> int:
    """A job for the clock: until none is due; answers how many came."""
    came = 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as pool:
        while rows := _take():
            copied = {row.id: _own(row) for row in rows}
            fetched = dict(zip((row.id for row in rows), pool.map(_fetched, rows), strict=True))
            came += sum(_settle(row, copied[row.id] or fetched[row.id]) for row in rows)
    return came


def _take() -> list[ImageToFetch]:
    return take(ImageToFetch.objects.all(), limit=AT_ONCE, lease=LEASE)


def _own(row: ImageToFetch) -> Stored | NotFetched | None:
    """A copy, byte for byte, of a picture that is here already; None for a stranger's address."""
    name = media.name_of(row.url)
    if name is None:
        return None
    image = Image.objects.filter(file=name).first()
    if image is None:
        return NotFetched("there is no such picture here")
    try:
        content = media.read(name, settings.IMAGE_MAX_BYTES * 10)
        copy = media.save(f"{pictures.new_stem()}.{name.rpartition('.')[2]}", content)
    except NotFound:
        return NotFetched("there is no such file here")
    except Unavailable as error:
        return NotFetched(error.detail, for_good=False)
    return Stored(copy, image.width, image.height)


def _fetched(row: ImageToFetch) -> Stored | NotFetched:
    """Without a database: this runs in a thread of its own."""
    if media.name_of(row.url):
        return NotFetched("it is ours")
    try:
        content = fetch(row.url, limit=settings.IMAGE_MAX_BYTES, seconds=settings.FETCH_SECONDS)
        return pictures.store(pictures.open_picture(io.BytesIO(content)))
    except NotFetched as error:
        return error
    except Invalid as error:
        return NotFetched(" ".join(error.errors["image"]))
    except Unavailable as error:
        return NotFetched(error.detail, for_good=False)


def _settle(row: ImageToFetch, outcome: Stored | NotFetched) -> bool:
    if isinstance(outcome, Stored):
        with pictures.kept_only_with([outcome.file]):
            return _insert(row, outcome)
    if outcome.for_good or row.attempts >= ATTEMPTS:
        _give_up(row, str(outcome))
    return False


@transaction.atomic
def _insert(row: ImageToFetch, stored: Stored) -> bool:
    """False, and the file goes, when another worker was faster or the product has as many pictures as it may."""
    product = Product.objects.kept().select_for_update(no_key=True).filter(id=row.product_id).first()
    wanted = ImageToFetch.objects.filter(id=row.id).first()
    if wanted:
        wanted.delete()
    if product is None or wanted is None or product.images.count() >= images.MAX_IMAGES:
        discard([stored.file])
        return False
    images.insert_image(
        product, stored, alt=wanted.alt, primary=wanted.primary, source=wanted.url, position=wanted.position
    )
    product.version += 1
    product.save(update_fields=["version", "updated_at"])
    offers.product_changed([product.id])
    return True


@transaction.atomic
def _give_up(row: ImageToFetch, why: str) -> None:
    """The product stays as it is, without this picture; its import says so."""
    batch = Import.objects.select_for_update(no_key=True).get(id=row.batch_id)
    field = "Image Src" if batch.format == Import.Format.SHOPIFY_CSV else "images"
    batch.remark("notes", row.line, field, f"Not fetched, {why}: {row.url[:500]}")
    batch.save(update_fields=["notes"])
    ImageToFetch.objects.filter(id=row.id).delete()
