"""Stored files that nothing points at: discarded with their row, or left behind by a process that was killed."""

import logging
from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone

from catalog_service.actions import pictures
from catalog_service.models import DiscardedFile, Image, ReviewImage
from shared import media
from shared.due import take
from shared.errors import Unavailable

log = logging.getLogger("nexus.catalog")
SHOWN_FOR = timedelta(hours=1)
"""Carts and pages still show a picture for some time after it was removed."""
DAYS_SWEPT = 7
LEASE = timedelta(minutes=1)
POINTING: dict[str, type[Image] | type[ReviewImage]] = {"products": Image, "reviews": ReviewImage}
"""Folder → whose rows point at files in it."""


def discard(names: Collection[str]) -> None:
    """Let these files be deleted some time after this transaction, if by then nothing points at them."""
    due_at = timezone.now() + SHOWN_FOR
    rows = [DiscardedFile(name=name, due_at=due_at) for name in names]
    DiscardedFile.objects.bulk_create(rows, ignore_conflicts=True)


def delete_discarded() -> int:
    """A job for the clock: delete what has been discarded and is due; answers how many files went."""
    deleted = 0
    while taken := _take():
        deleted += sum(_delete(file) for file in taken)
    return deleted


def _take() -> list[DiscardedFile]:
    return take(DiscardedFile.objects.all(), limit=100, lease=LEASE)


def _delete(file: DiscardedFile) -> bool:
    unused = not _used([file.name])
    if unused:
        try:
            media.delete(file.name)
        except Unavailable as error:
            log.warning("%s is not deleted yet: %s", file.name, error)
            return False
    file.delete()
    return unused


def sweep_files() -> int:
    """A job for the clock: discard files of the last days that nothing points at, as a process was killed between
    storing them and writing the row. Today's and yesterday's are left alone: their rows may still be on their way.
    Answers how many it found.
    """
    return sum(_sweep(folder, days) for folder in POINTING for days in range(2, DAYS_SWEPT + 1))


def _sweep(folder: str, days: int) -> int:
    names = media.names_in(f"{folder}/{timezone.now() - timedelta(days=days):%Y%m%d}")
    lost = sorted(set(names) - _used(names))
    discard(lost)
    return len(lost)


def _used(names: Collection[str]) -> set[str]:
    """Those of the names that a picture points at. All files of a picture begin alike."""
    stems = {name.partition(".")[0] for name in names}
    files = [f"{stem}.{suffix}" for stem in stems for suffix in pictures.SUFFIXES]
    return {name for model in POINTING.values() for row in model.objects.filter(file__in=files) for name in row.files}
