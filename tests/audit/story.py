"""A marketplace in which all sorts of things have happened."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from conftest import Buy, MakeProduct, settled

from fleet import journey
from fleet.client import Json, Market, wait_for


@dataclass
class Story:
    """Ids of what there is: the journey's `order` was delivered, one lamp of it refunded, its second vendor is paid;
    `sold` is a guest's order that was confirmed; `cancelled` one that could not be paid; `waiting` one for its buyer;
    `bought` a fresh one that was confirmed. The journey's buyer has store credit in USD.
    """

    order: str
    payment: str
    vendors: list[str]
    parts: list[str]
    buyer: str
    sold: Json
    cancelled: Json
    waiting: Callable[[], str]
    bought: Callable[[], str]
    variant: str
    erased: str


def told(market: Market, make_product: MakeProduct, buy: Buy) -> Story:
    walked = _walk(market)
    product = make_product(stock=20)
    buyer, sold = buy(product, quantity=2)
    other, cancelled = buy(product, payment_token="decline")
    assert settled(buyer, sold)["status"] == "confirmed"
    assert settled(other, cancelled)["status"] == "cancelled"

    def waiting() -> str:
        """Made when it is wanted: it is used up by being repaired."""
        person, order = buy(product, payment_token="requires_action")
        link = {"token": order["access_token"]}
        look = lambda: person.get(f"orders/{order['id']}", params=link)["status"] == "awaiting_payment"  # noqa: E731
        wait_for(look, "the order to await its payment")
        return str(order["id"])

    def bought() -> str:
        person, order = buy(product)
        assert settled(person, order)["status"] == "confirmed"
        return str(order["id"])

    grant = {
        "user_id": walked.buyer.user["id"],
        "amount": {"amount": "5.00", "currency": "USD"},
        "reason": "for a test",
    }
    market.account("admin").post("admin/store-credit", grant, expect=201)

    return Story(
        order=walked.order["id"],
        payment=walked.order["payment"]["id"],
        vendors=walked.vendor_ids,
        parts=[part["id"] for part in walked.vendor_orders],
        buyer=walked.buyer.user["id"],
        sold=sold,
        cancelled=cancelled,
        waiting=waiting,
        bought=bought,
        variant=product["variants"][0]["id"],
        erased=_erased(market),
    )


def _walk(market: Market) -> journey.Journey:
    walked = journey.Journey(market, market.account("admin"), market.newcomer("buyer"))
    try:
        for step in journey.STEPS.values():
            step(walked)
    finally:
        journey.leave_no_lamps(walked)
    return walked


def _erased(market: Market) -> str:
    person = market.newcomer("leaver")
    person.register("Ada", f"Leaver {uuid4().hex[:4]}")
    person.ask("DELETE", "users/me", json={"password": person.password}, expect=204)
    return str(person.user["id"])
