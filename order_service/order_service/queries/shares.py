"""What goes back of a vendor order, from its lines' own figures; parts sum to the whole, never to more."""

from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

from order_service.models import Order, OrderLine, Refund, VendorOrder
from shared.contracts.payment import Split
from shared.money import share

FIGURES = ("gross", "tax", "commission", "commission_tax")
CAPPED = ("gross", "tax", "commission_tax")
"""Never below zero."""


def left_of(order: Order) -> list[Split]:
    """What of each vendor order has not been asked back."""
    asked = [split for refund in order.refunds.exclude(status=Refund.Status.RETRIED) for split in refund.splits]
    return [_less(whole_of(part), asked) for part in order.vendor_orders.order_by("id")]


def whole_of(part: VendorOrder) -> Split:
    return Split(
        vendor_order_id=part.id,
        vendor_id=part.vendor_id,
        gross=part.total,
        tax=part.tax_total + part.tax_included,
        commission=part.commission,
        commission_tax=part.commission_tax,
    )


def _less(whole: Split, asked: Sequence[dict[str, int | str]]) -> Split:
    own = [split for split in asked if split["vendor_order_id"] == str(whole.vendor_order_id)]
    gone = {name: sum(int(one.get(name, 0)) for one in own) for name in FIGURES}
    left = {name: max(getattr(whole, name) - gone[name], 0) for name in CAPPED}
    return whole.model_copy(update={**left, "commission": whole.commission - gone["commission"]})


def split_of(part: VendorOrder, quantities: Counter[UUID], *, shipping: bool) -> Split:
    """For so many more of its lines, and what was paid to have them sent if that goes back too.

    Goods, their discount, taxes and commission as sold: differences of running sums, so that rounding never adds up to
    more than the whole. What completes a vendor order is whatever is left of it.
    """
    left = next(one for one in left_of(part.order) if one.vendor_order_id == part.id)
    lines = list(part.lines.all())
    before = Counter({line.id: line.refunded_quantity for line in lines})
    after = before + quantities
    if all(after[line.id] == line.quantity for line in lines) and (shipping or part.shipping_refunded):
        return left
    wanted = _difference(part, lines, before, after, shipping=shipping and not part.shipping_refunded)
    if wanted["gross"] >= left.gross:
        return _all_of_the_money(wanted, left) if _is_mixed(part, lines) else left
    most = {name: min(getattr(left, name), wanted[name]) for name in CAPPED}
    most["commission"] = wanted["commission"] if _is_mixed(part, lines) else min(left.commission, wanted["commission"])
    return left.model_copy(update=most)


def _is_mixed(part: VendorOrder, lines: Sequence[OrderLine]) -> bool:
    """Where the platform paid for some of it, the commission of these is below zero, and what is left of all together
    is no bound of any.
    """
    of_lines = [line.commission or 0 for line in lines]
    return min([*of_lines, part.commission - sum(of_lines)]) < 0


def _all_of_the_money(wanted: dict[str, int], left: Split) -> Split:
    """With it goes all of the rest, but for what the platform paid for things that do not come back."""
    if wanted["commission"] <= left.commission:
        return left
    commission_tax = min(wanted["commission_tax"], left.commission_tax)
    return left.model_copy(update={"commission": wanted["commission"], "commission_tax": commission_tax})


def _difference(
    part: VendorOrder, lines: Sequence[OrderLine], before: Counter[UUID], after: Counter[UUID], *, shipping: bool
) -> dict[str, int]:
    sent = _sent(part, lines) if shipping else {}

    def back(amount: Callable[[OrderLine], int]) -> int:
        return sum(_portion(line, amount(line), after) - _portion(line, amount(line), before) for line in lines)

    return {
        "gross": back(lambda line: line.line_total - line.discount + line.tax) + sent.get("gross", 0),
        "tax": back(lambda line: line.tax + line.tax_included) + sent.get("tax", 0),
        "commission": _commission(part, lines, after) - _commission(part, lines, before) + sent.get("commission", 0),
        "commission_tax": back(lambda line: line.commission_tax),
    }


def _sent(part: VendorOrder, lines: Sequence[OrderLine]) -> dict[str, int]:
    """Shipping, as paid: its tax may be on top or inside; its commission is what the platform paid of it."""
    inside = part.tax_included - sum(line.tax_included for line in lines)
    on_lines = [line.commission for line in lines if line.commission is not None]
    return {
        "gross": part.shipping_total + part.shipping_tax,
        "tax": part.shipping_tax + inside,
        "commission": part.commission - sum(on_lines) if len(on_lines) == len(lines) else 0,
    }


def _commission(part: VendorOrder, lines: Sequence[OrderLine], gone: Counter[UUID]) -> int:
    """Lines of before they kept their commission share the vendor order's rate."""
    if any(line.commission is None for line in lines):
        goods = sum(_portion(line, line.line_total - line.discount, gone) for line in lines)
        return share(goods, part.commission_basis_points)
    return sum(_portion(line, line.commission or 0, gone) for line in lines)


def _portion(line: OrderLine, amount: int, gone: Counter[UUID]) -> int:
    """What of a line's amount has gone back with so many of it."""
    return amount * gone[line.id] // line.quantity
