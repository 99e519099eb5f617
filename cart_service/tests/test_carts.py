from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from conftest import add, change, make_guest, make_offer, make_order_confirmed, usd
from django.db import connection
from rest_framework.test import APIClient

from cart_service.errors import CartNotFound
from cart_service.models import carts, store
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.order import Buyer
from shared.errors import Unavailable
from shared.money import MAX_MINOR
from shared.testing import body, client_as, client_of, deliver

pytestmark = pytest.mark.django_db


def cart(client: APIClient) -> Any:
    response = client.get("/api/v1/cart")
    assert response.status_code == 200
    return body(response)


def quantities(shown: Any) -> list[int]:
    return [item["quantity"] for item in shown["items"]]


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


# ── Changes told ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_price_change_is_told_once() -> None:
    client, offer = client_as("customer"), make_offer()
    add(client, offer, 2)
    change(offer, prices=usd(1300))

    first, second = cart(client), cart(client)

    assert first["subtotal"]["amount"] == "26.00"
    assert [(c["kind"], c["old"], c["new"]) for c in first["changes"]] == [
        ("price_changed", {"amount": "12.50", "currency": "USD"}, {"amount": "13.00", "currency": "USD"})
    ]
    assert second["changes"] == []


def test_a_price_change_is_told_to_who_adds_more_as_well() -> None:
    client, offer = client_as("customer"), make_offer()
    add(client, offer)
    change(offer, prices=usd(1300))

    shown = body(add(client, offer))

    assert [c["kind"] for c in shown["changes"]] == ["price_changed"]


@pytest.mark.parametrize(
    ("news", "kind", "available"),
    [
        ({"available": 0}, "out_of_stock", 0),
        ({"available": 1}, "insufficient_stock", 1),
        ({"active": False}, "unavailable", 0),
    ],
)
def test_stock_that_went_is_told_once_and_shown_always(news: dict[str, Any], kind: str, available: int) -> None:
    client, offer = client_as("customer"), make_offer()
    add(client, offer, 2)
    change(offer, **news)

    first, second = cart(client), cart(client)

    assert [(c["kind"], c["requested"], c["available"]) for c in first["changes"]] == [(kind, 2, available)]
    assert second["changes"] == []
    assert second["items"][0]["available"] == available
    assert quantities(second) == [2]


def test_what_is_back_in_stock_is_told() -> None:
    client, offer = client_as("customer"), make_offer()
    add(client, offer)
    gone = change(offer, available=0)
    cart(client)

    change(gone, available=4)

    assert [c["kind"] for c in cart(client)["changes"]] == ["back_in_stock"]


def test_a_variant_that_lost_its_price_counts_nothing() -> None:
    client, offer = client_as("customer"), make_offer()
    add(client, offer, currency="EUR")

    change(offer, prices=usd(1250))

    shown = cart(client)
    assert (shown["items"][0]["unit_price"], shown["subtotal"]["amount"]) == (None, "0.00")
    assert [c["kind"] for c in shown["changes"]] == ["unavailable"]


# ── Merging ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def merge(client: APIClient, guest: APIClient) -> Any:
    return client.post("/api/v1/cart/merge", HTTP_X_CART_TOKEN=guest._credentials["HTTP_X_CART_TOKEN"])


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


# ── Repeating ────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Redis away ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_redis_carts_are_unavailable_and_say_when_to_come_back(broken_redis: Callable[[], None]) -> None:
    client, offer = client_as("customer"), make_offer()
    broken_redis()

    answers = [client.get("/api/v1/cart"), add(client, offer), add(client_as(), offer), client.delete("/api/v1/cart")]

    assert [answer.status_code for answer in answers] == [503] * 4
    assert all(answer["Retry-After"] == "2" for answer in answers)
    assert all(answer["Content-Type"] == "application/problem+json" for answer in answers)


@pytest.mark.parametrize(
    "said",
    [
        "MISCONF Errors writing to the AOF file: No space left on device",
        "NOREPLICAS Not enough good replicas to write.",
        "BUSY Redis is busy running a script.",
        "OOM command not allowed when used memory > 'maxmemory'. script: 0, on @user_script:1.",
    ],
)
def test_a_redis_that_does_not_write_is_as_one_that_is_away(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_command: object) -> None:
        raise redis.exceptions.ResponseError(said)

    monkeypatch.setattr(store.connection(), "execute_command", refuse)

    response = client_as("customer").get("/api/v1/cart")

    assert (response.status_code, response["Retry-After"]) == (503, "2")


def test_without_redis_a_confirmation_waits(broken_redis: Callable[[], None]) -> None:
    client, coffee = client_as("customer"), make_offer()
    confirmed = make_order_confirmed(body(add(client, coffee)), (coffee, 1))
    broken_redis()

    with pytest.raises(Unavailable):
        deliver(confirmed, SUBSCRIPTIONS)


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
