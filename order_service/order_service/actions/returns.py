"""Returns: asked for by the buyer, decided and received by the vendor, refunded from the line's own figures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from order_service.actions.orders import about, tell
from order_service.actions.refunds import ask_refund
from order_service.errors import NotReturnable, OrderNotFound
from order_service.models import Order, OrderLine, Return, ReturnItem, VendorOrder
from shared.audit import record
from shared.contracts.order import ReturnDecided, ReturnedItem, ReturnReceived, ReturnRequested
from shared.contracts.payment import Split
from shared.errors import Invalid
from shared.money import share


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line that is to go back, how many of it, and why."""

    line_id: UUID
    quantity: int
    reason: str


@transaction.atomic
def request_return(*, order_id: UUID, wanted: Sequence[Wanted]) -> list[Return]:
    """One return a vendor. Raises NotReturnable, Invalid. The caller has made sure that the order is the buyer's."""
    order = Order.objects.select_for_update().get(id=order_id)
    lines = {line.id: line for line in _lines(order)}
    _refuse_what_cannot_go_back(lines, wanted)
    for one in wanted:
        lines[one.line_id].returned_quantity += one.quantity
    OrderLine.objects.bulk_update([lines[one.line_id] for one in wanted], ["returned_quantity"])
    parts = dict.fromkeys(lines[one.line_id].vendor_order_id for one in wanted)
    return [
        _write(order, part, [one for one in wanted if lines[one.line_id].vendor_order_id == part]) for part in parts
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
    if any(line.returned_quantity + quantity > line.quantity for line, quantity in chosen):
        raise NotReturnable("More than was bought, or returned already.")


def _write(order: Order, part_id: UUID, wanted: list[Wanted]) -> Return:
    request = Return.objects.create(vendor_order_id=part_id)
    ReturnItem.objects.bulk_create(
        [
            ReturnItem(return_request=request, line_id=one.line_id, quantity=one.quantity, reason=one.reason)
            for one in wanted
        ]
    )
    tell(order, ReturnRequested(**about(order), return_id=request.id, vendor_id=request.vendor_order.vendor_id))
    return request


@transaction.atomic
def approve_return(*, return_id: UUID, vendor_id: UUID | None) -> Return:
    request = _locked(return_id, vendor_id)
    request.approve()
    request.save()
    _tell_decision(request, approved=True)
    if vendor_id is None:
        _record("approve", request)
    return request


@transaction.atomic
def reject_return(*, return_id: UUID, vendor_id: UUID | None, reason: str) -> Return:
    """The lines may be asked back again."""
    request = _locked(return_id, vendor_id)
    request.reject(reason=reason)
    request.save()
    for item in request.items.select_related("line").order_by("line_id"):
        item.line.returned_quantity -= item.quantity
        item.line.save(update_fields=["returned_quantity"])
    _tell_decision(request, approved=False, reason=reason)
    if vendor_id is None:
        _record("reject", request)
    return request


def _tell_decision(request: Return, *, approved: bool, reason: str = "") -> None:
    part = request.vendor_order
    told = {"return_id": request.id, "vendor_id": part.vendor_id, "approved": approved, "reason": reason}
    tell(part.order, ReturnDecided(**about(part.order), **told))


def _record(verb: str, request: Return) -> None:
    """An admin did the vendor's part."""
    told = {"vendor": request.vendor_order.vendor_id, "order": request.vendor_order.order_id}
    record(action=f"order.return.{verb}", subject_kind="return", subject_id=request.id, **told)


@transaction.atomic
def receive_return(*, return_id: UUID, vendor_id: UUID | None, restock: bool = True) -> Return:
    """The goods are here: restock what is fit for sale, and send the money back."""
    request = _locked(return_id, vendor_id)
    request.receive()
    request.save()
    part, items = request.vendor_order, list(request.items.select_related("line").order_by("line_id"))
    told = [ReturnedItem(variant_id=item.line.variant_id, quantity=item.quantity, restock=restock) for item in items]
    tell(
        part.order,
        ReturnReceived(**about(part.order), return_id=request.id, vendor_id=part.vendor_id, items=tuple(told)),
    )
    if vendor_id is None:
        _record("receive", request)
    split = _split(part, items)
    refund = ask_refund(order=part.order, splits=(split,), reason="returned", return_request=request)
    if refund is None:
        request.refund()
        request.save()
    return request


def _split(part: VendorOrder, items: Sequence[ReturnItem]) -> Split:
    """Goods, their discount, tax and commission as sold; shipping is not refunded."""
    before = _received_before(part, items)
    after = before + Counter({item.line_id: item.quantity for item in items})
    lines = list(part.lines.all())
    goods_before, goods_after = _goods(lines, before), _goods(lines, after)
    tax = sum(_portion(line, line.tax, after) - _portion(line, line.tax, before) for line in lines)
    rate = part.commission_basis_points
    return Split(
        vendor_order_id=part.id,
        vendor_id=part.vendor_id,
        gross=goods_after - goods_before + tax,
        tax=tax,
        commission=share(goods_after, rate) - share(goods_before, rate),
    )


def _goods(lines: Sequence[OrderLine], returned: Counter[UUID]) -> int:
    return sum(_portion(line, line.line_total - line.discount, returned) for line in lines)


def _portion(line: OrderLine, amount: int, returned: Counter[UUID]) -> int:
    """What of a line's amount has gone back with so many of it.

    Refunds are differences of such running sums, so that rounding never adds up to more than the whole.
    """
    return amount * returned[line.id] // line.quantity


def _received_before(part: VendorOrder, items: Sequence[ReturnItem]) -> Counter[UUID]:
    """Line id → how many came back with other returns."""
    received = [Return.Status.RECEIVED, Return.Status.REFUNDED]
    rows = ReturnItem.objects.filter(line__vendor_order=part, return_request__status__in=received)
    before: Counter[UUID] = Counter()
    for line_id, quantity in rows.exclude(id__in=[item.id for item in items]).values_list("line_id", "quantity"):
        before[line_id] += quantity
    return before


def _locked(return_id: UUID, vendor_id: UUID | None) -> Return:
    """Order first, then the return. Raises OrderNotFound for another vendor's."""
    rows = Return.objects.filter(id=return_id)
    rows = rows if vendor_id is None else rows.filter(vendor_order__vendor_id=vendor_id)
    order_id = rows.values_list("vendor_order__order_id", flat=True).first()
    if order_id is None:
        raise OrderNotFound()
    Order.objects.select_for_update().get(id=order_id)
    return Return.objects.select_for_update(of=("self",)).select_related("vendor_order__order").get(id=return_id)
