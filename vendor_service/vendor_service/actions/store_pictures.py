"""The logo and the banner of a shop's page: nothing of an uploaded file is kept but its pixels."""

import secrets
from functools import partial
from typing import IO, Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction

from shared import media
from shared.audit import record
from shared.pictures import encoded, open_picture
from vendor_service.actions.vendors import locked
from vendor_service.models import Vendor

Place = Literal["logo", "banner"]
LARGEST_SIDES: dict[Place, int] = {"logo": 512, "banner": 2_400}


def set_picture(*, vendor_id: UUID, place: Place, upload: IO[bytes]) -> Vendor:
    """Encode it anew, under a random name; the old file goes when this is committed. Raises Invalid, VendorNotFound,
    Unavailable.
    """
    picture = open_picture(upload, most_pixels=settings.STORE_PICTURE_MAX_PIXELS, largest_side=LARGEST_SIDES[place])
    name = media.save(f"vendors/{secrets.token_hex(16)}.webp", encoded(picture, "WEBP", quality=85))
    try:
        return _change(vendor_id, place, name)
    except BaseException:
        media.delete(name)
        raise


def remove_picture(*, vendor_id: UUID, place: Place) -> Vendor:
    """Without one nothing happens. Raises VendorNotFound."""
    return _change(vendor_id, place, None)


@transaction.atomic
def _change(vendor_id: UUID, place: Place, name: str | None) -> Vendor:
    """Nobody else keeps it, so nobody is told."""
    vendor = locked(vendor_id)
    before = getattr(vendor, place)
    if before == name:
        return vendor
    setattr(vendor, place, name)
    vendor.save(update_fields=[place, "updated_at"])
    if before:
        transaction.on_commit(partial(media.delete, before), robust=True)
    record(action="vendor.vendor.change", subject_kind="vendor", subject_id=vendor.id, fields=place)
    return vendor
