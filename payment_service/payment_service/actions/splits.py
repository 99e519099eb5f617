"""A vendor order's share of a payment, and parts of it."""

from shared.contracts.payment import Split
from shared.money import allocate


def part_of(split: Split, gross: int) -> Split:
    """So much of it, of which tax and commission are parts alike.

    Of what earlier parts left, tax and commission may be more than the money: the last part alone evens that out.
    """
    if gross == split.gross > 0:
        return split
    if split.commission < 0:
        tax, net = allocate(gross, [split.tax, split.gross - split.tax])
        commission = -(net * -split.commission // (split.gross - split.tax or 1))
    else:
        owed = max(split.gross - split.tax - split.commission, 0)
        tax, commission, _owed = allocate(gross, [split.tax, split.commission, owed]) if split.gross else (0, 0, 0)
    return split.model_copy(update={"gross": gross, "tax": tax, "commission": commission})
