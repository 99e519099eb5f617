"""HTTP out: the cart, asked once when an order is quoted or placed, before any row is locked."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from order_service.errors import CartEmpty
from shared.calls import call
from shared.money import Money


@dataclass(frozen=True, slots=True)
class CartLine:
    """A line as the cart shows it to its buyer."""

    variant_id: UUID
    product_id: UUID
    category_id: UUID | None
    vendor_id: UUID
    vendor_name: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    available: int
    active: bool
    weight_grams: int = 0
    above: tuple[UUID, ...] = ()
    """The categories above its own, the nearest first, as far as they are known (queries/categories.py)."""

    @property
    def categories(self) -> tuple[UUID, ...]:
        """All that it is in, its own first."""
        return (self.category_id, *self.above) if self.category_id else ()


@dataclass(frozen=True, slots=True)
class Cart:
    id: str
    currency: str
    coupon: str | None
    lines: tuple[CartLine, ...]
    version: str = ""
    """Another one after every change of the cart; empty if it is not known."""


def cart_of(*, user_id: UUID | None, token: str | None) -> Cart:
    """The caller's cart; a guest's by token. Raises CartEmpty; Unavailable when the cart service does not answer."""
    if user_id is None and not token:
        raise CartEmpty()
    params = {"user_id": str(user_id)} if user_id else {"token": str(token)}
    response = call("cart", settings.CART_URL, "GET", "/internal/cart", params=params)
    if response.status_code == 404:
        raise CartEmpty()
    response.raise_for_status()
    body = response.json()
    if not body["items"]:
        raise CartEmpty()
    lines = tuple(_line(item, body["currency"]) for item in body["items"])
    return Cart(body["id"], body["currency"], body.get("coupon") or None, lines, body.get("version", ""))


def _line(item: dict[str, Any], currency: str) -> CartLine:
    """A line without a price is one that is not for sale."""
    category, price = item.get("category_id"), item["unit_price"]
    return CartLine(
        variant_id=UUID(item["variant_id"]),
        product_id=UUID(item["product_id"]),
        category_id=UUID(category) if category else None,
        vendor_id=UUID(item["vendor_id"]),
        vendor_name=item["vendor_name"],
        sku=item["sku"],
        name=item["name"],
        quantity=item["quantity"],
        unit_price=Money.parse(price["amount"], price["currency"]) if price else Money.zero(currency),
        available=item["available"],
        active=item["active"] and price is not None,
        weight_grams=item.get("weight_grams") or 0,
    )
