"""Additions that are repeated, or come at the same moment, count as often as they were meant."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import add, make_offer
from django.db import connection
from shown_carts import cart, quantities

from cart_service.models import carts
from shared.context import new_id
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db


def test_an_addition_with_the_same_key_is_done_once() -> None:
    client, offer = client_as("customer"), make_offer()

    first = client.post(
        "/api/v1/cart/items", {"variant_id": str(offer.variant_id), "quantity": 2}, HTTP_IDEMPOTENCY_KEY="k-1"
    )
    second = client.post(
        "/api/v1/cart/items", {"variant_id": str(offer.variant_id), "quantity": 2}, HTTP_IDEMPOTENCY_KEY="k-1"
    )

    assert second["Idempotent-Replayed"] == "true"
    assert body(second) == body(first)
    assert quantities(cart(client)) == [2]


def test_two_guests_with_the_same_key_get_two_carts() -> None:
    offer = make_offer()
    what = {"variant_id": str(offer.variant_id), "quantity": 1}

    answers = [client_as().post("/api/v1/cart/items", what, HTTP_IDEMPOTENCY_KEY="k-1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0]["X-Cart-Token"] != answers[1]["X-Cart-Token"]


def test_an_addition_whose_answer_was_lost_is_not_done_twice() -> None:
    owner, offer = carts.of_user(new_id()), make_offer()
    addition = {
        "variant_id": offer.variant_id, "quantity": 2, "available": 10, "price": 1250, "currency": "USD", "once": "x",
    }  # fmt: skip

    carts.add(owner, **addition)
    carts.add(owner, **addition)

    assert carts.load(owner).lines[0].quantity == 2


@pytest.mark.django_db(transaction=True)
def test_two_tabs_lose_no_update_and_pass_no_limit() -> None:
    user_id, offer = new_id(), make_offer(available=25)

    def one_tab(_number: int) -> int:
        try:
            return int(add(client_as("customer", user_id=user_id), offer).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as tabs:
        answers = list(tabs.map(one_tab, range(40)))

    assert (answers.count(201), answers.count(409)) == (25, 15)
    assert quantities(cart(client_as("customer", user_id=user_id))) == [25]
