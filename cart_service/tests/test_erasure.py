"""Nobody's cart, nobody's wishes."""

import pytest
from conftest import add, make_offer

from cart_service.models import Wishlist
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.user import UserErased
from shared.testing import body, client_as, deliver

pytestmark = pytest.mark.django_db


def test_the_cart_and_the_wishlists_of_who_is_erased_go_and_nobody_elses() -> None:
    ada, eve, offer = new_id(), new_id(), make_offer()
    for user_id in (ada, eve):
        client = client_as("customer", user_id=user_id)
        add(client, offer)
        client.post("/api/v1/wishlists", {"name": "Birthday"})

    for _ in range(2):
        deliver(UserErased(user_id=ada), SUBSCRIPTIONS)

    sizes = [len(body(client_as("customer", user_id=who).get("/api/v1/cart"))["items"]) for who in (ada, eve)]
    assert sizes == [0, 1]
    assert [found.user_id for found in Wishlist.objects.all()] == [eve]
