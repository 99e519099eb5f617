"""Write orders to files, in the worker's clock: some at a time, each time one transaction that also moves the export's
row. A worker that is killed loses the part in hand; whoever takes the export when its lease is over goes on after it.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from order_service.errors import TooManyExports
from order_service.models import OrderExport, OrderExportPart
from order_service.queries import order_files as files
from order_service.queries.orders import chosen, chosen_parts
from shared.audit import record
from shared.due import in_turn, take_one

Format, Status = OrderExport.Format, OrderExport.Status
AT_ONCE = 3
"""Exports of one user that are not finished."""
ATTEMPTS = 20
PART = 200
"""Orders a transaction."""


@transaction.atomic
def queue_export(*, created_by: UUID, vendor_id: UUID | None, format_: str, wanted: dict[str, Any]) -> OrderExport:
    """Of a vendor's vendor orders, or of all orders (an admin's). `wanted`: what the list is narrowed to, as
    `queries.orders.chosen` and `chosen_parts` read it. Raises TooManyExports.
    """
    in_turn(f"exports {created_by}")
    if OrderExport.objects.filter(created_by=created_by, status__in=OrderExport.OPEN).count() >= AT_ONCE:
        raise TooManyExports
    export = OrderExport.objects.create(
        created_by=created_by, vendor_id=vendor_id, format=format_, filter=wanted, due_at=timezone.now()
    )
    if vendor_id is None:
        told = {"format": format_, "narrowed_by": ", ".join(sorted(wanted))}
        record(action="order.export.create", subject_kind="order_export", subject_id=export.id, **told)
    return export


def run_exports() -> None:
    """A job for the clock: work through every export that nobody has in hand, oldest first."""
    while taken := _take():
        while _step(taken):
            pass


def _take() -> OrderExport | None:
    rows = OrderExport.objects.filter(status__in=OrderExport.OPEN)
    return take_one(rows, lease=_lease(), grows=1)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


@transaction.atomic
def _step(mine: OrderExport) -> bool:
    """One part. False when the export is finished, or another worker has it."""
    rows = OrderExport.objects.filter(id=mine.id, status__in=OrderExport.OPEN, attempts=mine.attempts)
    export = rows.select_for_update(no_key=True).first()
    if export is None:
        return False
    if export.attempts > ATTEMPTS:
        export.give_up()
    else:
        _write_part(export)
    export.save()
    return export.status == Status.RUNNING


def _write_part(export: OrderExport) -> None:
    orders = _orders(export)
    if export.status == Status.QUEUED:
        export.status, export.total = Status.RUNNING, orders.count()
    found = list((orders.filter(id__gt=export.last) if export.last else orders).order_by("id")[:PART])
    content = "".join(_text(export, found)).encode()
    if content:
        OrderExportPart.objects.create(export=export, position=export.parts.count(), content=content)
        export.size += len(content)
    if found:
        export.done, export.last = export.done + len(found), found[-1].id
    export.due_at = timezone.now() + _lease()
    if len(found) < PART:
        export.finish()


def _orders(export: OrderExport) -> QuerySet[Any]:
    """What was placed when the export was asked for: what comes later is not chased after."""
    if export.vendor_id is None:
        return files.orders_with_lines(chosen(export.filter).filter(placed_at__lte=export.created_at))
    parts = chosen_parts(export.filter, export.vendor_id).filter(order__placed_at__lte=export.created_at)
    return files.parts_with_lines(parts)


def _text(export: OrderExport, found: list[Any]) -> Iterator[str]:
    of_orders = export.vendor_id is None
    records = [files.order_record(one) if of_orders else files.part_record(one) for one in found]
    if export.format == Format.JSON_LINES:
        yield from map(files.json_line, records)
        return
    if export.last is None:
        yield files.csv_text([files.order_header() if of_orders else files.part_header()])
    for one in records:
        yield files.csv_text(files.order_rows(one) if of_orders else files.part_rows(one))


def forget_old_exports() -> int:
    """A job for the clock: delete exports that are old, with what they tell of people; answers how many."""
    old = OrderExport.objects.filter(created_at__lt=timezone.now() - timedelta(hours=settings.EXPORT_KEEP_HOURS))
    return old.delete()[1].get("order_service.OrderExport", 0)
