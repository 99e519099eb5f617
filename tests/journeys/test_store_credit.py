"""A gift card, from the admin who issues it to the order it pays, and back when the order is cancelled."""

from conftest import Buy, MakeProduct, order_of, settled

from fleet.client import Json, Market, Person, wait_for
from fleet.journey import ADDRESS


def usd(amount: str) -> Json:
    return {"amount": amount, "currency": "USD"}


def credit(buyer: Person) -> Json:
    return {one["currency"]: one["available"]["amount"] for one in buyer.get("store-credit")["results"]}


def test_a_gift_card_pays_an_order_and_comes_back_with_its_cancellation(
    market: Market, admin: Person, make_product: MakeProduct, buy: Buy
) -> None:
    product = make_product(amount="20.00")
    code = admin.post("gift-cards", {"amount": usd("15.00"), "note": "Journey"}, expect=201)["cards"][0]["code"]
    buyer = market.newcomer("card")
    buyer.register("Ada", "Card")

    buyer.post("gift-cards/redeem", {"code": code}, expect=200)
    assert credit(buyer) == {"USD": "15.00"}
    _buyer, order = buy(product, buyer=buyer, use_store_credit=True)
    assert settled(buyer, order)["status"] == "confirmed"
    seen = order_of(buyer, order)["payment"]
    paid = buyer.get(f"payments/{seen['id']}")

    assert seen["store_credit"] == paid["store_credit"] == usd("15.00")
    assert paid["amount"] == order["total"]
    assert credit(buyer) == {"USD": "0.00"}

    buyer.post(f"orders/{order['id']}/cancel", {"reason": "changed my mind"})
    wait_for(lambda: credit(buyer) == {"USD": "15.00"}, "the credit to be back")
    kinds = [one["kind"] for one in buyer.get("store-credit/movements")["results"]]
    assert kinds == ["refund", "credit_held", "gift_card_redeemed"]


def test_a_quote_shows_what_credit_covers_and_a_provider_that_declines_gives_it_back(
    market: Market, admin: Person, make_product: MakeProduct, buy: Buy
) -> None:
    product = make_product(amount="20.00")
    buyer = market.newcomer("credit")
    buyer.register("Ada", "Credit")
    grant = {"user_id": buyer.user["id"], "amount": usd("12.34"), "reason": "A journey."}
    admin.post("admin/store-credit", grant, expect=201)
    buyer.post("cart/items", {"variant_id": product["variants"][0]["id"], "quantity": 1}, expect=201)

    def covered() -> bool:
        quote = buyer.post("checkout/quote", {"shipping_address": ADDRESS, "use_store_credit": True})
        return bool(quote["store_credit"]["covers"] == usd("12.34"))

    wait_for(covered, "order to hear of the credit")
    wanted = {"shipping_address": ADDRESS, "payment_method": "simulator", "payment_token": "decline"}
    order = buyer.post("orders", {**wanted, "use_store_credit": True}, expect=201)

    assert settled(buyer, order)["cancel_reason"] == "payment_declined"
    wait_for(lambda: credit(buyer) == {"USD": "12.34"}, "the credit to be back")
