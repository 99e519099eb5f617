"""cart_service: what buyers left behind, and what became of their wishes. Carts are asked for over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.messages import Event, MoneyData


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class LeftLine(_Part):
    variant_id: UUID
    product_id: UUID
    slug: str
    name: str
    quantity: int
    unit_price: MoneyData


class CartAbandoned(Event):
    """A signed-in buyer has not looked at the cart for a while, and `lines` could be bought. Told once a version."""

    type = "cart.cart_abandoned.v1"
    key = "cart_id"
    cart_id: UUID
    cart_version: str
    user_id: UUID
    lines: tuple[LeftLine, ...]
    total: MoneyData
    left_at: datetime


class _WishEvent(Event):
    """`user_ids`: who has it on a wishlist and wants to know, at most 500; more of them get another message."""

    key = "variant_id"
    variant_id: UUID
    product_id: UUID
    slug: str
    name: str
    user_ids: tuple[UUID, ...]


class WishCameBack(_WishEvent):
    """It could not be bought, and can be now. `price` is absent when it has none."""

    type = "cart.wish_came_back.v1"
    price: MoneyData | None = None


class WishPriceDropped(_WishEvent):
    type = "cart.wish_price_dropped.v1"
    old: MoneyData
    new: MoneyData
