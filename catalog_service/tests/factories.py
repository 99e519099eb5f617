"""make_…: rows as the service's own actions make them, and messages as its neighbours send them."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.utils import timezone

from catalog_service.actions.locations import Carried, open_location, transfer_stock
from catalog_service.actions.products import ProductInput, create_product
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import Category, Location, Product, Variant, Vendor
from catalog_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.catalog import LineToReserve, ReleaseStock, ReserveStock
from shared.contracts.order import Buyer, OrderCancelled, OrderConfirmed
from shared.contracts.vendor import VendorChanged
from shared.messages import Message, MoneyData
from shared.money import Money
from shared.testing import deliver, deliver_together

_numbers = itertools.count(1)
BUYER = Buyer(email="ada@example.org", name="Ada Lovelace")


def hear(message: Message) -> bool:
    return deliver(message, SUBSCRIPTIONS)


def hear_together(*messages: Message) -> int:
    return deliver_together(messages, SUBSCRIPTIONS)


def vendor_changed(vendor_id: UUID, **changes: Any) -> VendorChanged:
    told = {
        "vendor_id": vendor_id,
        "owner_id": new_id(),
        "name": "Blue Kiln",
        "slug": "blue-kiln",
        "status": "active",
        "contact_email": "kiln@example.org",
        "country": "ET",
        "payout_currency": "USD",
        "commission_basis_points": 1_000,
        "version": 1,
    }
    return VendorChanged(**{**told, **changes})


def make_vendor(name: str = "Blue Kiln", **changes: Any) -> Vendor:
    slug = name.lower().replace(" ", "-")
    vendor, _ = Vendor.objects.get_or_create(
        slug=slug, defaults={"id": new_id(), "name": name, "status": "active", "version": 1, **changes}
    )
    return vendor


def make_category(name: str = "Pots", parent: Category | None = None) -> Category:
    known = Category.objects.filter(name=name).first()
    if known:
        return known
    category = Category(name=name, slug=name.lower().replace(" ", "-"))
    category.stand_under(parent)
    category.save()
    return category


def usd(amount: str) -> PriceInput:
    return PriceInput(Money.parse(amount, "USD"))


def make_product(
    name: str = "Clay pot",
    *,
    vendor: Vendor | None = None,
    category: Category | None = None,
    price: str = "12.50",
    stock: int = 10,
    sku: str | None = None,
    variants: list[VariantInput] | None = None,
    by_admin: bool = True,
    **fields: Any,
) -> Product:
    """Active at once unless `by_admin` is False or a status is given."""
    sku = sku or f"SKU-{next(_numbers)}"
    return create_product(
        vendor_id=(vendor or make_vendor()).id,
        by_admin=by_admin,
        product=ProductInput(
            name=name,
            category=str((category or make_category()).id),
            variants=variants or [VariantInput(sku=sku, prices=[usd(price)], stock=stock)],
            **fields,
        ),
    )


def make_variant(stock: int = 10, **fields: Any) -> Variant:
    variant = make_product(stock=stock, **fields).variants.get()
    assert isinstance(variant, Variant)
    return variant


def make_location(vendor_id: UUID, name: str = "Harbour", position: int = 1) -> Location:
    return open_location(vendor_id=vendor_id, by_admin=True, changes={"name": name, "position": position})


def place_elsewhere(variant: Variant, quantity: int, location: Location | None = None) -> Location:
    """Carry so many of a variant from the default location to another."""
    target = location or make_location(variant.vendor_id)
    transfer_stock(
        origin_id=variant.vendor_id,
        target_id=target.id,
        lines=[Carried(variant.sku, quantity)],
        vendor_id=variant.vendor_id,
        reason="",
        actor_id=new_id(),
    )
    return target


@contextmanager
def earlier(days: int) -> Iterator[None]:
    """Rows made meanwhile were made so many days ago. Movements cannot be dated back afterwards."""
    then = timezone.now() - timedelta(days=days)
    with patch("django.utils.timezone.now", lambda: then):
        yield


def ask(*lines: tuple[Variant | UUID, int], order_id: UUID | None = None, **changes: Any) -> ReserveStock:
    """A ReserveStock for `(variant, quantity)` lines, good for fifteen minutes."""
    asked: dict[str, Any] = {
        "order_id": order_id or new_id(),
        "currency": "USD",
        "lines": tuple(
            LineToReserve(line_id=new_id(), variant_id=getattr(variant, "id", variant), quantity=quantity)
            for variant, quantity in lines
        ),
        "expires_at": timezone.now() + timedelta(minutes=15),
    }
    return ReserveStock(**{**asked, **changes})


def release(order_id: UUID, reason: str = "payment_declined") -> ReleaseStock:
    return ReleaseStock(order_id=order_id, reason=reason)


def confirmed(order_id: UUID) -> OrderConfirmed:
    return OrderConfirmed(
        order_id=order_id,
        number="N-1",
        buyer=BUYER,
        total=MoneyData(minor=1, currency="USD"),
        vendor_orders=(),
        confirmed_at=timezone.now(),
    )


def cancelled(order_id: UUID) -> OrderCancelled:
    return OrderCancelled(
        order_id=order_id,
        number="N-1",
        buyer=BUYER,
        reason="cancelled_by_buyer",
        total=MoneyData(minor=1, currency="USD"),
    )
