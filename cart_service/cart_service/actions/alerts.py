"""Who wishes for something hears when it is back, and when it gets cheaper."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from cart_service.models import Offer
from cart_service.models.wishlists import BACK, DROP
from shared.contracts.cart import WishCameBack, WishPriceDropped
from shared.messages import MoneyData
from shared.money import Money
from shared.outbox import publish

AT_ONCE = 200
BACK_REST = timedelta(days=1)
DROP_REST = timedelta(days=7)


def tell_wishers(before: Offer, now: Offer) -> None:
    """An offer changed, in this transaction. What is back is told with its price, and not as cheaper besides."""
    if now.buyable == 0:
        return
    if before.buyable == 0:
        _tell_back(now)
    elif (drop := _drop(before, now)) is not None:
        _tell_drop(now, *drop)


def _drop(before: Offer, now: Offer) -> tuple[Money, Money] | None:
    old, new = before.usual_price, now.usual_price
    if old is None or new is None or old.currency != new.currency or new.minor >= old.minor:
        return None
    return old, new


def _tell_back(offer: Offer) -> None:
    price = offer.usual_price
    for some in _wishers(offer, BACK, rest=BACK_REST):
        publish(WishCameBack(**_told(offer, some), price=_data(price) if price else None))


def _tell_drop(offer: Offer, old: Money, new: Money) -> None:
    for some in _wishers(offer, DROP, rest=DROP_REST, minor=new.minor):
        publish(WishPriceDropped(**_told(offer, some), old=_data(old), new=_data(new)))


def _wishers(offer: Offer, statement: str, **asked: Any) -> list[list[UUID]]:
    """Users who have not heard it yet, each once however many lists it is on, in groups of a message's size."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"variant_id": offer.variant_id, "now": timezone.now(), **asked})
        users = sorted({row[0] for row in cursor.fetchall()})
    return [users[i : i + AT_ONCE] for i in range(0, len(users), AT_ONCE)]


def _told(offer: Offer, users: list[UUID]) -> dict[str, Any]:
    return {
        "variant_id": offer.variant_id,
        "product_id": offer.product_id,
        "slug": offer.slug,
        "name": offer.name,
        "user_ids": tuple(users),
    }


def _data(money: Money) -> MoneyData:
    return MoneyData(minor=money.minor, currency=money.currency)
