"""A cart changes while it is checked out: each order is the cart as it was at one moment, and costs what that costs.

The class of anomalies is ACIDRain's "cart changed during checkout" (Warszawski and Bailis, 2017): lines of one moment,
a sum of another. The real cart in Redis and the real checkout; only the wire between them is left out.
Longer: NEXUS_ROUNDS=100.
"""

import json
import os
import threading
from collections import Counter
from importlib import import_module
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.apps import apps
from rest_framework.renderers import JSONRenderer

from cart_service.actions import carts as cart_actions
from cart_service.actions.offers import columns_of
from cart_service.api.internal import InternalCartShape
from cart_service.models import Offer, carts, store
from cart_service.queries import carts as cart_queries
from order_service import checkout, clients
from order_service.actions.orders import Placing
from order_service.errors import CartEmpty, CartOrdered
from order_service.models import Order, ShippingRate
from order_service.queries.quotes import quote
from shared.context import new_id
from shared.contracts.catalog import OfferChanged
from shared.messages import MoneyData
from shared.testing import in_parallel

pytestmark = pytest.mark.django_db(transaction=True)
PARALLEL = int(os.environ.get("NEXUS_PARALLEL", "50"))
ROUNDS = int(os.environ.get("NEXUS_ROUNDS", "1"))
CHANGES = 15
ADDRESS = {"name": "Ada", "line1": "1 Row", "city": "London", "postal_code": "N1", "country": "GB"}
PRICES = (1_001, 2_003, 4_007, 8_011)
"""Of no sum of them is there another that is the same."""
LOOKED = threading.Semaphore(0)
"""Up by one for each look at a cart: the next change comes while whoever looked is checking out."""
Lines = frozenset[tuple[UUID, int]]


@pytest.fixture(autouse=True)
def _inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Order asks for a cart as over HTTP, and gets what the cart service would answer."""

    def call(_service: str, _url: str, _method: str, _path: str, params: dict[str, str]) -> httpx.Response:
        shown = cart_queries.shown(cart_queries.cart(carts.of_user(UUID(params["user_id"]))))
        content = JSONRenderer().render(InternalCartShape(shown).data)
        LOOKED.release()
        return _answer(content)

    monkeypatch.setattr(clients, "call", call)
    monkeypatch.setattr(store, "TIMEOUT_SECONDS", 20.0)
    store.connection.cache_clear()
    if not ShippingRate.objects.exists():  # tests that commit leave an empty database to the next
        import_module("order_service.migrations.0010_default_rates").write(apps, None)


def _answer(content: bytes) -> httpx.Response:
    return httpx.Response(200, content=content, request=httpx.Request("GET", "http://cart"))


def offers() -> list[UUID]:
    """Two vendors' four things, as the catalogue told the cart."""
    variants, vendors = [new_id() for _price in PRICES], [new_id(), new_id()]
    for number, (variant_id, price) in enumerate(zip(variants, PRICES, strict=True)):
        told = (
            OfferChanged(
                variant_id=variant_id, product_id=new_id(), category_id=None, slug=f"lamp-{number}", name="Lamp",
                sku=f"L-{number}", options={}, image=None, vendor_id=vendors[number % 2], vendor_name="Lumen",
                prices=(MoneyData(minor=price, currency="USD"),), available=900, weight_grams=1, active=True, version=1,
            )
        )  # fmt: skip
        Offer.objects.create(**columns_of(told))
    return variants


class Changer:
    """The only one who changes the cart, and so knows all that it ever was: version → lines."""

    def __init__(self, user_id: UUID, variants: list[UUID]) -> None:
        self.owner, self.variants = carts.of_user(user_id), variants
        self.states: dict[str, Lines] = {}
        self.look()

    def look(self) -> None:
        cart = cart_queries.cart(self.owner)
        self.states[cart.version] = frozenset((line.variant_id, line.quantity) for line in cart.lines)

    def change(self, number: int) -> None:
        """Puts in one, another, a third; changes how many; takes out: each a step of its own."""
        cart = cart_queries.cart(self.owner)
        variant_id = self.variants[number % len(self.variants)]
        there = {item.offer.variant_id: item for item in cart_queries.shown(cart).items}
        if variant_id not in there:
            more = {"variant_id": variant_id, "quantity": number % 5 + 1, "currency": None, "once": str(new_id())}
            cart_actions.add_item(cart=cart, **more)
        elif number % 3:
            cart_actions.set_quantity(cart=cart, item_id=there[variant_id].id, quantity=number % 7 + 1)
        else:
            cart_actions.remove_item(cart=cart, item_id=there[variant_id].id)
        self.look()


def check_out(user_id: UUID) -> Order | str:
    try:
        cart = clients.cart_of(user_id=user_id, token=None)
        quoted = quote(cart=cart, country="GB", method=None, coupon_code=None, buyer_key=str(user_id))
        placing = Placing(
            user_id, "ada@example.com", "Ada", cart.id, ADDRESS, ADDRESS, "simulator", "ok", cart_version=cart.version
        )
        return checkout.place_order(cart=cart, quote=quoted, placing=placing, expected_total=None)
    except (CartEmpty, CartOrdered) as error:
        return type(error).__name__


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_an_order_is_the_cart_of_one_moment(round_: int) -> None:
    user_id, variants = new_id(), offers()
    changer = Changer(user_id, variants)
    changer.change(0)

    done = threading.Event()

    def change() -> None:
        for step in range(CHANGES):
            LOOKED.acquire(timeout=20)
            changer.change(step)
        done.set()

    def buy() -> None:
        while not done.is_set():
            check_out(user_id)

    answers = in_parallel(PARALLEL, lambda number: buy() if number else change())

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    orders = list(Order.objects.filter(user_id=user_id).prefetch_related("vendor_orders__lines"))
    print(f"\n{len(orders)} orders of {len(changer.states)} states of the cart")
    assert len(orders) > 1
    assert max(Counter(order.cart_version for order in orders).values()) == 1
    for order in orders:
        agrees(order, changer.states[order.cart_version], dict(zip(variants, PRICES, strict=True)))


def agrees(order: Order, state: Lines, prices: dict[UUID, int]) -> None:
    """Its lines are that state's, and its money is its lines'."""
    parts = list(order.vendor_orders.all())
    lines = [line for part in parts for line in part.lines.all()]
    assert {(line.variant_id, line.quantity) for line in lines} == state
    assert order.items_total == sum(prices[line.variant_id] * line.quantity for line in lines)
    for figure in ("items_total", "discount_total", "shipping_total", "tax_total", "total"):
        assert getattr(order, figure) == sum(getattr(part, figure) for part in parts)


def test_a_cart_read_in_two_steps_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: an order of one moment's lines under another moment's version."""
    user_id, variants = new_id(), offers()
    changer = Changer(user_id, variants)
    changer.change(0)
    old = json.loads(clients.call("", "", "", "", {"user_id": str(user_id)}).content)  # type: ignore[call-arg]
    changer.change(1)
    new = json.loads(clients.call("", "", "", "", {"user_id": str(user_id)}).content)  # type: ignore[call-arg]
    torn: dict[str, Any] = {**old, "version": new["version"]}
    monkeypatch.setattr(clients, "call", lambda *_args, **_more: _answer(json.dumps(torn).encode()))

    order = check_out(user_id)

    assert isinstance(order, Order)
    with pytest.raises(AssertionError):
        agrees(order, changer.states[order.cart_version], dict(zip(variants, PRICES, strict=True)))
