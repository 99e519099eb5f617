"""Why an amount is what it is: kept with the order, shown to whoever asks."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID


def per_cent(basis_points: int) -> str:
    """`"7.5"` of 750: exactly, with no more digits than it takes."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """`amount` came of a rule, `basis_points` of `base` where it is a rate; minor units. What lowers a price is
    negative; tax that is `included` in the price is told, and does not change it.
    """

    kind: str
    """discount, shipping, shipping_discount, tax or shipping_tax."""
    rule: str
    amount: int
    base: int | None = None
    basis_points: int | None = None
    included: bool = False
    paid_by: str = ""
    promotion_id: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        told = asdict(self)
        return {**told, "promotion_id": str(self.promotion_id) if self.promotion_id else None}
