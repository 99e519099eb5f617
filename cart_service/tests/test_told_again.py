"""What the auditor has others tell again, under another message id, changes nothing where it had been heard."""

from collections.abc import Callable
from uuid import UUID

import pytest
from conftest import add, change, make_offer, make_order_confirmed, usd

from cart_service.actions import wishlists
from cart_service.models import store
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.catalog import OfferChanged
from shared.contracts.user import UserErased
from shared.messages import Message
from shared.testing import body, client_as, deliver, kept, published

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)


def cheaper() -> OfferChanged:
    offer = make_offer()
    wishes = wishlists.make_wishlist(user_id=ADA, name="Birthday")
    wishlists.wish(user_id=ADA, wishlist_id=wishes.id, variant_id=offer.variant_id)
    return change(offer, prices=usd(1_000))


def ordered() -> Message:
    coffee = make_offer()
    return make_order_confirmed(body(add(client_as("customer", user_id=ADA), coffee, 3)), (coffee, 1))


def erased() -> Message:
    add(client_as("customer", user_id=ADA), make_offer())
    return UserErased(user_id=ADA)


def in_redis() -> dict[str, object]:
    redis = store.connection()
    return {key: redis.hgetall(key) for key in redis.scan_iter("cart:*")}


@pytest.mark.parametrize("heard", [ordered, erased])
def test_what_is_told_again_changes_nothing(heard: Callable[[], Message]) -> None:
    add(client_as("customer", user_id=new_id()), make_offer())
    told = heard()
    deliver(told, SUBSCRIPTIONS)
    before, said, carts = kept(), published(), in_redis()

    deliver(told, SUBSCRIPTIONS)

    assert (kept(), published(), in_redis()) == (before, said, carts)


def test_an_offer_told_as_its_next_version_is_news_to_nobody_who_wishes_for_it() -> None:
    offer = cheaper()
    said = published()

    deliver(offer.model_copy(update={"version": offer.version + 1}), SUBSCRIPTIONS)

    assert said
    assert published() == said
