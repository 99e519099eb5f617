"""How often each request asks PostgreSQL and Redis: the same for a line as for twenty."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import add, change, make_guest, make_offer, usd
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cart_service.models import store
from shared.testing import body, client_as, client_of

pytestmark = pytest.mark.django_db
CART = "/api/v1/cart"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any], int], tuple[int, int]]:
    """Queries and round trips of a request, once Redis has the scripts."""
    trips: list[str] = []
    really = store.connection().execute_command

    def counted(*command: Any) -> Any:
        trips.append(command[0])
        return really(*command)

    monkeypatch.setattr(store.connection(), "execute_command", counted)

    def measure(request: Callable[[], Any], status: int) -> tuple[int, int]:
        trips.clear()
        with CaptureQueriesContext(connection) as queries:
            assert request().status_code == status
        return len(queries), len(trips) - trips.count("EVAL")

    return measure


def fill(client: APIClient, lines: int) -> Any:
    for _ in range(lines):
        shown = body(add(client, make_offer()))
    return shown["items"][0]["id"]


@pytest.mark.parametrize("lines", [1, 20])
def test_a_request_asks_as_often_for_one_line_as_for_twenty(lines: int, asked: Any) -> None:
    client, more = client_as("customer"), make_offer()
    item = fill(client, lines)

    assert asked(lambda: client.get(CART), 200) == (1, 1)
    assert asked(lambda: add(client, more), 201) == (2, 3)
    assert asked(lambda: client.patch(f"{CART}/items/{item}", {"quantity": 2}), 200) == (2, 3)
    assert asked(lambda: client.put(f"{CART}/coupon", {"code": "SPRING"}), 200) == (1, 3)
    assert asked(lambda: client.delete(f"{CART}/items/{item}"), 200) == (1, 3)
    assert asked(lambda: client.delete(CART), 200) == (0, 3)


@pytest.mark.parametrize("lines", [1, 20])
def test_a_merge_asks_as_often_for_one_line_as_for_twenty(lines: int, asked: Any) -> None:
    guest, buyer = make_guest(make_offer()), client_as("customer")
    fill(guest, lines)
    fill(buyer, lines)
    token = guest._credentials["HTTP_X_CART_TOKEN"]

    assert asked(lambda: buyer.post(f"{CART}/merge", HTTP_X_CART_TOKEN=token), 200) == (2, 5)
    assert asked(lambda: buyer.post(f"{CART}/merge", HTTP_X_CART_TOKEN=token), 200) == (1, 2)


def test_news_takes_one_round_trip_more(asked: Any) -> None:
    client, offer = client_as("customer"), make_offer()
    add(client, offer)
    change(offer, prices=usd(1))

    assert asked(lambda: client.get(CART), 200) == (1, 2)


def test_order_reads_a_cart_by_one_question_each(asked: Any) -> None:
    guest = make_guest(make_offer())
    fill(guest, 20)
    token = guest._credentials["HTTP_X_CART_TOKEN"]

    assert asked(lambda: client_of("order").get("/internal/cart", {"token": token}), 200) == (1, 1)


@pytest.mark.parametrize("wishes", [1, 20])
def test_a_wishlist_asks_as_often_for_one_wish_as_for_twenty(wishes: int, asked: Any) -> None:
    client = client_as("customer")
    wishlist = f"/api/v1/wishlists/{body(client.post('/api/v1/wishlists', {'name': 'Birthday'}))['id']}"
    offers = [make_offer() for _ in range(wishes + 1)]
    for offer in offers[1:]:
        answer = client.post(f"{wishlist}/items", {"variant_id": str(offer.variant_id)})
    item = body(answer)["id"]
    wish = {"variant_id": str(offers[0].variant_id)}

    assert asked(lambda: client.get("/api/v1/wishlists"), 200) == (1, 0)
    assert asked(lambda: client.get(wishlist), 200) == (1, 0)
    assert asked(lambda: client.get(f"{wishlist}/items"), 200) == (3, 0)
    assert asked(lambda: client.post(f"{wishlist}/items", wish), 201) == (8, 0)
    assert asked(lambda: client.post(f"{wishlist}/items/{item}/move-to-cart"), 200) == (7, 3)
