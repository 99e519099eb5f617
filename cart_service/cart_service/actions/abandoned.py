"""Carts that were left are found by the clock and told once a version, unless an order came of them."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cart_service.models import AbandonedCart, abandoned, carts
from cart_service.queries import carts as queries
from cart_service.queries.carts import Item, Shown
from shared.contracts.cart import CartAbandoned, LeftLine
from shared.contracts.order import OrderPlaced
from shared.errors import Unavailable
from shared.messages import MoneyData
from shared.money import Money
from shared.outbox import publish

BATCH = 100
KEPT = timedelta(days=180)


def find_abandoned() -> int:
    """A job for the clock: tell of the carts nobody has looked at for a while; answers of how many.

    While Redis is away nothing is found.
    """
    told, before = 0, timezone.now() - settings.CART_ABANDONED_AFTER
    try:
        while left := abandoned.left_before(before, BATCH):
            told += sum(_tell(user_id, left_at) for user_id, left_at in left.items())
    except Unavailable:
        pass
    return told


def _tell(user_id: UUID, left_at: datetime) -> bool:
    """The row and the message are one transaction, and the row is there once: whoever dies before `remember_told`
    finds it the next time.
    """
    owner = carts.of_user(user_id)
    cart = queries.shown(queries.glance(owner))
    items = [item for item in cart.items if item.state in {"ok", "short"}]
    told = bool(items) and _tell_once(user_id, cart, items, left_at)
    abandoned.remember_told(owner, cart.version)
    return told


@transaction.atomic
def _tell_once(user_id: UUID, cart: Shown, items: list[Item], left_at: datetime) -> bool:
    assert cart.id is not None
    lines = [(item, item.unit_price) for item in items if item.unit_price is not None]
    total = sum((price * item.quantity for item, price in lines), Money.zero(cart.currency))
    found = {
        "user_id": user_id,
        "size": len(lines),
        "total_minor": total.minor,
        "currency": total.currency,
        "left_at": left_at,
    }
    _row, made = AbandonedCart.objects.get_or_create(cart_id=cart.id, version=cart.version, defaults=found)
    if made:
        publish(
            CartAbandoned(
                cart_id=cart.id,
                cart_version=cart.version,
                user_id=user_id,
                lines=tuple(_line(item, price) for item, price in lines),
                total=_data(total),
                left_at=left_at,
            )
        )
    return made


def _line(item: Item, price: Money) -> LeftLine:
    return LeftLine(
        variant_id=item.offer.variant_id,
        product_id=item.offer.product_id,
        slug=item.offer.slug,
        name=item.offer.name,
        quantity=item.quantity,
        unit_price=_data(price),
    )


def _data(money: Money) -> MoneyData:
    return MoneyData(minor=money.minor, currency=money.currency)


def note_order(event: OrderPlaced) -> None:
    """Whoever ordered has not left. What the buyer put into the cart since is another matter."""
    user_id = event.buyer.user_id
    if user_id is not None:
        abandoned.wait_no_more(user_id, since=event.placed_at)
        AbandonedCart.objects.filter(user_id=user_id, ordered_at=None).update(ordered_at=event.placed_at)


def forget_old() -> int:
    """A job for the clock: what was found long ago; answers how many."""
    return AbandonedCart.objects.filter(found_at__lt=timezone.now() - KEPT).delete()[0]
