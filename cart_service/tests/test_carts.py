"""Carts: what is put in, changed and taken out, in which currency, and whose they are."""

from typing import Any

import pytest
from conftest import add, change, make_guest, make_offer, usd
from shown_carts import cart, quantities

from cart_service.models import store
from shared.context import new_id
from shared.money import MAX_MINOR
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db


# ── Adding ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_item_of_a_guest_makes_a_cart_and_answers_its_token() -> None:
    offer = make_offer()

    response = add(client_as(), offer, 2)

    assert response.status_code == 201
    assert response["Location"] == "/api/v1/cart"
    assert len(response["X-Cart-Token"]) >= 43
    shown = body(response)
    item_id = shown["items"][0]["id"]
    assert shown == {
        "id": shown["id"],
        "items": [
            {
                "id": item_id,
                "variant_id": str(offer.variant_id),
                "product_id": str(offer.product_id),
                "name": "Yirgacheffe, 250 g",
                "sku": "COF-250",
                "vendor": {"id": str(offer.vendor_id), "name": "Addis Coffee"},
                "quantity": 2,
                "unit_price": {"amount": "12.50", "currency": "USD"},
                "line_total": {"amount": "25.00", "currency": "USD"},
                "available": 10,
                "image": "/media/yirgacheffe.webp",
                "options": {"grind": "whole bean"},
                "slug": "yirgacheffe",
            }
        ],
        "subtotal": {"amount": "25.00", "currency": "USD"},
        "coupon": None,
        "currency": "USD",
        "changes": [],
    }


def test_a_guest_without_a_cart_sees_an_empty_one() -> None:
    assert cart(client_as()) == {
        "id": None,
        "items": [],
        "subtotal": {"amount": "0.00", "currency": "USD"},
        "coupon": None,
        "currency": "USD",
        "changes": [],
    }


def test_a_guests_token_is_not_found_in_redis() -> None:
    response = add(client_as(), make_offer())

    stored = store.connection().keys("*")

    assert not [key for key in stored if response["X-Cart-Token"] in key]


def test_a_guests_cart_is_forgotten_some_time_after_the_last_look(settings: Any) -> None:
    shown = cart(make_guest(make_offer()))

    lifetime = store.connection().ttl(f"cart:{shown['id']}")

    assert 0 < lifetime <= settings.GUEST_CART_LIFETIME.total_seconds()


def test_a_users_cart_is_kept_for_much_longer(settings: Any) -> None:
    shown = body(add(client_as("customer"), make_offer()))

    lifetime = store.connection().ttl(f"cart:{shown['id']}")

    assert settings.GUEST_CART_LIFETIME.total_seconds() < lifetime <= settings.CART_LIFETIME.total_seconds()


def test_the_same_variant_added_twice_sums_on_one_line() -> None:
    client, offer = client_as("customer"), make_offer()
    first = body(add(client, offer, 2))

    second = body(add(client, offer, 3))

    assert quantities(second) == [5]
    assert second["items"][0]["id"] == first["items"][0]["id"]


def test_lines_keep_the_order_they_were_added_in() -> None:
    client = client_as("customer")
    names = [f"Coffee {number}" for number in range(12)]

    for name in names:
        add(client, make_offer(name=name))

    assert [item["name"] for item in cart(client)["items"]] == names


def test_more_than_there_is_cannot_be_added() -> None:
    client, offer = client_as("customer"), make_offer(available=5)
    add(client, offer, 4)

    response = add(client, offer, 2)

    assert response.status_code == 409
    assert body(response)["code"] == "insufficient_stock"
    assert "5" in body(response)["detail"]
    assert quantities(cart(client)) == [4]


def test_an_unknown_variant_is_not_found() -> None:
    response = client_as("customer").post("/api/v1/cart/items", {"variant_id": str(new_id()), "quantity": 1})

    assert response.status_code == 404


def test_a_variant_that_is_not_for_sale_cannot_be_added() -> None:
    response = add(client_as("customer"), make_offer(active=False))

    assert (response.status_code, body(response)["code"]) == (409, "variant_unavailable")


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1000},
        {"quantity": 10**30},
        {"quantity": "many"},
        {"quantity": None},
        {"quantity": True},
        {"variant_id": "no uuid"},
        {"variant_id": "\x00"},
        {"variant_id": [1]},
        {"currency": "usd"},
        {"currency": "XXX"},
        {"price": 1},
    ],
)
def test_odd_input_is_told_by_field(wrong: dict[str, Any]) -> None:
    response = add(client_as("customer"), make_offer(), **{"quantity": 1, **wrong})

    assert response.status_code == 400
    assert list(body(response)["errors"]) == list(wrong)


def test_a_body_that_is_no_object_is_refused() -> None:
    assert client_as("customer").post("/api/v1/cart/items", [1, 2]).status_code == 400


def test_more_than_999_of_one_are_refused() -> None:
    client, offer = client_as("customer"), make_offer(available=5_000)
    add(client, offer, 600)

    response = add(client, offer, 400)

    assert (response.status_code, body(response)["code"]) == (409, "quantity_limit")


def test_a_cart_takes_so_many_lines_and_no_more(settings: Any) -> None:
    settings.CART_MAX_LINES = 2
    client, first = client_as("customer"), make_offer()
    add(client, first)
    add(client, make_offer())

    refused = add(client, make_offer())

    assert (refused.status_code, body(refused)["code"]) == (409, "cart_full")
    assert add(client, first).status_code == 201


@pytest.mark.parametrize("quantity", [1, 2])
def test_no_cart_is_worth_more_than_an_order_can_be(quantity: int) -> None:
    client, dear = client_as("customer"), make_offer(prices=usd(MAX_MINOR))

    response = add(client, dear, quantity)

    assert (response.status_code, body(response).get("code")) == ((201, None), (409, "cart_too_valuable"))[quantity - 1]
    if quantity == 1:
        item = cart(client)["items"][0]["id"]
        assert client.patch(f"/api/v1/cart/items/{item}", {"quantity": 2}).status_code == 409


def test_a_price_that_rises_beyond_reason_takes_the_line_out_of_the_sum() -> None:
    client, coffee, tea = client_as("customer"), make_offer(), make_offer(prices=usd(400))
    add(client, coffee, 2)
    add(client, tea)

    change(coffee, prices=usd(MAX_MINOR))

    shown = cart(client)
    assert [item["unit_price"] for item in shown["items"]] == [None, {"amount": "4.00", "currency": "USD"}]
    assert (shown["subtotal"]["amount"], [c["kind"] for c in shown["changes"]]) == ("4.00", ["unavailable"])


# ── Currency ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_item_decides_the_currency() -> None:
    client, offer = client_as("customer"), make_offer()

    shown = body(add(client, offer, 2, currency="EUR"))

    assert shown["subtotal"] == {"amount": "22.00", "currency": "EUR"}
    assert body(add(client, offer))["subtotal"] == {"amount": "33.00", "currency": "EUR"}
    assert body(add(client, offer, currency="USD"))["code"] == "currency_mismatch"


def test_the_currency_may_stand_in_the_query() -> None:
    offer = make_offer()

    response = client_as("customer").post(
        "/api/v1/cart/items?currency=EUR", {"variant_id": str(offer.variant_id), "quantity": 1}
    )

    assert body(response)["currency"] == "EUR"


def test_an_emptied_cart_may_take_another_currency() -> None:
    client, offer = client_as("customer"), make_offer()
    add(client, offer)
    client.delete("/api/v1/cart")

    assert body(add(client, offer, currency="EUR"))["currency"] == "EUR"


def test_what_has_no_price_in_the_carts_currency_is_refused() -> None:
    client = client_as("customer")
    add(client, make_offer(), currency="EUR")

    response = add(client, make_offer(prices=usd(1)))

    assert (response.status_code, body(response)["code"]) == (409, "not_sold_in_currency")


# ── Changing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["patch", "put"])
def test_the_quantity_can_be_set(method: str) -> None:
    client = make_guest(make_offer())
    item = cart(client)["items"][0]["id"]

    response = getattr(client, method)(f"/api/v1/cart/items/{item}", {"quantity": 7})

    assert (response.status_code, quantities(body(response))) == (200, [7])


def test_the_quantity_cannot_be_set_over_the_stock() -> None:
    client = make_guest(make_offer(available=3))
    item = cart(client)["items"][0]["id"]

    response = client.patch(f"/api/v1/cart/items/{item}", {"quantity": 4})

    assert (response.status_code, body(response)["code"]) == (409, "insufficient_stock")


def test_an_item_can_be_removed_once() -> None:
    client = make_guest(make_offer())
    item = cart(client)["items"][0]["id"]

    first = client.delete(f"/api/v1/cart/items/{item}")
    second = client.delete(f"/api/v1/cart/items/{item}")

    assert (first.status_code, body(first)["items"]) == (200, [])
    assert second.status_code == 404


def test_clearing_takes_lines_and_coupon_and_leaves_the_token() -> None:
    client = make_guest(make_offer())
    client.put("/api/v1/cart/coupon", {"code": "SPRING"})

    response = client.delete("/api/v1/cart")

    assert (response.status_code, body(response)["items"], body(response)["coupon"]) == (200, [], None)
    assert cart(client)["items"] == []


def test_a_coupon_is_kept_and_taken_off() -> None:
    client = make_guest(make_offer())

    kept = client.put("/api/v1/cart/coupon", {"code": "SPRING"})
    seen = cart(client)
    removed = client.delete("/api/v1/cart/coupon")

    assert (kept.status_code, body(kept)["coupon"], seen["coupon"]) == (200, "SPRING", "SPRING")
    assert (removed.status_code, body(removed)["coupon"]) == (200, None)


def test_somebody_elses_item_is_as_absent_as_one_that_never_was() -> None:
    offer = make_offer()
    theirs = cart(make_guest(offer))["items"][0]["id"]
    mine = make_guest(offer)

    other = mine.patch(f"/api/v1/cart/items/{theirs}", {"quantity": 2})
    absent = mine.patch(f"/api/v1/cart/items/{new_id()}", {"quantity": 2})

    assert other.status_code == absent.status_code == 404
    assert {**body(other), "request_id": ""} == {**body(absent), "request_id": ""}


@pytest.mark.parametrize("method", ["get", "delete"])
def test_a_token_that_leads_nowhere_is_not_found(method: str) -> None:
    client = client_as()
    client.credentials(HTTP_X_CART_TOKEN="guessed")

    assert getattr(client, method)("/api/v1/cart").status_code == 404


def test_a_token_that_leads_nowhere_is_never_adopted() -> None:
    client = client_as()
    client.credentials(HTTP_X_CART_TOKEN="chosen-by-somebody")

    response = add(client, make_offer())

    assert response.status_code == 201
    assert response["X-Cart-Token"] != "chosen-by-somebody"
    assert client.get("/api/v1/cart").status_code == 404
