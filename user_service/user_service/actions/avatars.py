"""Pictures of people: nothing of an uploaded file is kept but its pixels."""

import secrets
from functools import partial
from typing import IO, TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction

from shared import media
from shared.pictures import encoded, open_picture
from user_service.actions.accounts import locked, tell_changed
from user_service.models import User

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

LARGEST_SIDE = 512


def set_avatar(*, user_id: UUID, upload: IO[bytes]) -> User:
    """Encode the picture anew, under a random name; the old file goes when this is committed. Raises Invalid (not a
    picture, too many pixels), NotFound.
    """
    name = _store(
        open_picture(upload, most_pixels=settings.AVATAR_MAX_PIXELS, largest_side=LARGEST_SIDE, field="avatar")
    )
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


def _store(picture: "Picture") -> str:
    return media.save(f"avatars/{secrets.token_hex(16)}.webp", encoded(picture, "WEBP", quality=85))
