from typing import Any

import pytest
from conftest import add, change, make_offer
from rest_framework.test import APIClient

from cart_service.models import wishlists
from shared.context import new_id
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db


def make_wishlist(client: APIClient, name: str = "Birthday") -> str:
    response = client.post("/api/v1/wishlists", {"name": name})
    assert response.status_code == 201
    return f"/api/v1/wishlists/{body(response)['id']}"


def wish(client: APIClient, wishlist: str, offer: Any) -> Any:
    return client.post(f"{wishlist}/items", {"variant_id": str(offer.variant_id)})


def test_a_wishlist_is_made_renamed_listed_and_deleted() -> None:
    client = client_as("customer")
    wishlist = make_wishlist(client)

    renamed = client.patch(wishlist, {"name": "Christmas"})
    listed = body(client.get("/api/v1/wishlists"))
    deleted = client.delete(wishlist)

    assert (renamed.status_code, body(renamed)["name"]) == (200, "Christmas")
    assert [(each["name"], each["size"]) for each in listed["results"]] == [("Christmas", 0)]
    assert (listed["next"], listed["previous"]) == (None, None)
    assert (deleted.status_code, client.get(wishlist).status_code) == (204, 404)


def test_a_wish_shows_todays_offer() -> None:
    client, offer = client_as("customer"), make_offer(available=4)
    wishlist = make_wishlist(client)

    response = wish(client, wishlist, offer)

    assert response.status_code == 201
    [item] = body(client.get(f"{wishlist}/items"))["results"]
    assert item == body(response)
    assert (item["name"], item["price"], item["available"]) == (
        "Yirgacheffe, 250 g", {"amount": "12.50", "currency": "USD"}, 4,
    )  # fmt: skip
    assert body(client.get(wishlist))["size"] == 1


def test_wishing_twice_is_one_wish() -> None:
    client, offer = client_as("customer"), make_offer()
    wishlist = make_wishlist(client)

    assert body(wish(client, wishlist, offer)) == body(wish(client, wishlist, offer))
    assert body(client.get(wishlist))["size"] == 1


def test_nobody_wishes_for_what_does_not_exist() -> None:
    client = client_as("customer")

    response = client.post(f"{make_wishlist(client)}/items", {"variant_id": str(new_id())})

    assert response.status_code == 404


def test_nobody_sees_an_unpublished_product_by_wishing_for_it() -> None:
    client, hidden, sold = client_as("customer"), make_offer(active=False), make_offer()
    wishlist = make_wishlist(client)
    wish(client, wishlist, sold)
    change(sold, active=False)

    assert wish(client, wishlist, hidden).status_code == 404
    assert wish(client, wishlist, sold).status_code == 201


def test_a_wish_can_be_taken_back_once() -> None:
    client = client_as("customer")
    wishlist = make_wishlist(client)
    item = body(wish(client, wishlist, make_offer()))["id"]

    answers = [client.delete(f"{wishlist}/items/{item}").status_code for _ in range(2)]

    assert answers == [204, 404]


def test_a_wish_moves_into_the_cart() -> None:
    client = client_as("customer")
    wishlist = make_wishlist(client)
    item = body(wish(client, wishlist, make_offer()))["id"]

    response = client.post(f"{wishlist}/items/{item}/move-to-cart", {"quantity": 2})

    assert (response.status_code, [line["quantity"] for line in body(response)["items"]]) == (200, [2])
    assert body(client.get(wishlist))["size"] == 0


def test_a_wish_that_the_cart_refuses_stays() -> None:
    client, offer = client_as("customer"), make_offer(available=1)
    add(client, offer)
    wishlist = make_wishlist(client)
    item = body(wish(client, wishlist, offer))["id"]

    response = client.post(f"{wishlist}/items/{item}/move-to-cart", {})

    assert (response.status_code, body(response)["code"]) == (409, "insufficient_stock")
    assert body(client.get(wishlist))["size"] == 1


def test_somebody_elses_wishlist_is_absent() -> None:
    offer, owner, other = make_offer(), client_as("customer"), client_as("customer")
    wishlist = make_wishlist(owner)
    item = body(wish(owner, wishlist, offer))["id"]

    answers = [
        other.get(wishlist),
        other.patch(wishlist, {"name": "Mine"}),
        other.delete(wishlist),
        other.get(f"{wishlist}/items"),
        wish(other, wishlist, offer),
        other.delete(f"{wishlist}/items/{item}"),
        other.post(f"{wishlist}/items/{item}/move-to-cart", {}),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert body(other.get("/api/v1/wishlists"))["results"] == []
    assert body(owner.get(wishlist))["size"] == 1


def test_there_is_a_limit_to_wishing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cart_service.actions.wishlists.MAX_ITEMS", 1)
    monkeypatch.setattr("cart_service.actions.wishlists.MAX_LISTS", 1)
    client = client_as("customer")
    wishlist = make_wishlist(client)
    wish(client, wishlist, make_offer())

    refused = [wish(client, wishlist, make_offer()), client.post("/api/v1/wishlists", {"name": "More"})]

    assert [(answer.status_code, body(answer)["code"]) for answer in refused] == [(409, "wishlist_full")] * 2
    assert wishlists.MAX_ITEMS == 200


def test_guests_have_no_wishlists() -> None:
    assert client_as().get("/api/v1/wishlists").status_code == 401


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "\x00", None, ["a"]])
def test_a_name_is_a_short_text(name: Any) -> None:
    response = client_as("customer").post("/api/v1/wishlists", {"name": name})

    assert (response.status_code, list(body(response)["errors"])) == (400, ["name"])


def test_a_bad_cursor_is_the_clients_mistake() -> None:
    assert client_as("customer").get("/api/v1/wishlists?cursor=%00x").status_code in {400, 404}
