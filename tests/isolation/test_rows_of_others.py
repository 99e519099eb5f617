"""Rows by id that belong to somebody else answer exactly like rows that do not exist."""

from uuid import uuid4

import httpx
import pytest
from conftest import Buy, MakeProduct, settled

from fleet.client import Json, Market, Person
from fleet.journey import ADDRESS


@pytest.fixture(scope="module")
def other(market: Market) -> Person:
    person = market.newcomer("other")
    person.register("Mallory", "Other")
    return person


@pytest.fixture(scope="module")
def owner(market: Market) -> Person:
    person = market.account("customer")
    person.ask("DELETE", "cart", expect=(200, 204))
    return person


@pytest.fixture(scope="module")
def order(owner: Person, make_product: MakeProduct, buy: Buy) -> Json:
    buyer, placed = buy(make_product(), buyer=owner)
    return settled(buyer, placed)


def is_like_absent(theirs: httpx.Response, absent: httpx.Response) -> bool:
    """Same status and same body, but for the request's own id."""
    one, two = theirs.json(), absent.json()
    one.pop("request_id"), two.pop("request_id")
    return theirs.status_code == 404 and (theirs.status_code, one) == (absent.status_code, two)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "orders/{id}", None),
        ("GET", "orders/{id}/timeline", None),
        ("POST", "orders/{id}/cancel", {}),
        ("POST", "orders/{id}/returns", {"items": [{"id": str(uuid4()), "quantity": 1, "reason": "x"}]}),
    ],
)
def test_another_buyers_order_is_as_good_as_absent(
    method: str, path: str, body: Json | None, order: Json, other: Person
) -> None:
    theirs = other.ask(method, path.format(id=order["id"]), json=body, headers={"Idempotency-Key": str(uuid4())})
    absent = other.ask(method, path.format(id=uuid4()), json=body, headers={"Idempotency-Key": str(uuid4())})

    assert is_like_absent(theirs, absent)


def test_another_buyers_payment_is_as_good_as_absent(order: Json, other: Person) -> None:
    theirs = other.ask("GET", f"payments/{order['payment']['id']}")

    assert is_like_absent(theirs, other.ask("GET", f"payments/{uuid4()}"))


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_users_address_is_as_good_as_absent(method: str, owner: Person, other: Person) -> None:
    address = owner.post("users/me/addresses", {**ADDRESS, "kind": "shipping"}, expect=201)
    body = {"city": "Elsewhere"} if method == "PATCH" else None

    theirs = other.ask(method, f"users/me/addresses/{address['id']}", json=body)

    assert is_like_absent(theirs, other.ask(method, f"users/me/addresses/{uuid4()}", json=body))


def test_another_carts_item_is_as_good_as_absent(make_product: MakeProduct, market: Market, other: Person) -> None:
    guest = market.guest()
    cart = guest.post("cart/items", {"variant_id": make_product()["variants"][0]["id"], "quantity": 1}, expect=201)

    theirs = other.ask("PATCH", f"cart/items/{cart['items'][0]['id']}", json={"quantity": 2})

    assert is_like_absent(theirs, other.ask("PATCH", f"cart/items/{uuid4()}", json={"quantity": 2}))


@pytest.fixture(scope="module")
def other_vendor(market: Market, admin: Person) -> Person:
    from fleet.journey import Journey, open_shops

    journey = Journey(market, admin, market.guest())
    open_shops(journey)
    return journey.vendors[0]


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"name": "Mine now"}), ("DELETE", None)])
def test_another_vendors_product_cannot_be_written(
    method: str, body: Json | None, make_product: MakeProduct, other_vendor: Person
) -> None:
    product = make_product()

    theirs = other_vendor.ask(method, f"products/{product['id']}", json=body)

    assert is_like_absent(theirs, other_vendor.ask(method, f"products/{uuid4()}", json=body))


def test_another_vendors_order_can_be_neither_read_nor_shipped(order: Json, other_vendor: Person) -> None:
    part = order["vendor_orders"][0]["id"]
    parcel = {"carrier": "Swift", "tracking_number": "1"}

    read = other_vendor.ask("GET", f"vendor-orders/{part}")
    shipped = other_vendor.ask("POST", f"vendor-orders/{part}/shipments", json=parcel)

    assert is_like_absent(read, other_vendor.ask("GET", f"vendor-orders/{uuid4()}"))
    assert is_like_absent(shipped, other_vendor.ask("POST", f"vendor-orders/{uuid4()}/shipments", json=parcel))


@pytest.mark.parametrize(
    "path", ["admin/users", "admin/orders", "admin/ledger", "admin/financials", "admin/products", "admin/vendors"]
)
def test_an_admins_pages_are_closed_to_buyers_vendors_and_guests(
    path: str, other: Person, vendor: Person, market: Market
) -> None:
    statuses = [person.ask("GET", path).status_code for person in (other, vendor, market.guest())]

    assert statuses == [403, 403, 401]
