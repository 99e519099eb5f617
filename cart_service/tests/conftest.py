"""Memorable offers, and clients that put them into carts. Redis and PostgreSQL are real."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import redis
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from cart_service.models import Offer, store
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.catalog import OfferChanged
from shared.contracts.order import Buyer, OrderConfirmed, OrderLine, VendorOrderPart
from shared.messages import MoneyData
from shared.testing import client_as, deliver

ADDIS_COFFEE = UUID("0192f000-0000-7000-8000-00000000c0fe")


@pytest.fixture(autouse=True)
def _empty_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """And a patient client: on a busy machine a second is short."""
    monkeypatch.setattr(store, "TIMEOUT_SECONDS", 20.0)
    store.connection.cache_clear()
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    yield
    store.connection.cache_clear()


def make_offer_event(**changes: Any) -> OfferChanged:
    """A bag of coffee at 12.50 USD or 11.00 EUR, ten of them left."""
    usual = {
        "variant_id": new_id(),
        "product_id": new_id(),
        "category_id": new_id(),
        "slug": "yirgacheffe",
        "name": "Yirgacheffe, 250 g",
        "sku": "COF-250",
        "options": {"grind": "whole bean"},
        "image": "/media/yirgacheffe.webp",
        "vendor_id": ADDIS_COFFEE,
        "vendor_name": "Addis Coffee",
        "prices": (MoneyData(minor=1250, currency="USD"), MoneyData(minor=1100, currency="EUR")),
        "available": 10,
        "weight_grams": 260,
        "active": True,
        "version": 1,
    }
    return OfferChanged(**{**usual, **changes})


def make_offer(**changes: Any) -> OfferChanged:
    event = make_offer_event(**changes)
    deliver(event, SUBSCRIPTIONS)
    return event


def change(offer: OfferChanged, **changes: Any) -> OfferChanged:
    """Catalog tells the next version of an offer."""
    newer = offer.model_copy(update={"version": offer.version + 1, **changes})
    deliver(newer, SUBSCRIPTIONS)
    return newer


def usd(minor: int) -> tuple[MoneyData, ...]:
    return (MoneyData(minor=minor, currency="USD"),)


def add(client: APIClient, offer: OfferChanged | Offer, quantity: int = 1, **more: Any) -> Any:
    body = {"variant_id": str(offer.variant_id), "quantity": quantity, **more}
    return client.post("/api/v1/cart/items", body)


def make_guest(offer: OfferChanged, quantity: int = 1) -> APIClient:
    """A guest with a cart: the token goes with every request from here."""
    client = client_as()
    token = add(client, offer, quantity)["X-Cart-Token"]
    client.credentials(HTTP_X_CART_TOKEN=token)
    return client


def make_order_confirmed(cart: dict[str, Any], *lines: tuple[OfferChanged, int], **changes: Any) -> OrderConfirmed:
    price = MoneyData(minor=1250, currency="USD")
    ordered = tuple(
        OrderLine(
            line_id=new_id(),
            variant_id=offer.variant_id,
            product_id=offer.product_id,
            sku=offer.sku,
            name=offer.name,
            quantity=quantity,
            unit_price=price,
            line_total=price,
        )
        for offer, quantity in lines
    )
    part = VendorOrderPart(
        vendor_order_id=new_id(),
        vendor_id=ADDIS_COFFEE,
        vendor_name="Addis Coffee",
        lines=ordered,
        **dict.fromkeys(("items_total", "shipping_total", "tax_total", "discount_total", "total", "commission"), price),
    )
    usual = {
        "order_id": new_id(),
        "number": "N-1",
        "buyer": Buyer(email="abebe@example.com", name="Abebe"),
        "cart_id": cart["id"],
        "total": price,
        "vendor_orders": (part,),
        "confirmed_at": timezone.now(),
    }
    return OrderConfirmed(**{**usual, **changes})


@pytest.fixture
def broken_redis(settings: Any) -> Callable[[], None]:
    """Redis is away from the moment this is called."""

    def break_it() -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        store.connection.cache_clear()

    return break_it
