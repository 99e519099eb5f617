"""Pictures of people: nothing of an uploaded file is kept but its pixels."""

import io
import secrets
from functools import partial
from typing import IO, TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from PIL import Image as Pillow
from PIL import ImageOps

from shared import media
from shared.errors import Invalid
from user_service.actions.accounts import locked, tell_changed
from user_service.models import User

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("JPEG", "PNG", "WEBP")
LARGEST_SIDE = 512


def set_avatar(*, user_id: UUID, upload: IO[bytes]) -> User:
    """Encode the picture anew, under a random name; the old file goes when this is committed. Raises Invalid (not a
    picture, too many pixels), NotFound.
    """
    name = _store(_open(upload))
    try:
        with transaction.atomic():
            return _change(locked(user_id), name)
    except BaseException:
        media.delete(name)
        raise


@transaction.atomic
def remove_avatar(*, user_id: UUID) -> User:
    """Without one nothing happens. Raises NotFound."""
    user = locked(user_id)
    return _change(user, None) if user.avatar else user


def _change(user: User, name: str | None) -> User:
    forget_file(user.avatar)
    user.avatar = name
    tell_changed(user)
    return user


def forget_file(name: str | None) -> None:
    """Remove a stored picture once the transaction is committed, so that no row ever points at a missing one."""
    if name:
        transaction.on_commit(partial(media.delete, name), robust=True)


def _open(upload: IO[bytes]) -> "Picture":
    """The pixels, upright. The format is told by the first bytes, whatever the name says; what claims too many pixels
    is never decoded. Raises Invalid.
    """
    try:
        picture = Pillow.open(upload, formats=FORMATS)
        if picture.width * picture.height > settings.AVATAR_MAX_PIXELS:
            raise Invalid({"avatar": [f"At most {settings.AVATAR_MAX_PIXELS} pixels."]})
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise Invalid({"avatar": ["Not a JPEG, PNG or WebP picture that can be read."]}) from None


def _store(picture: "Picture") -> str:
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=85)
    return media.save(f"avatars/{secrets.token_hex(16)}.webp", buffer.getvalue())
