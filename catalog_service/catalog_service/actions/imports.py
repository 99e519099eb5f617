"""Take in files of products, and work through them in the worker's clock.

An import is leased, and the lease moves with every product. Each product is one transaction that also counts it on the
import's row, so a worker that is killed loses at most the product in hand; whoever takes the import when the lease is
over goes on at `done`, and one that was only slow finds that it is not its import any more. A handle finds its product
again: the same content twice changes nothing.
"""

import logging
from datetime import timedelta
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from catalog_service.actions.import_files import read_file
from catalog_service.actions.import_products import write
from catalog_service.actions.product_lines import Draft, Remark, Unreadable
from catalog_service.actions.taxonomy import category_named
from catalog_service.actions.vendors import vendor_who_writes
from catalog_service.errors import TooManyImports
from catalog_service.models import Import, ImportFile
from shared import audit
from shared.due import in_turn, take_one
from shared.errors import Invalid, Refused

log = logging.getLogger("nexus.catalog")
Status = Import.Status
OPEN = (Status.QUEUED, Status.RUNNING)
AT_ONCE = 10
"""Imports of one vendor, or of admins, that are not finished: nobody fills the queue that all wait in."""
ATTEMPTS = 20
COUNTED = ("status", "total", "done", "created", "updated", "unchanged", "failed", "due_at", "updated_at")


@transaction.atomic
def queue_import(
    *,
    vendor_id: UUID | None,
    by_admin: bool,
    actor_id: UUID,
    file: IO[bytes],
    format_: str,
    currency: str,
    category: str | None = None,
) -> Import:
    """Keep the file for the worker. Without a vendor (an admin's) each line names its own. `category` is where products
    go whose own is not known. Raises Invalid, TooManyImports.
    """
    vendor = vendor_who_writes(vendor_id, by_admin=by_admin) if vendor_id else None
    _find_room(vendor_id)
    batch = Import.objects.create(
        vendor=vendor,
        created_by=actor_id,
        format=format_,
        currency=currency,
        category=category_named(category) if category else None,
        publish=by_admin,
        due_at=timezone.now(),
    )
    ImportFile.objects.create(batch=batch, content=file.read())
    if by_admin:
        told = {"vendor": vendor_id or "", "format": format_}
        audit.record(action="catalog.import.create", subject_kind="import", subject_id=batch.id, **told)
    return batch


def _find_room(vendor_id: UUID | None) -> None:
    in_turn(f"imports {vendor_id}")
    if Import.objects.filter(vendor=vendor_id, status__in=OPEN).count() >= AT_ONCE:
        raise TooManyImports


def run_imports() -> None:
    """A job for the clock: work through every import that nobody has in hand, oldest first."""
    while taken := _take():
        _run(taken)


def _take() -> Import | None:
    rows = Import.objects.filter(status__in=OPEN).defer("errors", "notes")
    return take_one(rows, lease=_lease(), grows=1)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _run(mine: Import) -> None:
    file = ImportFile.objects.filter(batch=mine).first()
    if file is None or mine.attempts > ATTEMPTS:
        _give_up(mine, Remark(0, "file", "Workers died with it again and again."))
        return
    try:
        drafts = read_file(bytes(file.content), mine.format, mine.currency)
    except Unreadable as error:
        _give_up(mine, error.remark)
        return
    while _step(mine, drafts):
        pass


@transaction.atomic
def _step(mine: Import, drafts: list[Draft]) -> bool:
    """One product. False when the import is finished, or another worker has it."""
    batch = _held(mine)
    if batch is None:
        return False
    if batch.status == Status.QUEUED:
        batch.start(len(drafts))
    batch.due_at = timezone.now() + _lease()
    batch.count(_outcome(batch, drafts[batch.done]))
    if batch.done == batch.total:
        batch.finish()
        batch.file.delete()
    batch.save(update_fields=[*COUNTED, *batch.remarked])
    return batch.status == Status.RUNNING


def _held(mine: Import) -> Import | None:
    """Locked, if it is still this worker's: nobody has taken it since."""
    rows = Import.objects.filter(id=mine.id, status__in=OPEN, attempts=mine.attempts).defer("errors", "notes")
    return rows.select_for_update(no_key=True).first()


@transaction.atomic
def _give_up(mine: Import, remark: Remark) -> None:
    batch = _held(mine)
    if batch:
        batch.give_up()
        batch.total = 0
        batch.remark("errors", *remark)
        batch.save()
        ImportFile.objects.filter(batch=batch).delete()


def _outcome(batch: Import, draft: Draft) -> str:
    """`created`, `updated`, `unchanged` or `failed`; what is to be said goes onto the import."""
    for note in draft.notes:
        batch.remark("notes", *note)
    for error in draft.errors:
        batch.remark("errors", *error)
    if draft.product is None:
        return "failed"
    try:
        with transaction.atomic():
            return write(batch, draft)
    except Invalid as error:
        for field, messages in error.errors.items():
            batch.remark("errors", draft.line, field, " ".join(messages))
    except Refused as error:
        batch.remark("errors", draft.line, "sku" if error.reason == "sku_taken" else "product", error.detail)
    except (IntegrityError, DataError) as error:
        log.exception("a product of an import was refused by the database")
        batch.remark("errors", draft.line, "product", f"Refused by the database: {type(error).__name__}.")
    return "failed"
