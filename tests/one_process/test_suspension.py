"""A vendor is suspended: what it sells leaves the shelf, what was bought is sent, and all comes back later."""

import random
from uuid import UUID

import pytest
from django.utils import timezone
from market import ADDRESS, line_of, open_market
from test_any_order import fulfil
from world import World, serving

from cart_service.models import Offer
from catalog_service.models import Card, Variant
from notification_service.models import Delivery
from order_service import checkout
from order_service.actions.orders import Placing
from order_service.clients import Cart
from order_service.models import Order, VendorOrder
from order_service.queries.quotes import quote
from shared.context import new_id
from vendor_service.actions.payouts import request_payout
from vendor_service.actions.vendors import change_vendor
from vendor_service.errors import VendorSuspended
from vendor_service.models import Application, Vendor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]


def keep_shop(vendor_id: UUID) -> Vendor:
    """In vendor_service's own books, as it has told of it already."""
    terms = {"country": "GB", "payout_currency": "USD", "contact_email": "v@example.com"}
    decided = {"status": "approved", "decided_at": timezone.now()}
    owner = UUID(int=vendor_id.int ^ 1)
    application = Application.objects.create(user_id=owner, business_name="Shop", **terms, **decided)
    own = {"owner_id": owner, "name": "Shop", "slug": str(vendor_id), "commission_basis_points": 1_000, "version": 1}
    return Vendor.objects.create(id=vendor_id, application=application, **terms, **own)


def become(world: World, vendor: Vendor, status: str) -> None:
    with serving("vendor"):
        change_vendor(vendor_id=vendor.id, changes={"status": status}, reason="We wait for papers.")
    world.collect()
    world.settle()


def for_sale() -> tuple[set[UUID], set[UUID]]:
    """Whose products are on catalog's shelf, and whose a cart takes."""
    shelf = set(Card.objects.values_list("product__vendor_id", flat=True))
    return shelf, set(Offer.objects.filter(active=True).values_list("vendor_id", flat=True))


def buy(world: World, variant: Variant) -> Order:
    """One of them, by somebody who pays at once."""
    cart, email = Cart(str(new_id()), "USD", None, (line_of(variant, 1),)), "ada@example.com"
    placing = Placing(None, email, "Ada", cart.id, ADDRESS, ADDRESS, "simulator", "ok")
    with serving("order"):
        quoted = quote(cart=cart, country="GB", method=None, coupon_code=None, buyer_key=email)
        placed = checkout.place_order(cart=cart, quote=quoted, placing=placing, expected_total=None)
    world.collect()
    world.settle()
    placed.refresh_from_db()
    return placed


def test_a_suspended_vendor_sells_nothing_sends_what_it_sold_and_comes_back() -> None:
    world = World(1, disorder=0)
    variants = open_market(world)
    vendor, other = (keep_shop(variants[number].product.vendor_id) for number in range(2))
    both = {vendor.id, other.id}
    assert for_sale() == (both, both)
    orders = [buy(world, variants[0])]

    become(world, vendor, "suspended")

    assert for_sale() == ({other.id}, {other.id})
    assert buy(world, variants[0]).status == "cancelled"
    assert buy(world, variants[1]).status == "confirmed"
    with serving("vendor"), pytest.raises(VendorSuspended):
        request_payout(vendor_id=vendor.id, member_id=vendor.owner_id, amount=None)
    fulfil(random.Random(1))
    world.settle()
    assert VendorOrder.objects.get(order=orders[0]).status in {"delivered", "returned"}
    assert Delivery.objects.filter(kind="vendor_suspended", body__contains="papers").count() == 1

    become(world, vendor, "active")

    assert for_sale() == (both, both)
    assert buy(world, variants[0]).status == "confirmed"
    assert world.dead == []
