"""Write products to files, in the worker's clock: some at a time, each time one transaction that also moves the
export's row. A worker that is killed loses the part in hand; whoever takes the export when its lease is over goes on
after it.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog_service.actions import json_lines, shopify
from catalog_service.actions.export_products import lines_of
from catalog_service.actions.product_lines import ProductLine
from catalog_service.actions.vendors import vendor_who_writes
from catalog_service.errors import TooManyExports
from catalog_service.models import Export, ExportPart, Product
from shared import audit
from shared.due import in_turn, take_one

Status = Export.Status
OPEN = (Status.QUEUED, Status.RUNNING)
AT_ONCE = 3
"""Exports of one vendor, or of admins, that are not finished."""
ATTEMPTS = 20
PART = 200
"""Products a transaction."""


@transaction.atomic
def queue_export(*, vendor_id: UUID | None, by_admin: bool, actor_id: UUID, format_: str, currency: str) -> Export:
    """A vendor's products, or everybody's (an admin's only). Raises Invalid, TooManyExports."""
    vendor = vendor_who_writes(vendor_id, by_admin=by_admin) if vendor_id else None
    in_turn(f"exports {vendor_id}")
    if Export.objects.filter(vendor=vendor, status__in=OPEN).count() >= AT_ONCE:
        raise TooManyExports
    export = Export.objects.create(
        vendor=vendor, created_by=actor_id, format=format_, currency=currency, due_at=timezone.now()
    )
    if by_admin:
        told = {"vendor": vendor_id or "", "format": format_}
        audit.record(action="catalog.export.create", subject_kind="export", subject_id=export.id, **told)
    return export


def run_exports() -> None:
    """A job for the clock: work through every export that nobody has in hand, oldest first."""
    while taken := _take():
        while _step(taken):
            pass


def _take() -> Export | None:
    return take_one(Export.objects.filter(status__in=OPEN), lease=_lease(), grows=1)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


@transaction.atomic
def _step(mine: Export) -> bool:
    """One part. False when the export is finished, or another worker has it."""
    rows = Export.objects.filter(id=mine.id, status__in=OPEN, attempts=mine.attempts)
    export = rows.select_for_update(no_key=True).first()
    if export is None:
        return False
    if export.attempts > ATTEMPTS:
        export.give_up()
    else:
        _write_part(export)
    export.save()
    return export.status == Status.RUNNING


def _write_part(export: Export) -> None:
    products = _products(export)
    if export.status == Status.QUEUED:
        export.status, export.total = Status.RUNNING, products.count()
    rest = products.filter(id__gt=export.last) if export.last else products
    lines = lines_of(rest.order_by("id")[:PART], with_vendor=export.vendor_id is None)
    text = "".join([_header(export), *(_text(export, line) for _id, line in lines)])
    if text:
        content = text.encode()
        ExportPart.objects.create(export=export, position=export.parts.count(), content=content)
        export.size += len(content)
    if lines:
        export.done, export.last = export.done + len(lines), lines[-1][0]
    export.due_at = timezone.now() + _lease()
    if len(lines) < PART:
        export.finish()


def _products(export: Export) -> QuerySet[Product]:
    return Product.objects.writable_by(export.vendor_id)


def _header(export: Export) -> str:
    return shopify.header() if export.format == Export.Format.SHOPIFY_CSV and export.last is None else ""


def _text(export: Export, line: ProductLine) -> str:
    if export.format == Export.Format.SHOPIFY_CSV:
        return shopify.write(line, export.currency)
    return json_lines.write(line)


def forget_old_exports() -> int:
    """A job for the clock: delete exports that are old; answers how many."""
    old = Export.objects.filter(created_at__lt=timezone.now() - timedelta(hours=settings.EXPORT_KEEP_HOURS))
    return old.delete()[1].get("catalog_service.Export", 0)
