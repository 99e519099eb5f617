"""Whatever happens to the messages between them, the services end in agreement. Seeds: NEXUS_SEEDS=1,2,3."""

import os
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import Sum
from world import InProcessSimulator, World, serving

from catalog_service.actions.products import ProductInput, create_product
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import Category, StockItem, Variant
from notification_service.models import Delivery
from order_service import checkout
from order_service.actions import coupons, returns, shipments
from order_service.actions.orders import Placing
from order_service.clients import Cart, CartLine
from order_service.errors import CouponRefused, IllegalMove
from order_service.models import Order, OrderLine, Promotion, ShippingRate, StoreCredit, VendorOrder
from order_service.queries.quotes import quote
from order_service.queries.store_credit import wish_for
from payment_service import clients
from payment_service.actions import simulator, webhooks
from payment_service.actions.store_credit import grant_credit
from payment_service.clients import simulator as simulator_client
from payment_service.models import Account, Payment, Posting, Refund, SimulatedCharge
from payment_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.user import UserChanged
from shared.contracts.vendor import VendorChanged
from shared.messages import Message
from shared.money import Money
from shared.outbox import publish
from vendor_service.models import Balance

pytestmark = pytest.mark.django_db(transaction=True)
SEEDS = [int(seed) for seed in os.environ.get("NEXUS_SEEDS", "1,2,3,4").split(",")]
ORDERS, STOCK, COUPON_LIMIT = 14, 9, 3
TOKENS = ["ok", "ok", "ok", "ok", "slow", "timeout", "duplicate_webhook", "decline", "requires_action"]
ADDRESS = {"name": "Ada", "line1": "1 Row", "city": "London", "postal_code": "N1", "country": "GB"}
RICH, CREDIT = UUID(int=0x51C), 12_000
ENDED = {"confirmed", "cancelled", "shipped", "delivered", "completed", "returned"}


@pytest.fixture(autouse=True)
def _provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    """Webhooks are signed, sent and received as ever, only not over a socket."""

    def tell(event: dict[str, str]) -> bool:
        body = simulator_client.json.dumps(event).encode()
        at = int(simulator_client.time.time())
        signature = simulator_client.sign(body, secret=settings.SIMULATOR_WEBHOOK_SECRETS[0], at=at)
        headers = {simulator_client.SIGNATURE_HEADER: signature}
        return bool(webhooks.receive_webhook(provider="simulator", body=body, headers=headers))

    monkeypatch.setitem(clients.PROVIDERS, "simulator", InProcessSimulator())
    monkeypatch.setattr(simulator_client, "tell", tell)
    settings.MEDIA_ROOT = str(tmp_path)
    if not ShippingRate.objects.exists():  # tests that commit leave an empty database to the next
        import_module("order_service.migrations.0010_default_rates").write(apps, None)


def tell(service: str, message: Message, version: int | None = None) -> None:
    with serving(service), transaction.atomic():
        publish(message, version=version)


def open_market(world: World) -> list[Variant]:
    """Two vendors with two products each, known to everybody."""
    vendors = [new_id(), new_id()]
    for number, vendor_id in enumerate(vendors):
        tell("vendor", vendor_changed(vendor_id, number))
    tell("user", UserChanged(user_id=new_id(), email="ada@example.com", first_name="A", last_name="B", version=1))
    world.collect()
    world.settle()
    category = Category(name="Lamps", slug="lamps")
    category.stand_under(None)
    category.save()
    with serving("catalog"):
        variants = [_list(vendors[n % 2], category, n) for n in range(4)]
        coupons.create_coupon(code="FEW", kind=Promotion.Kind.PERCENTAGE, basis_points=1_000, limit=COUPON_LIMIT)
    world.collect()
    world.settle()
    return variants


def vendor_changed(vendor_id: UUID, number: int) -> VendorChanged:
    return VendorChanged(
        vendor_id=vendor_id, owner_id=new_id(), name=f"Vendor {number}", slug=f"vendor-{number}", status="active",
        contact_email=f"v{number}@example.com", country="GB", payout_currency="USD",
        commission_basis_points=1_000 + 50 * number, version=1,
    )  # fmt: skip


def _list(vendor_id: UUID, category: Category, number: int) -> Variant:
    wanted = VariantInput(sku=f"SKU-{number}", prices=[PriceInput(Money(1_999 + 700 * number, "USD"))], stock=STOCK)
    product = ProductInput(name=f"Lamp {number}", category=str(category.id), variants=[wanted])
    variant = create_product(vendor_id=vendor_id, by_admin=True, product=product).variants.get()
    assert isinstance(variant, Variant)
    return variant


def order(chance: random.Random, variants: list[Variant], number: int) -> Order | None:
    """Somebody buys one to three things; None when the coupon is used up."""
    lines = tuple(_line(variant, chance.randint(1, 3)) for variant in chance.sample(variants, chance.randint(1, 3)))
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


def _line(variant: Variant, quantity: int) -> CartLine:
    return CartLine(
        variant_id=variant.id, product_id=variant.product_id, category_id=None, vendor_id=variant.product.vendor_id,
        vendor_name="Vendor", sku=variant.sku, name=variant.sku, quantity=quantity,
        unit_price=Money(variant.prices.get().minor, "USD"), available=STOCK, active=True,
    )  # fmt: skip


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
    """Every buyer who waits on the hosted page decides."""

    def decide() -> None:
        for charge in SimulatedCharge.objects.filter(status="requires_action"):
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


def check_stock(variants: list[Variant]) -> None:
    gone: dict[UUID, int] = defaultdict(int)
    for line in OrderLine.objects.exclude(vendor_order__order__status="cancelled"):
        gone[line.variant_id] += line.quantity - line.returned_quantity
    for item in StockItem.objects.filter(variant__in=variants):
        assert (item.on_hand, item.reserved) == (STOCK - gone[item.variant_id], 0)


def check_money() -> None:
    """Every order that stands is paid; what was taken for any other went back; three sets of books agree."""
    for row in Order.objects.all():
        payment = Payment.objects.filter(order_id=row.id).first()
        taken = payment.minor - payment.refunded if payment and payment.status == "taken" else 0
        returned = (
            Refund.objects.filter(payment=payment, return_id__isnull=False).aggregate(sum=Sum("minor"))["sum"] or 0
        )
        assert taken == (0 if row.status == "cancelled" else row.total - returned), row.status
    assert set(Refund.objects.values_list("status", flat=True)) <= {"done"}
    assert Posting.objects.aggregate(sum=Sum("minor"))["sum"] in (0, None)
    charged = SimulatedCharge.objects.filter(status="succeeded").aggregate(taken=Sum("minor"), back=Sum("refunded"))
    provider = Account.objects.filter(kind="provider").first()
    assert (provider.balance if provider else 0) == (charged["taken"] or 0) - (charged["back"] or 0)
    for account in Account.objects.filter(kind="vendor_pending"):
        available = Account.objects.get(kind="vendor_available", owner_id=account.owner_id)
        told = Balance.objects.get(vendor_id=account.owner_id)
        assert (told.pending, told.available) == (-account.balance, -available.balance)


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
    fulfil(chance)
    world.collect()
    world.settle()

    check_everything(world, variants)
    assert VendorOrder.objects.filter(status="delivered").exists()
