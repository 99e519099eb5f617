"""A vendor order's share of a payment, and parts of it."""

from shared.contracts.payment import Split
from shared.money import allocate


def owed_of(split: Split) -> int:
    """The vendor's of it."""
    return split.gross - split.tax - split.commission - split.commission_tax


def part_of(split: Split, gross: int) -> Split:
    """So much of it, of which tax, commission and its tax are parts alike.

    Of what earlier parts left, they may be more than the money: the last part alone evens that out.
    """
    if gross == split.gross > 0:
        return split
    if split.commission < 0:
        tax, net = allocate(gross, [split.tax, split.gross - split.tax])
        whole = split.gross - split.tax or 1
        commission, commission_tax = -(net * -split.commission // whole), net * split.commission_tax // whole
    else:
        tax, commission, commission_tax = _alike(split, gross) if split.gross else (0, 0, 0)
    figures = {"gross": gross, "tax": tax, "commission": commission, "commission_tax": commission_tax}
    return split.model_copy(update=figures)


def _alike(split: Split, gross: int) -> tuple[int, int, int]:
    taken = [split.tax, split.commission, split.commission_tax]
    tax, commission, commission_tax, _owed = allocate(gross, [*taken, max(split.gross - sum(taken), 0)])
    return tax, commission, commission_tax
