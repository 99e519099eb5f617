"""A guest's cart becomes part of the user's who signs in."""

import pytest
from conftest import add, change, make_guest, make_offer, usd
from shown_carts import merge, quantities

from cart_service.errors import CartNotFound
from cart_service.models import carts
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db


def test_merging_sums_and_the_guests_cart_is_gone() -> None:
    coffee, tea = make_offer(), make_offer(name="Tea")
    guest, buyer = make_guest(coffee, 2), client_as("customer")
    add(guest, tea, 1)
    guest.put("/api/v1/cart/coupon", {"code": "SPRING"})
    add(buyer, coffee, 3)

    response = merge(buyer, guest)

    assert response.status_code == 200
    shown = body(response)
    assert [(item["name"], item["quantity"]) for item in shown["items"]] == [(coffee.name, 5), ("Tea", 1)]
    assert (shown["coupon"], shown["changes"]) == ("SPRING", [])
    assert guest.get("/api/v1/cart").status_code == 404


def test_merging_again_does_nothing() -> None:
    offer = make_offer()
    guest, buyer = make_guest(offer, 2), client_as("customer")
    merge(buyer, guest)

    again = merge(buyer, guest)

    assert (again.status_code, quantities(body(again))) == (200, [2])


def test_merging_stops_at_the_stock_and_says_so() -> None:
    offer = make_offer(available=6)
    guest, buyer = make_guest(offer, 4), client_as("customer")
    add(buyer, offer, 3)

    shown = body(merge(buyer, guest))

    assert quantities(shown) == [6]
    assert [(c["kind"], c["requested"], c["quantity"]) for c in shown["changes"]] == [("quantity_reduced", 7, 6)]


def test_merging_never_lowers_what_the_user_had() -> None:
    offer = make_offer(available=6)
    guest, buyer = make_guest(offer, 2), client_as("customer")
    add(buyer, offer, 5)
    change(offer, available=1)

    shown = body(merge(buyer, guest))

    assert quantities(shown) == [5]
    assert ("quantity_reduced", 7, 5) in [(c["kind"], c["requested"], c["quantity"]) for c in shown["changes"]]


def test_a_cart_merged_by_one_user_is_absent_to_another() -> None:
    guest = make_guest(make_offer())
    merge(client_as("customer"), guest)

    assert merge(client_as("customer"), guest).status_code == 404


def test_merging_into_a_cart_of_another_currency_leaves_out_what_is_not_sold_in_it() -> None:
    both, dollars = make_offer(), make_offer(name="Tea", prices=usd(400))
    guest, buyer = make_guest(both), client_as("customer")
    add(guest, dollars)
    add(buyer, both, currency="EUR")

    shown = body(merge(buyer, guest))

    assert (shown["currency"], quantities(shown)) == ("EUR", [2])
    assert [(c["kind"], c["name"], c["quantity"]) for c in shown["changes"]] == [("quantity_reduced", "Tea", 0)]


def test_merging_needs_a_signed_in_user_and_a_token() -> None:
    assert client_as().post("/api/v1/cart/merge").status_code == 401
    assert client_as("customer").post("/api/v1/cart/merge").status_code == 400


def test_a_tab_that_is_late_brings_no_merged_cart_back() -> None:
    offer = make_offer()
    guest, buyer = make_guest(offer), client_as("customer")
    owner = carts.of_guest(guest._credentials["HTTP_X_CART_TOKEN"])
    merge(buyer, guest)
    addition = {
        "variant_id": offer.variant_id, "quantity": 2, "available": 10, "price": 1250, "currency": "USD", "once": "x",
    }  # fmt: skip

    with pytest.raises(CartNotFound):
        carts.add(owner, **addition)
    with pytest.raises(CartNotFound):
        carts.set_coupon(owner, "SPRING")

    assert guest.get("/api/v1/cart").status_code == 404
