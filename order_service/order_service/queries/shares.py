"""What goes back of a vendor order, from its lines' own figures; parts sum to the whole, never to more."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from order_service.models import Order, OrderLine, Refund, VendorOrder
from shared.contracts.payment import Split
from shared.money import share

FIGURES = ("gross", "tax", "commission")


def left_of(order: Order) -> list[Split]:
    """What of each vendor order has not been asked back."""
    asked = [split for refund in order.refunds.exclude(status=Refund.Status.RETRIED) for split in refund.splits]
    return [_less(whole_of(part), asked) for part in order.vendor_orders.order_by("id")]


def whole_of(part: VendorOrder) -> Split:
    return Split(
        vendor_order_id=part.id,
        vendor_id=part.vendor_id,
        gross=part.total,
        tax=part.tax_total,
        commission=part.commission,
    )


def _less(whole: Split, asked: Sequence[dict[str, int | str]]) -> Split:
    own = [split for split in asked if split["vendor_order_id"] == str(whole.vendor_order_id)]
    left = {name: max(getattr(whole, name) - sum(int(one[name]) for one in own), 0) for name in FIGURES}
    return whole.model_copy(update=left)


def split_of(part: VendorOrder, quantities: Counter[UUID], *, shipping: bool) -> Split:
    """For so many more of its lines, and what was paid to have them sent if that goes back too.

    Goods, their discount, tax and commission as sold: differences of running sums, so that rounding never adds up to
    more than the whole. What completes a vendor order is whatever is left of it.
    """
    left = next(one for one in left_of(part.order) if one.vendor_order_id == part.id)
    lines = list(part.lines.all())
    before = Counter({line.id: line.refunded_quantity for line in lines})
    after = before + quantities
    if all(after[line.id] == line.quantity for line in lines) and (shipping or part.shipping_refunded):
        return left
    wanted = _difference(part, lines, before, after, shipping=shipping and not part.shipping_refunded)
    return left.model_copy(update={name: min(getattr(left, name), wanted[name]) for name in FIGURES})


def _difference(
    part: VendorOrder, lines: Sequence[OrderLine], before: Counter[UUID], after: Counter[UUID], *, shipping: bool
) -> dict[str, int]:
    goods_before, goods_after = _goods(lines, before), _goods(lines, after)
    tax = sum(_portion(line, line.tax, after) - _portion(line, line.tax, before) for line in lines)
    sent = (part.shipping_total, part.shipping_tax) if shipping else (0, 0)
    rate = part.commission_basis_points
    return {
        "gross": goods_after - goods_before + tax + sum(sent),
        "tax": tax + sent[1],
        "commission": share(goods_after, rate) - share(goods_before, rate),
    }


def _goods(lines: Sequence[OrderLine], gone: Counter[UUID]) -> int:
    return sum(_portion(line, line.line_total - line.discount, gone) for line in lines)


def _portion(line: OrderLine, amount: int, gone: Counter[UUID]) -> int:
    """What of a line's amount has gone back with so many of it."""
    return amount * gone[line.id] // line.quantity
