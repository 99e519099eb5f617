"""Prices and stock that changed meanwhile are told, once."""

from typing import Any

import pytest
from conftest import add, change, make_offer, usd
from shown_carts import cart, quantities

from shared.testing import body, client_as

pytestmark = pytest.mark.django_db


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
