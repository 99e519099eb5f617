"""Do something to many orders, in the worker's clock: each by the action that does it to one, in a transaction of its
own that also moves the operation's row. A worker that is killed loses at most the order in hand, and whoever takes the
operation when its lease is over goes on with that one: nothing is half done, and nothing is done twice.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from order_service.actions import completion, refunds, shipments
from order_service.errors import TooManyOperations
from order_service.models import OrderOperation, OrderOperationItem
from order_service.queries.orders import chosen, chosen_parts
from shared.audit import record
from shared.context import acting, current
from shared.due import in_turn, take_one
from shared.errors import Invalid, NotFound, Refused

log = logging.getLogger("nexus.order")
Kind, Status, Subject = OrderOperation.Kind, OrderOperation.Status, OrderOperation.Subject
MOST = 5_000
"""Items of one operation."""
AT_ONCE = 3
"""Operations of one user that are not finished."""
ATTEMPTS = 20
KEPT = timedelta(days=90)


class Do(Protocol):
    """What is done to one: an action's name for a function that takes the operation and the item's id."""

    def __call__(self, operation: OrderOperation, subject_id: UUID, /) -> object: ...


Doing = Mapping[tuple[str, str], Do]
"""By subject and kind."""


# ── Asked for ────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def queue_operation(
    *,
    subject: str,
    kind: str,
    created_by: UUID,
    vendor_id: UUID | None,
    arguments: dict[str, Any],
    ids: Sequence[UUID] | None = None,
    wanted: dict[str, Any] | None = None,
) -> OrderOperation:
    """Upon these ids, or upon all that a list narrowed to `wanted` has now. Raises Invalid, TooManyOperations."""
    _brake(created_by)
    found = list(dict.fromkeys(ids)) if ids is not None else _found(subject, vendor_id, wanted or {})
    operation = OrderOperation.objects.create(
        subject=subject,
        kind=kind,
        arguments=arguments,
        filter=wanted,
        vendor_id=vendor_id,
        created_by=created_by,
        asked=_asked(),
        total=len(found),
        due_at=timezone.now(),
    )
    items = [OrderOperationItem(operation=operation, position=i, subject_id=one) for i, one in enumerate(found)]
    OrderOperationItem.objects.bulk_create(items)
    told = {"kind": kind, "subject": subject, "total": len(found)}
    record(action="order.operation.create", subject_kind="order_operation", subject_id=operation.id, **told)
    return operation


def _brake(created_by: UUID) -> None:
    """Raises TooManyOperations."""
    in_turn(f"operations {created_by}")
    if OrderOperation.objects.filter(created_by=created_by, status__in=OrderOperation.OPEN).count() >= AT_ONCE:
        raise TooManyOperations


def _found(subject: str, vendor_id: UUID | None, wanted: dict[str, Any]) -> list[UUID]:
    rows: Any = chosen(wanted) if subject == Subject.ORDERS else chosen_parts(wanted, vendor_id)
    found = list(rows.order_by("id").values_list("id", flat=True)[: MOST + 1])
    if not 1 <= len(found) <= MOST:
        raise Invalid({"filter": ["None fits." if not found else f"More than {MOST} fit: narrow it further."]})
    return found


def _asked() -> dict[str, Any]:
    context = current()
    told = {"correlation_id": context.correlation_id, "user_id": context.user_id, "address": context.address}
    return {**told, "roles": list(context.roles)}


@transaction.atomic
def stop_operation(*, operation_id: UUID, subject: str | None = None, vendor_id: UUID | None = None) -> OrderOperation:
    """The rest is left as it is. Raises NotFound also for another vendor's, IllegalMove."""
    rows = OrderOperation.objects.select_for_update().filter(id=operation_id)
    rows = rows.filter(subject=subject) if subject else rows
    operation = (rows if vendor_id is None else rows.filter(vendor_id=vendor_id)).first()
    if operation is None:
        raise NotFound
    operation.stop()
    operation.save()
    told = {"done": operation.done, "total": operation.total}
    record(action="order.operation.stop", subject_kind="order_operation", subject_id=operation_id, **told)
    return operation


# ── Done ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def work_off(more: Doing) -> None:
    """Work through every operation that nobody has in hand, oldest first. `more`: what the saga does."""
    doing = {**DOING, **more}
    while taken := _take():
        while _step(taken, doing):
            pass


def _take() -> OrderOperation | None:
    rows = OrderOperation.objects.filter(status__in=OrderOperation.OPEN)
    return take_one(rows, lease=_lease(), grows=1)


def _lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


@transaction.atomic
def _step(mine: OrderOperation, doing: Doing) -> bool:
    """One item. False when the operation has ended, or another worker has it."""
    rows = OrderOperation.objects.filter(id=mine.id, status__in=OrderOperation.OPEN, attempts=mine.attempts)
    operation = rows.select_for_update(no_key=True).first()
    if operation is None:
        return False
    if operation.attempts > ATTEMPTS:
        operation.give_up()
    else:
        operation.due_at = timezone.now() + _lease()
        _do_next(operation, doing)
    operation.save()
    return operation.status == Status.RUNNING


def _do_next(operation: OrderOperation, doing: Doing) -> None:
    item = operation.items.get(position=operation.done)
    with acting(operation.context):
        _do(doing[operation.subject, operation.kind], operation, item)
    item.save(update_fields=["status", "code", "detail"])
    operation.count(succeeded=item.status == OrderOperationItem.Status.DONE)


def _do(do: Do, operation: OrderOperation, item: OrderOperationItem) -> None:
    """All of it or nothing: what is refused is undone to the savepoint."""
    try:
        with transaction.atomic():
            do(operation, item.subject_id)
        item.succeed()
    except Invalid as refusal:
        told = " ".join(message for messages in refusal.errors.values() for message in messages)
        item.refuse(refusal.reason, told or refusal.detail)
    except Refused as refusal:
        item.refuse(refusal.reason, refusal.detail)
    except (IntegrityError, DataError) as error:
        log.exception("an item of an operation was refused by the database")
        item.refuse("conflict", f"Refused by the database: {type(error).__name__}.")


def _complete(operation: OrderOperation, order_id: UUID) -> object:
    return completion.complete_order(order_id=order_id, reason=operation.arguments["reason"])


def _settle(operation: OrderOperation, order_id: UUID) -> object:
    return refunds.settle_attention(order_id=order_id, reason=operation.arguments["reason"])


def _retry(_operation: OrderOperation, order_id: UUID) -> object:
    return refunds.retry_refunds(order_id=order_id)


def _pack(operation: OrderOperation, part_id: UUID) -> object:
    return shipments.pack_items(vendor_order_id=part_id, vendor_id=operation.vendor_id, items=None)


def _ship(operation: OrderOperation, part_id: UUID) -> object:
    told = operation.arguments
    number = told.get("tracking_numbers", {}).get(str(part_id), "")
    return shipments.ship_part(
        vendor_order_id=part_id, vendor_id=operation.vendor_id, carrier=told["carrier"], tracking_number=number
    )


def _deliver(operation: OrderOperation, part_id: UUID) -> object:
    return shipments.deliver_part(vendor_order_id=part_id, vendor_id=operation.vendor_id)


DOING: Doing = {
    (Subject.ORDERS, Kind.COMPLETE): _complete,
    (Subject.ORDERS, Kind.SETTLE): _settle,
    (Subject.ORDERS, Kind.RETRY): _retry,
    (Subject.VENDOR_ORDERS, Kind.PACK): _pack,
    (Subject.VENDOR_ORDERS, Kind.SHIP): _ship,
    (Subject.VENDOR_ORDERS, Kind.DELIVER): _deliver,
}


def forget_old_operations() -> int:
    """A job for the clock: delete operations that ended long ago; answers how many. The audit log stays."""
    old = OrderOperation.objects.filter(created_at__lt=timezone.now() - KEPT, due_at=None)
    return old.delete()[1].get("order_service.OrderOperation", 0)
