"""A cart as its buyer sees it: stored lines joined with today's offers, and what changed since the last look."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.conf import settings

from cart_service.models import Offer, carts
from cart_service.models.carts import Cart, Line, Owner
from cart_service.models.merging import Merged
from shared.money import MAX_MINOR, Money


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the cart; `available` is how many can be bought now. Prices are None when it has none any more."""

    id: UUID
    quantity: int
    offer: Offer
    unit_price: Money | None

    @property
    def line_total(self) -> Money | None:
        return self.unit_price * self.quantity if self.unit_price is not None else None

    @property
    def available(self) -> int:
        return self.offer.buyable

    @property
    def vendor(self) -> dict[str, object]:
        return {"id": self.offer.vendor_id, "name": self.offer.vendor_name}

    @property
    def state(self) -> str:
        """ok, short (fewer than wanted), out (none), gone (not for sale, or not in this currency)."""
        if not self.offer.active or self.unit_price is None:
            return "gone"
        if self.available == 0:
            return "out"
        return "short" if self.available < self.quantity else "ok"


@dataclass(frozen=True, slots=True)
class Change:
    """Something the buyer has not been told yet.

    `kind`: price_changed (`old`, `new`), out_of_stock, insufficient_stock (`available`), unavailable,
    back_in_stock, quantity_reduced (`requested`, `quantity`: a merge could not take all).
    """

    kind: str
    item_id: UUID
    variant_id: UUID
    name: str
    old: Money | None = None
    new: Money | None = None
    requested: int | None = None
    quantity: int | None = None
    available: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """`told` is what to remember once this has been shown: variant, price, state."""

    id: UUID | None
    version: str
    currency: str
    coupon: str | None
    items: Sequence[Item] = ()
    changes: Sequence[Change] = ()
    told: Sequence[tuple[UUID, int | None, str]] = field(default=())

    @property
    def subtotal(self) -> Money:
        return sum((item.line_total for item in self.items if item.line_total), Money.zero(self.currency))


KINDS = {"short": "insufficient_stock", "out": "out_of_stock", "gone": "unavailable", "ok": "back_in_stock"}


def cart(owner: Owner) -> Cart:
    """The stored cart. Raises CartNotFound for a guest's token that leads nowhere, Unavailable."""
    return carts.load(owner)


def glance(owner: Owner) -> Cart:
    """The stored cart, without its buyer having looked at it. Raises Unavailable."""
    return carts.glance(owner)


def nothing() -> Shown:
    """What a guest who has put nothing into a cart sees."""
    return Shown(id=None, version="", currency=str(settings.CART_CURRENCY), coupon=None)


def shown(stored: Cart, cut: Sequence[Merged] = ()) -> Shown:
    """The cart with today's names, prices and stock. A line whose variant is not known here is left out.

    `cut` is what a merge could not take over whole.
    """
    currency = stored.currency or str(settings.CART_CURRENCY)
    offers = Offer.objects.in_bulk([line.variant_id for line in stored.lines] + [part.variant_id for part in cut])
    known = [line for line in stored.lines if line.variant_id in offers]
    pairs = _payable([(line, _item(stored.owner, line, offers[line.variant_id], currency)) for line in known])
    news = [(line, item) for line, item in pairs if _is_news(line, item)]
    return Shown(
        id=stored.owner.cart_id,
        version=stored.version,
        currency=currency,
        coupon=stored.coupon,
        items=[item for _, item in pairs],
        changes=[change for line, item in news for change in _changes(line, item)]
        + [_cut(stored.owner, part, offers[part.variant_id]) for part in cut if part.variant_id in offers],
        told=[(line.variant_id, _minor(item.unit_price), item.state) for line, item in news],
    )


def _item(owner: Owner, line: Line, offer: Offer, currency: str) -> Item:
    return Item(
        id=owner.item_id(line.variant_id),
        quantity=line.quantity,
        offer=offer,
        unit_price=offer.price_in(currency),
    )


def _payable(pairs: Sequence[tuple[Line, Item]]) -> list[tuple[Line, Item]]:
    """What makes the sum greater than any order can be has no price here: prices rise while carts stand."""
    sum_, payable = 0, []
    for line, item in pairs:
        worth = item.unit_price.minor * item.quantity if item.unit_price else 0
        if sum_ + worth > MAX_MINOR:
            item = replace(item, unit_price=None)
        else:
            sum_ += worth
        payable.append((line, item))
    return payable


def _is_news(line: Line, item: Item) -> bool:
    return _minor(item.unit_price) != line.told_price or item.state != line.told_state


def _changes(line: Line, item: Item) -> list[Change]:
    name, found = item.offer.name, []
    told, price = line.told_price, item.unit_price
    if price is not None and told is not None and told != price.minor:
        old = Money(told, price.currency)
        found.append(Change("price_changed", item.id, line.variant_id, name, old=old, new=price))
    if item.state != line.told_state and not (item.state == "ok" and line.told_state == "short"):
        kind = KINDS[item.state]
        found.append(Change(kind, item.id, line.variant_id, name, requested=line.quantity, available=item.available))
    return found


def _cut(owner: Owner, part: Merged, offer: Offer) -> Change:
    return Change(
        "quantity_reduced",
        item_id=owner.item_id(part.variant_id),
        variant_id=part.variant_id,
        name=offer.name,
        requested=part.wanted,
        quantity=part.quantity,
        available=offer.buyable,
    )


def _minor(price: Money | None) -> int | None:
    return price.minor if price is not None else None
