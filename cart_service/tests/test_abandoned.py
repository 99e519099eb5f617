"""Carts that were left are found by the clock, and told once a version."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from conftest import add, change, make_guest, make_offer, make_order_confirmed, usd
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from cart_service.actions.abandoned import KEPT, find_abandoned, forget_old
from cart_service.models import AbandonedCart, store
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.cart import CartAbandoned
from shared.contracts.order import Buyer, OrderPlaced
from shared.contracts.user import UserErased
from shared.messages import MoneyData
from shared.testing import body, client_as, client_of, deliver, published

pytestmark = pytest.mark.django_db
ADA = UUID(int=1)


@pytest.fixture
def ada() -> APIClient:
    return client_as("customer", user_id=ADA)


@pytest.fixture(autouse=True)
def _a_day_is_short(settings: Any) -> None:
    """Who looked away has left."""
    settings.CART_ABANDONED_AFTER = timedelta(milliseconds=-1)


def placed(**changes: Any) -> OrderPlaced:
    usual = {
        "order_id": new_id(), "number": "N-1", "buyer": Buyer(user_id=ADA, email="ada@example.com", name="Ada"),
        "total": MoneyData(minor=1, currency="USD"), "placed_at": timezone.now(),
    }  # fmt: skip
    return OrderPlaced(**{**usual, **changes})


def test_a_cart_that_was_left_is_told_with_what_is_in_it(ada: APIClient) -> None:
    offer = make_offer()
    shown = body(add(ada, offer, 2))

    assert find_abandoned() == 1

    [event] = published(CartAbandoned)
    assert (event.user_id, str(event.cart_id), event.total) == (ADA, shown["id"], MoneyData(minor=2500, currency="USD"))
    [line] = event.lines
    assert (line.variant_id, line.slug, line.quantity, line.unit_price.minor) == (
        offer.variant_id, "yirgacheffe", 2, 1250,
    )  # fmt: skip
    found = AbandonedCart.objects.get()
    assert (found.version, found.size, found.total.amount) == (event.cart_version, 1, "25.00")


def test_a_version_is_told_once_and_the_next_one_again(ada: APIClient) -> None:
    offer = make_offer()
    add(ada, offer)
    find_abandoned()

    assert find_abandoned() == 0
    body(ada.get("/api/v1/cart"))
    assert find_abandoned() == 0
    add(ada, offer)
    assert find_abandoned() == 1
    assert len(published(CartAbandoned)) == 2


def test_who_died_after_telling_does_not_tell_again(ada: APIClient) -> None:
    add(ada, make_offer())
    find_abandoned()
    store.connection().zadd("left", {str(ADA): 1})

    assert find_abandoned() == 0

    assert len(published(CartAbandoned)) == 1


def test_who_is_still_looking_has_not_left(ada: APIClient, settings: Any) -> None:
    add(ada, make_offer())
    settings.CART_ABANDONED_AFTER = timedelta(hours=24)
    long_ago = (timezone.now() - timedelta(hours=25)).timestamp() * 1000

    store.connection().zadd("left", {str(ADA): long_ago})
    ada.get("/api/v1/cart")
    assert find_abandoned() == 0

    store.connection().zadd("left", {str(ADA): long_ago})
    client_of("order").get(f"/internal/cart?user_id={ADA}")
    assert find_abandoned() == 0

    store.connection().zadd("left", {str(ADA): long_ago})
    assert find_abandoned() == 1


def test_an_order_ends_the_waiting(ada: APIClient) -> None:
    add(ada, make_offer())

    deliver(placed(), SUBSCRIPTIONS)

    assert find_abandoned() == 0


def test_what_was_put_into_the_cart_after_the_order_is_another_matter(ada: APIClient) -> None:
    add(ada, make_offer())

    deliver(placed(placed_at=timezone.now() - timedelta(seconds=5)), SUBSCRIPTIONS)

    assert find_abandoned() == 1


def test_an_order_after_all_is_noted(ada: APIClient) -> None:
    add(ada, make_offer())
    find_abandoned()
    order = placed()

    deliver(order, SUBSCRIPTIONS)

    assert AbandonedCart.objects.get().ordered_at == order.placed_at


def test_an_order_of_a_guest_ends_nobodys_waiting(ada: APIClient) -> None:
    add(ada, make_offer())

    deliver(placed(buyer=Buyer(email="gus@example.com", name="Gus")), SUBSCRIPTIONS)

    assert find_abandoned() == 1


@pytest.mark.parametrize("emptied", ["cleared", "removed", "ordered"])
def test_an_empty_cart_is_nobodys_loss(emptied: str, ada: APIClient) -> None:
    offer = make_offer()
    shown = body(add(ada, offer))

    match emptied:
        case "cleared":
            ada.delete("/api/v1/cart")
        case "removed":
            ada.delete(f"/api/v1/cart/items/{shown['items'][0]['id']}")
        case "ordered":
            deliver(make_order_confirmed(shown, (offer, 1)), SUBSCRIPTIONS)

    assert store.connection().zcard("left") == 0
    assert find_abandoned() == 0


@pytest.mark.parametrize("news", [{"available": 0}, {"active": False}, {"prices": ()}])
def test_nobody_is_reminded_of_what_cannot_be_bought(news: dict[str, Any], ada: APIClient) -> None:
    offer = make_offer()
    add(ada, offer)
    change(offer, **news)

    assert find_abandoned() == 0
    assert published(CartAbandoned) == []


def test_guests_cannot_be_told() -> None:
    make_guest(make_offer())

    assert find_abandoned() == 0


def test_a_merged_cart_waits_as_its_users(ada: APIClient) -> None:
    guest = make_guest(make_offer())
    ada.post("/api/v1/cart/merge", HTTP_X_CART_TOKEN=guest._credentials["HTTP_X_CART_TOKEN"])

    assert find_abandoned() == 1


def test_who_is_erased_is_not_told(ada: APIClient) -> None:
    add(ada, make_offer())
    find_abandoned()
    add(ada, make_offer())

    deliver(UserErased(user_id=ADA), SUBSCRIPTIONS)

    assert find_abandoned() == 0
    assert not AbandonedCart.objects.exists()
    assert not store.connection().keys("cart:*")
    assert store.connection().zcard("left") == 0


def test_without_redis_nothing_is_found(broken_redis: Callable[[], None]) -> None:
    broken_redis()

    assert find_abandoned() == 0


@pytest.mark.django_db(transaction=True)
def test_many_clocks_tell_each_cart_once() -> None:
    offer = make_offer(available=1000, prices=usd(1))
    for number in range(12):
        add(client_as("customer", user_id=UUID(int=100 + number)), offer)

    def one_clock(_number: int) -> int:
        try:
            return find_abandoned()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as clocks:
        told = list(clocks.map(one_clock, range(4)))

    assert sum(told) == 12
    assert len({event.user_id for event in published(CartAbandoned)}) == len(published(CartAbandoned)) == 12


def test_what_was_found_long_ago_is_forgotten(ada: APIClient) -> None:
    add(ada, make_offer())
    find_abandoned()
    assert forget_old() == 0
    AbandonedCart.objects.update(found_at=timezone.now() - KEPT - timedelta(seconds=1))

    assert forget_old() == 1
