"""Whatever happens to the messages between them, the services end in agreement. Seeds: NEXUS_SEEDS=1,2,3."""

import os
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from audited import check_consistency
from django.db.models import Sum
from market import ADDRESS, COUPON_LIMIT, STOCK, check_money, line_of, open_market
from world import World, serving

from catalog_service.models import StockItem, Variant
from notification_service.models import Delivery
from order_service import checkout
from order_service.actions import returns, shipments
from order_service.actions.orders import Placing
from order_service.clients import Cart
from order_service.errors import CouponRefused, IllegalMove
from order_service.models import Order, OrderLine, Promotion, StoreCredit, VendorOrder
from order_service.queries.quotes import quote
from order_service.queries.store_credit import wish_for
from payment_service.actions import simulator
from payment_service.actions.store_credit import grant_credit
from payment_service.models import Account, Payment, SimulatedCharge
from payment_service.queries.books import broken_rules
from shared.context import new_id
from shared.money import Money

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]
ORDERS = 14
SEEDS = [int(seed) for seed in os.environ.get("NEXUS_SEEDS", "1,2,3,4").split(",")]
TOKENS = ["ok", "ok", "ok", "ok", "slow", "timeout", "duplicate_webhook", "decline", "requires_action"]
RICH, CREDIT = UUID(int=0x51C), 12_000
ENDED = {"confirmed", "cancelled", "shipped", "delivered", "completed", "returned"}


def order(chance: random.Random, variants: list[Variant], number: int) -> Order | None:
    """Somebody buys one to three things; None when the coupon is used up."""
    lines = tuple(line_of(variant, chance.randint(1, 3)) for variant in chance.sample(variants, chance.randint(1, 3)))
    coupon, buyer = ("FEW" if number % 2 else None), f"buyer-{number}@example.com"
    cart, token = Cart(str(new_id()), "USD", coupon, lines), chance.choice(TOKENS)
    placing = Placing(None, buyer, "Ada", cart.id, ADDRESS, ADDRESS, "simulator", token)
    rich = number % 3 == 0
    with serving("order"):
        try:
            quoted = quote(cart=cart, country="GB", method=None, coupon_code=coupon, buyer_key=buyer)
            if rich:
                wish = wish_for(chance.choice([True, Money(500, "USD")]), quoted, signed_in=True)
                placing = replace(placing, user_id=RICH, credit=wish)
            return checkout.place_order(cart=cart, quote=quoted, placing=placing, expected_total=None)
        except CouponRefused:
            return None


def give_credit() -> None:
    """Some are signed in and use it: enough for a few of their orders."""
    with serving("payment"):
        grant_credit(user_id=RICH, amount=Money(CREDIT, "USD"), reason="sorry")


# ── What people do meanwhile ─────────────────────────────────────────────────────────────────────────────────────────


def cancelling(order_id: UUID) -> Callable[[], object]:
    def cancel() -> None:
        try:
            with serving("order"):
                checkout.cancel_order(order_id=order_id, reason="cancelled_by_buyer")
        except IllegalMove:
            pass  # too late, and told so

    return cancel


def deciding(chance: random.Random) -> Callable[[], object]:
    """Of the buyers who wait on the hosted page, most decide; some have gone to bed."""

    def decide() -> None:
        for charge in SimulatedCharge.objects.filter(status="requires_action"):
            if chance.random() < 0.7:
                simulator.decide(charge_id=charge.id, pays=chance.random() < 0.7)

    return decide


def fulfil(chance: random.Random) -> None:
    """Vendors send and deliver what is confirmed; some of it comes back."""
    with serving("order"):
        for part in VendorOrder.objects.filter(status="confirmed"):
            plain = {"carrier": "Swift", "tracking_number": "SW1", "items": None}
            parcel = shipments.ship_items(vendor_order_id=part.id, vendor_id=part.vendor_id, **plain)
            shipments.deliver_shipment(shipment_id=parcel.id, vendor_id=part.vendor_id)
            line = chance.choice(list(part.lines.all()))
            if chance.random() < 0.5:
                wanted = [returns.Wanted(line.id, chance.randint(1, line.quantity), "too bright")]
                (asked,) = returns.request_return(order_id=part.order_id, wanted=wanted)
                returns.approve_return(return_id=asked.id, vendor_id=part.vendor_id)
                returns.receive_return(return_id=asked.id, vendor_id=part.vendor_id)


# ── What must hold afterwards ────────────────────────────────────────────────────────────────────────────────────────


def check_everything(world: World, variants: list[Variant]) -> None:
    assert world.dead == []
    assert {row.status for row in Order.objects.all()} <= ENDED
    check_stock(variants)
    check_money()
    check_credit()
    check_coupon()
    check_mail()
    check_consistency()


def check_stock(variants: list[Variant]) -> None:
    gone: dict[UUID, int] = defaultdict(int)
    for line in OrderLine.objects.exclude(vendor_order__order__status="cancelled"):
        gone[line.variant_id] += line.quantity - line.returned_quantity
    for item in StockItem.objects.filter(variant__in=variants):
        assert (item.on_hand, item.reserved) == (STOCK - gone[item.variant_id], 0)


def check_credit() -> None:
    """What is left of it is what was granted without what stands; nothing is held any more, and order was told."""
    assert broken_rules() == []
    spent = Payment.objects.filter(status="taken").aggregate(sum=Sum("credit") - Sum("credit_refunded"))["sum"] or 0
    accounts = {row.kind: -row.balance for row in Account.objects.filter(owner_id=RICH)}
    assert accounts["store_credit"] == CREDIT - spent
    assert accounts.get("store_credit_held", 0) == 0
    assert StoreCredit.objects.get(user_id=RICH).available == accounts["store_credit"]
    for row in Order.objects.filter(payment_status="taken"):
        assert row.credit_used == Payment.objects.get(order_id=row.id).credit


def check_coupon() -> None:
    standing = Order.objects.filter(coupon_code="FEW").exclude(status="cancelled").count()
    assert Promotion.objects.get(code="FEW").redeemed == standing <= COUPON_LIMIT


def check_mail() -> None:
    """One word of each kind to each buyer; of the end that the order had."""
    confirmed = Order.objects.filter(confirmed_at__isnull=False).values_list("email", flat=True)
    told = Delivery.objects.filter(kind="order_confirmed").values_list("address", flat=True)
    assert sorted(confirmed) == sorted(told)
    cancelled = Order.objects.filter(status="cancelled").values_list("email", flat=True)
    told = Delivery.objects.filter(kind="order_cancelled").values_list("address", flat=True)
    assert sorted(cancelled) == sorted(told)


@pytest.mark.parametrize("seed", SEEDS)
def test_services_agree_after_any_order_of_messages(seed: int) -> None:
    world = World(seed)
    variants, chance = open_market(world), random.Random(seed)
    give_credit()

    orders = [placed for number in range(ORDERS) if (placed := order(chance, variants, number))]
    world.collect()
    cancelled = [cancelling(placed.id) for placed in chance.sample(orders, 4)]
    world.run(400, *cancelled, deciding(chance), deciding(chance))
    world.settle()
    deciding(chance)()
    world.settle()
    world.let_deadlines_pass()
    world.settle()
    check_everything(world, variants)

    fulfil(chance)
    world.collect()
    world.settle()
    check_everything(world, variants)
    assert world.happened["acknowledgement lost"] > 0
    assert world.happened["Killed"] > 0


def test_services_agree_when_all_goes_well() -> None:
    world = World(0, disorder=0)
    variants, chance = open_market(world), random.Random(0)
    give_credit()

    for number in range(ORDERS):
        order(chance, variants, number)
        world.collect()
    world.settle()
    deciding(chance)()
    world.settle()
    world.let_deadlines_pass()
    world.settle()
    fulfil(chance)
    world.collect()
    world.settle()

    check_everything(world, variants)
    assert VendorOrder.objects.filter(status="delivered").exists()
