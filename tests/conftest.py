"""Tests of the running fleet, as its clients see it. `make test` starts it; nothing here knows a service's inside."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

import pytest

from fleet import processes
from fleet.client import Json, Market, Person, wait_for
from fleet.journey import ADDRESS
from fleet.services import health
from fleet.table import Table, load


@pytest.fixture(scope="session")
def fleet() -> Table:
    return load()


@pytest.fixture(scope="session")
def market(fleet: Table) -> Market:
    return Market.at(fleet)


@pytest.fixture(scope="session")
def admin(market: Market) -> Person:
    return market.account("admin")


@pytest.fixture(scope="session")
def vendor(market: Market) -> Person:
    return market.account("vendor")


MakeProduct = Callable[..., Json]


@pytest.fixture(scope="session")
def make_product(vendor: Person, admin: Person, market: Market) -> Iterator[MakeProduct]:
    """A product of the demo vendor, approved, and known to the cart service. Afterwards it is not for sale any more."""
    made: list[str] = []

    def make(*, stock: int = 10, amount: str = "20.00", currency: str = "USD", seller: Person = vendor) -> Json:
        category = market.guest().get("categories")["results"][0]["slug"]
        price = {"amount": amount, "currency": currency}
        variant = {"sku": f"T-{uuid4().hex[:12]}", "price": price, "stock": stock}
        body = {"name": f"Test product {uuid4().hex[:8]}", "category": category, "variants": [variant]}
        product = seller.post("products", body, expect=201)
        made.append(product["id"])
        admin.post(f"admin/products/{product['id']}/approve")
        wait_for(lambda: _is_offered(market, product), "the offer in the cart service")
        return product

    yield make
    for product_id in made:
        admin.ask("DELETE", f"products/{product_id}")


def _is_offered(market: Market, product: Json) -> bool:
    line = {"variant_id": product["variants"][0]["id"], "quantity": 1}
    return market.guest().ask("POST", "cart/items", json=line).status_code == 201


Buy = Callable[..., Json]


@pytest.fixture(scope="session")
def buy(market: Market) -> Buy:
    """Put a product into a new guest's cart and order it; answers the guest and the response."""

    def order(*products: Json, quantity: int = 1, buyer: Person | None = None, **body: object) -> tuple[Person, Json]:
        buyer = buyer or market.guest()
        for product in products:
            line = {"variant_id": product["variants"][0]["id"], "quantity": quantity}
            buyer.post("cart/items", line, expect=201)
        email = {} if buyer.access else {"email": f"guest-{uuid4().hex[:8]}@example.com"}
        wanted = {"shipping_address": ADDRESS, "payment_method": "simulator", **email, **body}
        return buyer, buyer.post("orders", wanted, expect=201)

    return order


def order_of(buyer: Person, order: Json) -> Json:
    """The order as its buyer sees it, signed in or by a guest's link."""
    params = {"token": order["access_token"]} if order.get("access_token") else {}
    return buyer.get(f"orders/{order['id']}", params=params)


def settled(buyer: Person, order: Json, seconds: float = 30) -> Json:
    """The order once it is confirmed or cancelled."""

    def look() -> Json | None:
        seen = order_of(buyer, order)
        return seen if seen["status"] in {"confirmed", "cancelled"} else None

    found: Json = wait_for(look, f"order {order['number']} to settle", seconds)
    return found


Stopped = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def stopped(fleet: Table) -> Stopped:
    """`with stopped("catalog_service"):` — all processes of a service are down inside, and ready again after it."""

    @contextmanager
    def stop(name: str) -> Iterator[None]:
        service = fleet.service(name)
        names = [one for one in processes.all_info(fleet.var) if one.startswith(f"{service.name}-")]
        processes.stop(fleet.var, names)
        try:
            yield
        finally:
            for one in names:
                processes.call(fleet.var, "startProcess", one, False)
            wait_for(lambda: health(service.port) == "ok", f"{name} to be ready again", 60)

    return stop


def kill(fleet: Table, name: str) -> None:
    """kill -9 of a process of the fleet and of the processes it started."""
    processes.send(fleet.var, name, signal.SIGKILL)
