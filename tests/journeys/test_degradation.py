"""What still works while a service is down, and what happens when it is back."""

from conftest import Buy, MakeProduct, Stopped, order_of, settled

from fleet.client import Market, wait_for


def test_a_cart_works_while_catalog_is_down(make_product: MakeProduct, market: Market, stopped: Stopped) -> None:
    line = {"variant_id": make_product()["variants"][0]["id"], "quantity": 1}
    guest = market.guest()

    with stopped("catalog_service"):
        cart = guest.post("cart/items", line, expect=201)
        changed = guest.ask("PATCH", f"cart/items/{cart['items'][0]['id']}", json={"quantity": 3}, expect=200).json()

    assert changed["items"][0]["quantity"] == 3


def test_orders_wait_for_payment_and_finish_when_it_is_back(
    make_product: MakeProduct, buy: Buy, stopped: Stopped
) -> None:
    product = make_product()

    with stopped("payment_service"):
        buyer, placed = buy(product)
        wait_for(lambda: order_of(buyer, placed)["status"] == "awaiting_payment", "the order to wait for its payment")

    assert settled(buyer, placed, seconds=60)["status"] == "confirmed"


def test_mails_come_later_when_notification_was_down_and_nothing_else_notices(
    make_product: MakeProduct, buy: Buy, stopped: Stopped
) -> None:
    product = make_product()

    with stopped("notification_service"):
        buyer, placed = buy(product)
        order = settled(buyer, placed)

    assert order["status"] == "confirmed"
    buyer.email = order.get("email") or placed["email"]
    buyer.wait_for_mail(order["number"])
