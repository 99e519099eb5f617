"""Checkouts as buyers see them: refusals, races, what the simulator's tokens do."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from conftest import Buy, MakeProduct, order_of, settled

from fleet.client import Json, Market, Person, wait_for
from fleet.journey import ADDRESS


@pytest.mark.parametrize("token", ["decline", "insufficient_funds"])
def test_a_declined_payment_cancels_the_order_and_gives_the_stock_back(
    token: str, make_product: MakeProduct, buy: Buy, vendor: Person
) -> None:
    product = make_product(stock=3)

    buyer, placed = buy(product, quantity=3, payment_token=token)

    order = settled(buyer, placed)
    assert (order["status"], order["cancel_reason"]) == ("cancelled", "payment_declined")
    sku = product["variants"][0]["sku"]
    wait_for(lambda: vendor.get(f"inventory/{sku}")["available"] == 3, "the stock to be given back")


@pytest.mark.parametrize("token", ["ok", "duplicate_webhook", "slow", "timeout"])
def test_a_payment_that_is_taken_in_the_end_is_taken_once(
    token: str, make_product: MakeProduct, buy: Buy, admin: Person
) -> None:
    buyer, placed = buy(make_product(), payment_token=token)

    order = settled(buyer, placed, seconds=60)

    assert order["status"] == "confirmed"
    payment = admin.get(f"payments/{order['payment']['id']}")
    assert (payment["status"], payment["amount"]) == ("taken", order["total"])


def test_a_buyer_who_must_act_is_sent_to_the_hosted_page_and_comes_back_confirmed(
    make_product: MakeProduct, buy: Buy, market: Market
) -> None:
    buyer, placed = buy(make_product(), payment_token="requires_action")

    action = wait_for(lambda: order_of(buyer, placed)["payment"]["next_action"], "the next action")
    path = action["url"].removeprefix(market.gateway)
    page = buyer.ask("GET", path, expect=200)
    buyer.ask("POST", path, data={"decision": "pay"}, expect=(200, 302, 303))

    assert "<form" in page.text
    assert settled(buyer, placed)["status"] == "confirmed"


def test_of_sixty_buyers_for_twenty_pieces_twenty_get_one(
    make_product: MakeProduct, buy: Buy, market: Market, vendor: Person
) -> None:
    product = make_product(stock=20)
    line = {"variant_id": product["variants"][0]["id"], "quantity": 1}
    guests = [market.guest() for _ in range(60)]
    for guest in guests:
        guest.post("cart/items", line, expect=201)

    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(_order, guests))
    outcomes = [_outcome(guest, *answer) for guest, answer in zip(guests, answers, strict=True)]

    assert outcomes.count("confirmed") == 20
    assert outcomes.count("out_of_stock") == 40
    stock = vendor.get(f"inventory/{product['variants'][0]['sku']}")
    assert stock["available"] == 0


def _order(guest: Person) -> tuple[int, Json]:
    body = {"shipping_address": ADDRESS, "payment_method": "simulator", "email": f"rush-{uuid4().hex[:8]}@example.com"}
    response = guest.ask("POST", "orders", json=body, headers={"Idempotency-Key": str(uuid4())}, expect=(201, 409))
    return response.status_code, response.json()


def _outcome(guest: Person, status: int, answer: Json) -> str:
    if status == 409:
        return str(answer["code"])
    order = settled(guest, answer, seconds=60)
    return str(order["cancel_reason"] or order["status"])


def test_one_idempotency_key_sent_twenty_times_at_once_is_one_order(make_product: MakeProduct, market: Market) -> None:
    buyer = market.account("customer")
    buyer.ask("DELETE", "cart", expect=(200, 204))
    buyer.post("cart/items", {"variant_id": make_product()["variants"][0]["id"], "quantity": 1}, expect=201)
    body = {"shipping_address": ADDRESS, "payment_method": "simulator"}
    headers = {"Idempotency-Key": str(uuid4())}

    with ThreadPoolExecutor(20) as pool:
        sent = [pool.submit(buyer.ask, "POST", "orders", json=body, headers=headers) for _ in range(20)]
        answers = [future.result() for future in sent]

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_key_in_use"}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1


def test_an_order_at_a_price_the_buyer_did_not_see_is_refused(make_product: MakeProduct, market: Market) -> None:
    guest = market.guest()
    guest.post("cart/items", {"variant_id": make_product()["variants"][0]["id"], "quantity": 1}, expect=201)
    seen = {"amount": "1.00", "currency": "USD"}
    body = {
        "shipping_address": ADDRESS,
        "payment_method": "simulator",
        "email": "g@example.com",
        "expected_total": seen,
    }

    refused = guest.post("orders", body, expect=409)

    assert refused["code"] == "price_changed"


def test_a_cancelled_order_is_refunded_and_its_stock_is_back(
    make_product: MakeProduct, buy: Buy, market: Market, vendor: Person
) -> None:
    product = make_product(stock=2)
    buyer = market.account("customer")
    buyer.ask("DELETE", "cart", expect=(200, 204))
    _, placed = buy(product, quantity=2, buyer=buyer)
    confirmed = settled(buyer, placed)

    buyer.post(f"orders/{placed['id']}/cancel")

    assert settled_as(buyer, placed, "cancelled")["cancel_reason"] == "cancelled_by_buyer"
    payment = f"payments/{confirmed['payment']['id']}"
    wait_for(lambda: buyer.get(payment)["refunded"] == confirmed["total"], "the whole refund")
    sku = product["variants"][0]["sku"]
    wait_for(lambda: vendor.get(f"inventory/{sku}")["available"] == 2, "the stock to be back")


def settled_as(buyer: Person, order: Json, status: str) -> Json:
    found: Json = wait_for(
        lambda: seen if (seen := order_of(buyer, order))["status"] == status else None, f"the order to be {status}"
    )
    return found
