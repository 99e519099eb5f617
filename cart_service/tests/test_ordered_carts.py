"""Carts as order reads them, and what is left in them when it was ordered."""

from datetime import timedelta

import pytest
from conftest import add, change, make_guest, make_offer, make_order_confirmed, usd
from django.utils import timezone
from shown_carts import cart, merge, quantities

from cart_service.actions import carts
from cart_service.models import OrderedCart, store
from cart_service.models.ordered import REMEMBERED
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.order import Buyer
from shared.testing import body, client_as, client_of, deliver

pytestmark = pytest.mark.django_db


# ── Ordering ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_ordered_leaves_the_cart_and_what_was_added_since_stays() -> None:
    client, coffee, tea = client_as("customer"), make_offer(), make_offer(name="Tea")
    add(client, coffee, 3)
    shown = body(add(client, tea, 1))

    deliver(make_order_confirmed(shown, (coffee, 2), (tea, 1)), SUBSCRIPTIONS)

    assert [(item["name"], item["quantity"]) for item in cart(client)["items"]] == [(coffee.name, 1)]


def test_a_confirmation_told_twice_takes_out_once() -> None:
    client, coffee = client_as("customer"), make_offer()
    confirmed = make_order_confirmed(body(add(client, coffee, 3)), (coffee, 1))

    deliver(confirmed, SUBSCRIPTIONS)
    deliver(confirmed, SUBSCRIPTIONS)

    assert quantities(cart(client)) == [2]


def test_a_confirmation_told_again_after_redis_was_emptied_takes_out_nothing() -> None:
    client, coffee = client_as("customer"), make_offer()
    confirmed = make_order_confirmed(body(add(client, coffee, 2)), (coffee, 2))
    deliver(confirmed, SUBSCRIPTIONS)
    store.connection().flushdb()
    add(client, coffee, 3)

    deliver(confirmed, SUBSCRIPTIONS)

    assert quantities(cart(client)) == [3]


def test_a_confirmation_of_which_the_mark_is_gone_takes_out_nothing() -> None:
    client, coffee = client_as("customer"), make_offer()
    shown, long_ago = body(add(client, coffee, 3)), timezone.now() - REMEMBERED - timedelta(minutes=1)

    deliver(make_order_confirmed(shown, (coffee, 2), confirmed_at=long_ago), SUBSCRIPTIONS)

    assert quantities(cart(client)) == [3]


def test_an_order_is_remembered_for_as_long_as_its_confirmation_counts() -> None:
    client, coffee = client_as("customer"), make_offer()
    shown = body(add(client, coffee, 3))
    for _ in range(2):
        deliver(make_order_confirmed(shown, (coffee, 1)), SUBSCRIPTIONS)
    first = OrderedCart.objects.earliest("taken_out_at")
    OrderedCart.objects.filter(pk=first.pk).update(taken_out_at=timezone.now() - REMEMBERED - timedelta(minutes=1))

    assert (carts.forget_ordered(), carts.forget_ordered()) == (1, 0)
    assert OrderedCart.objects.exclude(pk=first.pk).count() == 1


def test_an_order_from_a_guests_cart_that_was_merged_meanwhile_empties_the_users() -> None:
    coffee = make_offer()
    guest, buyer = make_guest(coffee, 2), client_as("customer")
    before = cart(guest)
    merge(buyer, guest)

    deliver(make_order_confirmed(before, (coffee, 2)), SUBSCRIPTIONS)

    assert cart(buyer)["items"] == []


def test_an_order_that_names_no_cart_empties_its_buyers() -> None:
    user_id, coffee = new_id(), make_offer()
    client = client_as("customer", user_id=user_id)
    shown = body(add(client, coffee))
    buyer = Buyer(user_id=user_id, email="abebe@example.com", name="Abebe")

    deliver(make_order_confirmed(shown, (coffee, 1), cart_id=None, buyer=buyer), SUBSCRIPTIONS)

    assert cart(client)["items"] == []


# ── Order asks ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_order_reads_a_users_cart() -> None:
    user_id, offer = new_id(), make_offer()
    shown = body(add(client_as("customer", user_id=user_id), offer, 2))

    response = client_of("order").get(f"/internal/cart?user_id={user_id}")

    assert response.status_code == 200
    told = body(response)
    assert told.pop("version")
    assert told == {
        "id": shown["id"],
        "currency": "USD",
        "coupon": None,
        "items": [
            {
                "variant_id": str(offer.variant_id),
                "product_id": str(offer.product_id),
                "category_id": str(offer.category_id),
                "name": "Yirgacheffe, 250 g",
                "sku": "COF-250",
                "vendor_id": str(offer.vendor_id),
                "vendor_name": "Addis Coffee",
                "quantity": 2,
                "unit_price": {"amount": "12.50", "currency": "USD"},
                "weight_grams": 260,
                "available": 10,
                "active": True,
            }
        ],
    }


def test_order_reads_a_guests_cart_without_the_buyer_being_told() -> None:
    offer = make_offer()
    guest = make_guest(offer)
    change(offer, prices=usd(1300))

    response = client_of("order").get("/internal/cart", {"token": guest._credentials["HTTP_X_CART_TOKEN"]})

    assert body(response)["items"][0]["unit_price"]["amount"] == "13.00"
    assert [c["kind"] for c in cart(guest)["changes"]] == ["price_changed"]


@pytest.mark.parametrize("whose", [{"user_id": "0192f000-0000-7000-8000-00000000c0fe"}, {"token": "nowhere"}])
def test_a_cart_that_is_not_there_is_empty_to_order(whose: dict[str, str]) -> None:
    response = client_of("order").get("/internal/cart", whose)

    assert (response.status_code, body(response)["items"]) == (200, [])


@pytest.mark.parametrize("whose", [{}, {"user_id": "x"}, {"token": "t", "user_id": str(new_id())}, {"cart": "1"}])
def test_order_names_one_cart(whose: dict[str, str]) -> None:
    assert client_of("order").get("/internal/cart", whose).status_code == 400


def test_nobody_but_order_reads_carts_inside() -> None:
    query = f"/internal/cart?user_id={new_id()}"

    assert client_of("payment").get(query).status_code == 403
    assert client_as("admin").get(query).status_code == 403
    assert client_as().get(query).status_code == 401


def test_every_change_gives_a_cart_another_version() -> None:
    user_id, offer = new_id(), make_offer()
    client, order = client_as("customer", user_id=user_id), client_of("order")

    def version() -> str:
        return str(body(order.get(f"/internal/cart?user_id={user_id}"))["version"])

    item = body(add(client, offer, 2))["items"][0]["id"]
    seen = [version(), version()]
    client.patch(f"/api/v1/cart/items/{item}", {"quantity": 3})
    seen.append(version())
    client.put("/api/v1/cart/coupon", {"code": "SPRING"})
    seen.append(version())
    client.delete(f"/api/v1/cart/items/{item}")
    seen.append(version())
    add(client, offer, 2)
    seen.append(version())

    assert seen[0] == seen[1]
    assert len(set(seen)) == 5
