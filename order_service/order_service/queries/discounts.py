"""What promotions take off lines: arithmetic only, in minor units. Which promotions these are, promotions.py says."""

from collections.abc import Sequence
from dataclasses import dataclass

from order_service.clients import CartLine
from order_service.models import Promotion
from shared.money import allocate, share

ALL = 10_000
"""Basis points."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a promotion takes off one line: `basis_points` of `base`, or its part of an amount."""

    promotion: Promotion
    base: int
    amount: int


def covers(promotion: Promotion, line: CartLine) -> bool:
    """A vendor's own promotions are for its own products, whatever they name."""
    return (
        promotion.vendor_id in {None, line.vendor_id}
        and (not promotion.vendors or line.vendor_id in promotion.vendors)
        and (not promotion.products or line.product_id in promotion.products)
        and (not promotion.categories or not set(promotion.categories).isdisjoint(line.categories))
    )


def total_of(line: CartLine) -> int:
    return line.unit_price.minor * line.quantity


def cuts(promotions: Sequence[Promotion], lines: Sequence[CartLine]) -> list[list[Cut]]:
    """For each line what each promotion takes off it; each one finds what those before it have left."""
    left, taken = [total_of(line) for line in lines], [list[Cut]() for _line in lines]
    for promotion in promotions:
        for i, cut in enumerate(_cuts_of(promotion, lines, left)):
            if cut.amount:
                taken[i].append(cut)
                left[i] -= cut.amount
    return taken


def _cuts_of(promotion: Promotion, lines: Sequence[CartLine], left: Sequence[int]) -> list[Cut]:
    bases = [rest if covers(promotion, line) else 0 for line, rest in zip(lines, left, strict=True)]
    match promotion.kind:
        case Promotion.Kind.BUY_X_GET_Y:
            bases = _given(promotion, lines)
            amounts = [min(share(base, promotion.basis_points), rest) for base, rest in zip(bases, left, strict=True)]
        case Promotion.Kind.PERCENTAGE:
            amounts = _spread(share(sum(bases), promotion.basis_points), bases)
        case Promotion.Kind.AMOUNT:
            amounts = _spread(min(promotion.amount, sum(bases)), bases)
        case _:
            amounts = [0] * len(lines)
    return [Cut(promotion, base, amount) for base, amount in zip(bases, amounts, strict=True)]


def _spread(amount: int, bases: Sequence[int]) -> list[int]:
    return allocate(amount, bases) if any(bases) else [0] * len(bases)


def _given(promotion: Promotion, lines: Sequence[CartLine]) -> list[int]:
    """The price of what whole groups of X + Y give: the cheapest units of all that is covered."""
    given = [0] * len(lines)
    covered = [i for i, line in enumerate(lines) if covers(promotion, line)]
    units = sum(lines[i].quantity for i in covered)
    gifts = units // (promotion.buy_quantity + promotion.get_quantity) * promotion.get_quantity
    for i in sorted(covered, key=lambda i: (lines[i].unit_price.minor, i)):
        here = min(gifts, lines[i].quantity)
        given[i], gifts = lines[i].unit_price.minor * here, gifts - here
    return given


def gives_nothing(promotion: Promotion, lines: Sequence[CartLine]) -> bool:
    """It covers none of these, or not enough of them."""
    if promotion.kind == Promotion.Kind.BUY_X_GET_Y:
        return not any(_given(promotion, lines))
    return not any(covers(promotion, line) for line in lines)


def covered_total(promotion: Promotion, lines: Sequence[CartLine]) -> int:
    return sum(total_of(line) for line in lines if covers(promotion, line))


def frees_shipping(promotion: Promotion, lines: Sequence[CartLine]) -> bool:
    """Of a vendor order with these lines."""
    return promotion.kind == Promotion.Kind.FREE_SHIPPING and any(covers(promotion, line) for line in lines)
