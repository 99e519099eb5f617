"""A shop on paper: carts, orders, stock and money as anybody would write them down, without a database or a message.

Amounts are whole minor units. VAT of 20 % comes on top of goods and of shipping, rounded half up per line and per
parcel; shipping costs the same for each vendor's parcel; the coupon takes a tenth off the goods.
"""

from dataclasses import dataclass, field
from uuid import UUID

SHIPPING = {0: 600, 2: 500, 3: 1_500}
"""Digits of the currency → what each vendor's parcel costs."""


def per_cent(amount: int, rate: int) -> int:
    return (amount * rate + 50) // 100


@dataclass
class Ware:
    id: UUID
    vendor: UUID
    sku: str
    price: int
    on_hand: int
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@dataclass
class Bought:
    """A line: `paid` is what all of it cost with discount and tax."""

    ware: Ware
    quantity: int
    unit: int
    discount: int = 0
    cancelled: int = 0
    sent: int = 0
    asked_back: int = 0
    came_back: int = 0
    refunded: int = 0

    @property
    def paid(self) -> int:
        goods = self.unit * self.quantity - self.discount
        return goods + per_cent(goods, 20)

    @property
    def unsent(self) -> int:
        return self.quantity - self.cancelled - self.sent

    def worth(self, units: int) -> int:
        """Of so many units, rounded down; of all of them, all."""
        return self.paid * units // self.quantity


@dataclass
class Parcel:
    """What one vendor sends; `under_way`: sent, and not delivered."""

    lines: dict[UUID, Bought]
    shipping: int
    back: int = 0
    shipping_back: bool = False
    under_way: int = 0

    @property
    def sent_with_tax(self) -> int:
        return self.shipping + per_cent(self.shipping, 20)

    @property
    def total(self) -> int:
        return sum(line.paid for line in self.lines.values()) + self.sent_with_tax

    @property
    def state(self) -> str:
        lines = self.lines.values()
        if all(line.cancelled == line.quantity for line in lines):
            return "cancelled"
        if any(line.unsent for line in lines):
            return "partially_shipped" if any(line.sent for line in lines) else "confirmed"
        if self.under_way:
            return "shipped"
        return "returned" if all(line.came_back == line.sent for line in lines) else "delivered"

    def give_back(self, units: dict[UUID, int], *, shipping: bool = False) -> int:
        """What goes back for so many more units; never more than is left."""
        left, before = self.total - self.back, sum(line.worth(line.refunded) for line in self.lines.values())
        for key, more in units.items():
            self.lines[key].refunded += more
        goods = sum(line.worth(line.refunded) for line in self.lines.values()) - before
        gone = all(line.refunded == line.quantity for line in self.lines.values())
        sending = self.sent_with_tax if shipping and not self.shipping_back else 0
        self.shipping_back = self.shipping_back or shipping
        amount = left if gone and self.shipping_back else min(left, goods + sending)
        self.back += amount
        return amount


@dataclass
class Purchase:
    id: UUID
    buyer: int
    cart_version: str
    state: str
    parcels: dict[UUID, Parcel] = field(default_factory=dict)
    all_back: bool = False

    @property
    def lines(self) -> list[Bought]:
        return [line for parcel in self.parcels.values() for line in parcel.lines.values()]

    @property
    def total(self) -> int:
        return sum(parcel.total for parcel in self.parcels.values())

    @property
    def is_paid(self) -> bool:
        return self.state not in {"placed", "awaiting_payment"} and not self.never_paid

    never_paid: bool = False

    @property
    def kept(self) -> int:
        """What the shop has of the buyer's money."""
        if not self.is_paid or self.all_back:
            return 0
        return self.total - sum(parcel.back for parcel in self.parcels.values())

    def follow_parcels(self) -> None:
        states = {parcel.state for parcel in self.parcels.values()} - {"cancelled"}
        if not states:
            self.state = "cancelled"
        elif states == {"returned"}:
            self.state = "returned"
        elif states <= {"delivered", "returned"}:
            self.state = "delivered"
        elif states <= {"shipped", "delivered", "returned"}:
            self.state = "shipped"
        else:
            self.state = "confirmed"


def buy(wares: dict[int, Ware], wanted: dict[int, int], *, digits: int, coupon: bool) -> dict[UUID, dict[int, Bought]]:
    """Vendor → lines, each with its share of a tenth off all goods: the largest remainders get what rounding left."""
    lines = {n: Bought(wares[n], quantity, wares[n].price) for n, quantity in wanted.items()}
    if coupon:
        goods = {n: line.unit * line.quantity for n, line in lines.items()}
        off, whole = per_cent(sum(goods.values()), 10), sum(goods.values())
        for n, amount in goods.items():
            lines[n].discount = off * amount // whole if whole else 0
        rest = off - sum(line.discount for line in lines.values())
        by_remainder = sorted(goods, key=lambda n: -(off * goods[n] % whole) if whole else 0)
        for n in by_remainder[:rest]:
            lines[n].discount += 1
    found: dict[UUID, dict[int, Bought]] = {}
    for n, line in lines.items():
        found.setdefault(line.ware.vendor, {})[n] = line
    return found
