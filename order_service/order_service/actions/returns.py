"""Returns: asked for by the buyer, decided and received by the vendor; money, or a replacement, goes to the buyer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from order_service.actions.exchanges import send_replacement
from order_service.actions.giving_back import give_back, shipping_goes_back
from order_service.actions.orders import about, tell
from order_service.actions.parts import follow_lines
from order_service.actions.refunds import close_return
from order_service.errors import NotReturnable, OrderNotFound
from order_service.models import Order, OrderLine, Return, ReturnItem, VendorOrder
from shared.audit import record
from shared.contracts.order import ReturnDecided, ReturnedItem, ReturnReceived, ReturnRequested
from shared.errors import Invalid


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line that is to go back, how many of it, and why; `variant_id`: what is wanted instead, if not the same."""

    line_id: UUID
    quantity: int
    reason: str
    variant_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """How many of a line are here, and whether they are fit for sale."""

    quantity: int
    restock: bool = True


# ── The buyer asks ───────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def request_return(*, order_id: UUID, wanted: Sequence[Wanted], exchange: bool = False) -> list[Return]:
    """One return a vendor. Raises NotReturnable, Invalid. The caller has made sure that the order is the buyer's."""
    order = Order.objects.select_for_update().get(id=order_id)
    lines = {line.id: line for line in _lines(order)}
    _refuse_what_cannot_go_back(lines, wanted)
    for one in wanted:
        lines[one.line_id].returned_quantity += one.quantity
    OrderLine.objects.bulk_update([lines[one.line_id] for one in wanted], ["returned_quantity"])
    parts = dict.fromkeys(lines[one.line_id].vendor_order_id for one in wanted)
    resolution = Return.Resolution.EXCHANGE if exchange else Return.Resolution.REFUND
    return [
        _write(order, part, [one for one in wanted if lines[one.line_id].vendor_order_id == part], resolution)
        for part in parts
    ]


def _lines(order: Order) -> list[OrderLine]:
    rows = OrderLine.objects.select_for_update(of=("self",)).select_related("vendor_order")
    return list(rows.filter(vendor_order__order=order).order_by("id"))


def _refuse_what_cannot_go_back(lines: dict[UUID, OrderLine], wanted: Sequence[Wanted]) -> None:
    if len({one.line_id for one in wanted}) != len(wanted):
        raise Invalid({"items": ["Each line once."]})
    unknown = [str(one.line_id) for one in wanted if one.line_id not in lines]
    if unknown:
        raise Invalid({"items": [f"Not in this order: {', '.join(unknown)}."]})
    chosen = [(lines[one.line_id], one.quantity) for one in wanted]
    if any(line.vendor_order.status != VendorOrder.Status.DELIVERED for line, _quantity in chosen):
        raise NotReturnable("Only what has been delivered can be returned.")
    if any(_is_too_late(line.vendor_order) for line, _quantity in chosen):
        raise NotReturnable(f"Only for {settings.RETURN_WINDOW.days} days from the delivery.")
    if any(line.returned_quantity + quantity > line.shipped_quantity for line, quantity in chosen):
        raise NotReturnable("More than was bought, or returned already.")


def _is_too_late(part: VendorOrder) -> bool:
    return part.delivered_at is None or part.delivered_at + settings.RETURN_WINDOW <= timezone.now()


def _write(order: Order, part_id: UUID, wanted: list[Wanted], resolution: Return.Resolution) -> Return:
    request = Return.objects.create(vendor_order_id=part_id, resolution=resolution)
    ReturnItem.objects.bulk_create(
        [
            ReturnItem(
                return_request=request,
                line_id=one.line_id,
                quantity=one.quantity,
                reason=one.reason,
                variant_id=one.variant_id,
            )
            for one in wanted
        ]
    )
    tell(order, ReturnRequested(**about(order), return_id=request.id, vendor_id=request.vendor_order.vendor_id))
    return request


# ── The vendor decides ───────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def approve_return(
    *, return_id: UUID, vendor_id: UUID | None, instructions: str = "", vendor_fault: bool = False
) -> Return:
    """`instructions`: how and where to send it. `vendor_fault`: it was broken, or not what was ordered."""
    request = _locked(return_id, vendor_id)
    request.approve(instructions=instructions, vendor_fault=vendor_fault)
    request.save()
    _tell_decision(request, approved=True, instructions=instructions)
    if vendor_id is None:
        _record("approve", request)
    return request


@transaction.atomic
def reject_return(*, return_id: UUID, vendor_id: UUID | None, reason: str) -> Return:
    """The lines may be asked back again."""
    request = _locked(return_id, vendor_id)
    request.reject(reason=reason)
    request.save()
    _let_go({item.line_id: item.quantity for item in request.items.all()})
    _tell_decision(request, approved=False, reason=reason)
    if vendor_id is None:
        _record("reject", request)
    return request


def _let_go(quantities: Mapping[UUID, int]) -> None:
    """They do not come back after all, and may be asked back again."""
    for line_id in sorted(quantities):
        OrderLine.objects.filter(id=line_id).update(returned_quantity=F("returned_quantity") - quantities[line_id])


def _tell_decision(request: Return, *, approved: bool, reason: str = "", instructions: str = "") -> None:
    part = request.vendor_order
    told = {"return_id": request.id, "vendor_id": part.vendor_id, "approved": approved}
    tell(part.order, ReturnDecided(**about(part.order), **told, reason=reason, instructions=instructions))


def _record(verb: str, request: Return) -> None:
    """An admin did the vendor's part."""
    told = {"vendor": request.vendor_order.vendor_id, "order": request.vendor_order.order_id}
    record(action=f"order.return.{verb}", subject_kind="return", subject_id=request.id, **told)


# ── The goods arrive ─────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def receive_return(
    *,
    return_id: UUID,
    vendor_id: UUID | None,
    received: Mapping[UUID, Received] | None = None,
    restock: bool = True,
    last: bool = False,
) -> Return:
    """The goods are here: restock what is fit for sale, and send the money back, or a replacement.

    `received`: line → what came; None: all that was missing. `last`: nothing more will come. Raises OrderNotFound,
    IllegalMove, Invalid.
    """
    request = _locked(return_id, vendor_id)
    items = list(request.items.select_for_update(of=("self",)).select_related("line").order_by("line_id"))
    came = _what_came(items, received, restock)
    missing = {item.line_id: item.quantity - item.received_quantity - _count(came, item) for item in items}
    request.receive(complete=last or not any(missing.values()))
    _write_received(items, came)
    if last:
        _let_go(missing)
    request.save()
    _tell_received(request, items, came)
    if vendor_id is None:
        _record("receive", request)
    _answer(request, items, {line_id: one.quantity for line_id, one in came.items()})
    follow_lines(request.vendor_order, request.vendor_order.order)
    return request


def _what_came(
    items: Sequence[ReturnItem], received: Mapping[UUID, Received] | None, restock: bool
) -> dict[UUID, Received]:
    missing = {item.line_id: item.quantity - item.received_quantity for item in items}
    if received is None:
        return {line_id: Received(quantity, restock) for line_id, quantity in missing.items() if quantity}
    wrong = [str(line_id) for line_id, one in received.items() if one.quantity > missing.get(line_id, 0)]
    if wrong:
        raise Invalid({"items": [f"Not (so many) in this return: {', '.join(wrong)}."]})
    return {line_id: one for line_id, one in received.items() if one.quantity}


def _count(came: Mapping[UUID, Received], item: ReturnItem) -> int:
    return came[item.line_id].quantity if item.line_id in came else 0


def _write_received(items: Sequence[ReturnItem], came: Mapping[UUID, Received]) -> None:
    for item in items:
        if item.line_id in came:
            one = came[item.line_id]
            item.received_quantity += one.quantity
            item.restocked_quantity += one.quantity if one.restock else 0
    ReturnItem.objects.bulk_update(items, ["received_quantity", "restocked_quantity"])


def _tell_received(request: Return, items: Sequence[ReturnItem], came: Mapping[UUID, Received]) -> None:
    part = request.vendor_order
    told = [
        ReturnedItem(
            variant_id=item.line.variant_id, quantity=came[item.line_id].quantity, restock=came[item.line_id].restock
        )
        for item in items
        if item.line_id in came
    ]
    if told:
        ids = {"return_id": request.id, "vendor_id": part.vendor_id}
        tell(part.order, ReturnReceived(**about(part.order), **ids, items=tuple(told)))


def _answer(request: Return, items: Sequence[ReturnItem], quantities: dict[UUID, int]) -> None:
    """A replacement where one is wanted, the money otherwise."""
    part = request.vendor_order
    if request.is_exchange and quantities:
        send_replacement(request=request, items=items, quantities=quantities)
    elif quantities:
        shipping = shipping_goes_back(request, quantities)
        give_back(part, quantities, reason="returned", shipping=shipping, return_request=request)
    close_return(request)


def _locked(return_id: UUID, vendor_id: UUID | None) -> Return:
    """Order first, then the return. Raises OrderNotFound for another vendor's."""
    rows = Return.objects.filter(id=return_id)
    rows = rows if vendor_id is None else rows.filter(vendor_order__vendor_id=vendor_id)
    order_id = rows.values_list("vendor_order__order_id", flat=True).first()
    if order_id is None:
        raise OrderNotFound()
    Order.objects.select_for_update().get(id=order_id)
    return Return.objects.select_for_update(of=("self",)).select_related("vendor_order__order").get(id=return_id)
