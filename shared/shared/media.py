"""Uploaded files in the storage that settings choose: a folder that NGINX serves, or a bucket of an S3-compatible one.

Names are made by whoever stores, at random: a name stands for the same bytes for ever, which is what caches are told.
Only for services that have django-storages among their packages.
"""

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from shared.errors import NotFound, Unavailable

_AWAY = (OSError, BotoCoreError, ClientError)


def url(name: str | None) -> str | None:
    """The public address of a stored file; None for none. Asks nobody: lists are full of them."""
    return f"{settings.MEDIA_URL}{name}" if name else None


def name_of(address: str) -> str | None:
    """The stored file's name in an address of ours; None for any other address."""
    name = address.removeprefix(settings.MEDIA_URL)
    return name if name and name != address and ".." not in name else None


def save(name: str, content: bytes) -> str:
    """Raises Unavailable."""
    try:
        return default_storage.save(name, ContentFile(content))
    except _AWAY as error:
        raise Unavailable("Files cannot be stored at the moment.", retry_after=5) from error


def read(name: str, limit: int) -> bytes:
    """At most `limit` bytes. Raises NotFound, Unavailable."""
    try:
        with default_storage.open(name) as file:
            content: bytes = file.read(limit)
            return content
    except FileNotFoundError as error:
        raise NotFound from error
    except _AWAY as error:
        raise Unavailable("Files cannot be read at the moment.", retry_after=5) from error


def delete(name: str) -> None:
    """One that is gone already is as good as deleted. Raises Unavailable."""
    try:
        default_storage.delete(name)
    except _AWAY as error:
        raise Unavailable("Files cannot be deleted at the moment.", retry_after=5) from error


def names_in(folder: str) -> list[str]:
    """Of the files of one folder, not of folders below it. Raises Unavailable."""
    try:
        _folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return []
    except _AWAY as error:
        raise Unavailable("Files cannot be listed at the moment.", retry_after=5) from error
    return [f"{folder}/{file}" for file in files if file]
