"""Cart, quote, order and return against the shop on paper (plain.py): hypothesis thinks up what buyers, vendors and
admins do, and after every step totals, states, stock and money of all services are what the paper says.

In currencies with 0, 2 and 3 digits. NEXUS_STORIES: how many stories in each, others each time.
"""

import json
import os
from typing import Any
from uuid import UUID

import httpx
import pytest
from audited import check_consistency
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from plain import Purchase
from rest_framework.renderers import JSONRenderer
from shop import OpenShop
from world import serving

from cart_service.actions import carts as cart_actions
from cart_service.api.internal import InternalCartShape
from cart_service.errors import InsufficientStock, ItemNotFound
from cart_service.models import carts
from cart_service.queries import carts as cart_queries
from catalog_service.actions.inventory import Adjustment, adjust_stock
from catalog_service.actions.variants import PriceInput, edit_variant
from catalog_service.models import StockItem
from order_service import checkout, clients
from order_service.actions import refunds, returns, shipments
from order_service.errors import CartEmpty, CartOrdered, IllegalMove, NotReturnable, OutOfStock
from order_service.models import Order, OrderLine, Return, Shipment, VendorOrder
from payment_service.actions import simulator
from payment_service.models import Payment, Posting, Refund, SimulatedCharge
from shared.context import new_id
from shared.errors import Refused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]
STORIES, STEPS = int(os.environ.get("NEXUS_STORIES", "6")), 25
BUYERS, WARES, SOME = st.sampled_from([0, 1]), st.sampled_from([0, 1, 2]), st.integers(0, 10**6)
PRICES = st.sampled_from([1, 7, 333, 1_999, 100_001])
PAYS = {"ok": "confirmed", "slow": "confirmed", "duplicate_webhook": "confirmed", "timeout": "confirmed",
        "decline": "cancelled", "requires_action": "awaiting_payment"}  # fmt: skip


class Shop(OpenShop):
    @initialize()
    def open(self) -> None:
        self._furnish()
        for buyer, n in ((0, 0), (0, 1), (1, 2)):
            self.put_in(buyer, n, 3)
        self.place(0, "ok")
        self.send_all_and_deliver(0)
        self.send_back(0, 0, 1, "write off")

    # ── Vendors ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(n=WARES, price=PRICES)
    def price_changes(self, n: int, price: int) -> None:
        ware = self.wares[n]
        with serving("catalog"):
            product = str(StockItem.objects.get(variant=ware.id).product_id)
            changes: Any = {"price": PriceInput(self._money(price))}
            edit_variant(product=product, variant_id=ware.id, vendor_id=None, changes=changes)
        ware.price = price
        self._settle()

    @rule(n=WARES, more=st.sampled_from([0, 1, 5, 40]))
    def stock_is_counted(self, n: int, more: int) -> None:
        ware = self.wares[n]
        ware.on_hand = ware.reserved + more
        with serving("catalog"):
            counted = Adjustment(ware.sku, on_hand=ware.on_hand, vendor_id=ware.vendor)
            adjust_stock(adjustment=counted, reason="", actor_id=new_id())
        self._settle()

    # ── Carts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(buyer=BUYERS, n=WARES, quantity=st.integers(1, 4))
    def put_in(self, buyer: int, n: int, quantity: int) -> None:
        wanted = self.carts[buyer].get(n, 0) + quantity
        expected = InsufficientStock if wanted > self.wares[n].available else None
        put = {"variant_id": self.wares[n].id, "quantity": quantity, "currency": self.currency, "once": str(new_id())}
        self._try(expected, "cart", lambda: cart_actions.add_item(cart=self._cart(buyer), **put))
        if expected is None:
            self.carts[buyer][n] = wanted

    @rule(buyer=BUYERS, n=WARES, quantity=st.integers(1, 12))
    def set_quantity(self, buyer: int, n: int, quantity: int) -> None:
        item = self.owners[buyer].item_id(self.wares[n].id)
        expected: type[Refused] | None = None if n in self.carts[buyer] else ItemNotFound
        if expected is None and quantity > self.wares[n].available:
            expected = InsufficientStock
        change = {"item_id": item, "quantity": quantity}
        self._try(expected, "cart", lambda: cart_actions.set_quantity(cart=self._cart(buyer), **change))
        if expected is None:
            self.carts[buyer][n] = quantity

    @rule(buyer=BUYERS, n=WARES)
    def take_out(self, buyer: int, n: int) -> None:
        item = self.owners[buyer].item_id(self.wares[n].id)
        expected = None if n in self.carts[buyer] else ItemNotFound
        self._try(expected, "cart", lambda: cart_actions.remove_item(cart=self._cart(buyer), item_id=item))
        self.carts[buyer].pop(n, None)

    @rule(buyer=BUYERS, wanted=st.booleans())
    def coupon(self, buyer: int, wanted: bool) -> None:
        with serving("cart"):
            cart_actions.set_coupon(owner=self.owners[buyer], code=self.code if wanted else "")
        self.coupons[buyer] = wanted

    # ── Buying ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(buyer=BUYERS)
    def ask_for_a_quote(self, buyer: int) -> None:
        expected = None if self.carts[buyer] else CartEmpty
        quoted = self._try(expected, "order", lambda: self._quote(buyer)[1])
        if quoted:
            assert quoted.total == self._price(buyer).total

    @rule(buyer=BUYERS, token=st.sampled_from(sorted(PAYS)))
    def place(self, buyer: int, token: str) -> None:
        purchase = self._price(buyer)
        placed = self._try(self._refusal(buyer, purchase), "order", lambda: self._place(buyer, token, purchase.total))
        if not placed:
            return
        self._settle()
        self._write_down(purchase, placed.id)
        purchase.state = PAYS[token]
        purchase.never_paid = purchase.state == "cancelled"
        self.orders.append(purchase)
        if purchase.state == "awaiting_payment":
            for line in purchase.lines:
                line.ware.reserved += line.quantity
        elif purchase.state == "confirmed":
            self._sell(purchase)

    def _write_down(self, purchase: Purchase, order_id: UUID) -> None:
        """Under the numbers that the order got."""
        parts = dict(VendorOrder.objects.filter(order=order_id).values_list("vendor_id", "id"))
        lines = dict(OrderLine.objects.filter(vendor_order__order=order_id).values_list("variant_id", "id"))
        purchase.id = order_id
        purchase.parcels = {parts[vendor]: parcel for vendor, parcel in purchase.parcels.items()}
        for parcel in purchase.parcels.values():
            parcel.lines = {lines[ware]: line for ware, line in parcel.lines.items()}

    @rule(buyer=BUYERS, n=WARES, quantity=st.integers(1, 4), token=st.sampled_from(sorted(PAYS)))
    def buy_at_once(self, buyer: int, n: int, quantity: int, token: str) -> None:
        self.put_in(buyer, n, quantity)
        self.place(buyer, token)

    @precondition(lambda self: self._parcels(unsent=True))
    @rule(which=SOME)
    def send_all_and_deliver(self, which: int) -> None:
        self.send(which, 99)
        self.deliver(which)

    def _refusal(self, buyer: int, purchase: Purchase) -> type[Refused] | None:
        if not self.carts[buyer]:
            return CartEmpty
        if any(line.quantity > line.ware.available for line in purchase.lines):
            return OutOfStock
        standing = {one.cart_version for one in self.orders if one.buyer == buyer and one.state != "cancelled"}
        return CartOrdered if purchase.cart_version in standing else None

    def _sell(self, purchase: Purchase) -> None:
        for line in purchase.lines:
            line.ware.on_hand -= line.quantity
        cart = self.carts[purchase.buyer]
        for n, ware in self.wares.items():
            bought = sum(line.quantity for line in purchase.lines if line.ware is ware)
            if n in cart and bought:
                cart[n] -= bought
                if cart[n] <= 0:
                    del cart[n]
        if not cart:
            self.coupons[purchase.buyer] = False

    @precondition(lambda self: self._those("awaiting_payment"))
    @rule(which=SOME, pays=st.booleans())
    def decide(self, which: int, pays: bool) -> None:
        purchase = self._pick(self._those("awaiting_payment"), which)
        payment = Payment.objects.get(order_id=purchase.id)
        with serving("payment"):
            simulator.decide(charge_id=SimulatedCharge.objects.get(key=str(payment.id)).id, pays=pays)
        self._settle()
        self._unhold(purchase)
        purchase.state, purchase.never_paid = ("confirmed", False) if pays else ("cancelled", True)
        if pays:
            self._sell(purchase)

    @precondition(lambda self: self.orders)
    @rule(which=SOME)
    def cancel(self, which: int) -> None:
        purchase = self._pick(self.orders, which)
        sent = any(line.sent for line in purchase.lines)
        expected = None if purchase.state in {"awaiting_payment", "confirmed"} and not sent else IllegalMove
        cancel = {"order_id": purchase.id, "reason": "cancelled_by_buyer"}
        self._try(expected, "order", lambda: checkout.cancel_order(**cancel))
        if expected:
            return
        self._settle()
        if purchase.state == "awaiting_payment":
            self._unhold(purchase)
            purchase.never_paid = True
        else:
            for line in purchase.lines:
                line.ware.on_hand += line.quantity - line.cancelled
        purchase.state, purchase.all_back = "cancelled", True

    def _unhold(self, purchase: Purchase) -> None:
        for line in purchase.lines:
            line.ware.reserved -= line.quantity

    # ── Sending ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self._parcels(unsent=True))
    @rule(which=SOME, units=st.sampled_from([9, 1, 2]))
    def send(self, which: int, units: int) -> None:
        purchase, part, parcel = self._pick(self._parcels(unsent=True), which)
        items = {key: min(units, line.unsent) for key, line in parcel.lines.items() if line.unsent}
        told = {"vendor_order_id": part, "vendor_id": None, "carrier": "Swift", "tracking_number": "1", "items": items}
        with serving("order"):
            shipments.ship_items(**told)
        for key, quantity in items.items():
            parcel.lines[key].sent += quantity
        parcel.under_way += 1
        purchase.follow_parcels()
        self._settle()

    @precondition(lambda self: self._parcels(under_way=True))
    @rule(which=SOME)
    def deliver(self, which: int) -> None:
        purchase, part, parcel = self._pick(self._parcels(under_way=True), which)
        with serving("order"):
            for shipment in Shipment.objects.filter(vendor_order=part, status=Shipment.Status.SHIPPED):
                shipments.deliver_shipment(shipment_id=shipment.id, vendor_id=None)
        parcel.under_way = 0
        purchase.follow_parcels()
        self._settle()

    @precondition(lambda self: self._parcels(unsent=True))
    @rule(which=SOME, units=st.integers(1, 3), restock=st.booleans())
    def cannot_send(self, which: int, units: int, restock: bool) -> None:
        purchase, part, parcel = self._pick(self._parcels(unsent=True), which)
        items = {key: min(units, line.unsent) for key, line in parcel.lines.items() if line.unsent}
        gone = {"vendor_order_id": part, "vendor_id": None, "items": items, "restock": restock}
        with serving("order"):
            checkout.cancel_part(**gone, reason="broken")
        for key, quantity in items.items():
            parcel.lines[key].cancelled += quantity
            parcel.lines[key].ware.on_hand += quantity * restock
        parcel.give_back(items, shipping=parcel.state == "cancelled")
        purchase.follow_parcels()
        self._settle()

    # ── Giving back ──────────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.orders)
    @rule(which=SOME, line=SOME, units=st.integers(1, 3), end=st.sampled_from(["receive", "write off", "reject"]))
    def send_back(self, which: int, line: int, units: int, end: str) -> None:
        delivered = [one for one, _part, parcel in self._parcels() if parcel.state == "delivered"]
        purchase = self._pick(delivered or self.orders, which)
        parcel, key, bought = self._pick(
            [(parcel, key, one) for parcel in purchase.parcels.values() for key, one in parcel.lines.items()], line
        )
        may = purchase.is_paid and parcel.state == "delivered" and bought.asked_back + units <= bought.sent
        wanted = [returns.Wanted(key, units, "too bright")]
        asked = self._try(
            None if may else NotReturnable,
            "order",
            lambda: returns.request_return(order_id=purchase.id, wanted=wanted),
        )
        if not asked:
            return
        with serving("order"):
            self._end_return(asked[0], end)
        if end != "reject":
            bought.asked_back += units
            bought.came_back += units
            bought.ware.on_hand += units * (end == "receive")
            parcel.give_back({key: units})
            purchase.follow_parcels()
        self._settle()

    def _end_return(self, asked: Return, end: str) -> None:
        if end == "reject":
            returns.reject_return(return_id=asked.id, vendor_id=None, reason="worn")
        else:
            returns.approve_return(return_id=asked.id, vendor_id=None)
            returns.receive_return(return_id=asked.id, vendor_id=None, restock=end == "receive")

    @precondition(lambda self: self._parcels(refundable=True))
    @rule(which=SOME, part_of=st.integers(1, 4))
    def an_admin_refunds(self, which: int, part_of: int) -> None:
        purchase, part, parcel = self._pick(self._parcels(refundable=True), which)
        amount = max((parcel.total - parcel.back) // part_of, 1)
        with serving("order"):
            refunds.refund_part(order_id=purchase.id, amount=self._money(amount), reason="sorry", vendor_order_id=part)
        parcel.back += amount
        self._settle()

    # ── What must hold after every step ──────────────────────────────────────────────────────────────────────────────

    @invariant()
    def stock_is_as_on_paper(self) -> None:
        for ware in self.wares.values():
            item = StockItem.objects.get(variant=ware.id)
            assert (item.on_hand, item.reserved) == (ware.on_hand, ware.reserved)

    @invariant()
    def carts_are_as_on_paper(self) -> None:
        for buyer in (0, 1):
            with serving("cart"):
                shown = cart_queries.shown(cart_queries.cart(self.owners[buyer]))
            by_id = {ware.id: n for n, ware in self.wares.items()}
            assert {by_id[item.offer.variant_id]: item.quantity for item in shown.items} == self.carts[buyer]
            worth = sum(self.wares[n].price * quantity for n, quantity in self.carts[buyer].items())
            assert shown.subtotal == self._money(worth)

    @invariant()
    def orders_and_their_money_are_as_on_paper(self) -> None:
        rows = Order.objects.in_bulk([purchase.id for purchase in self.orders])
        for purchase in self.orders:
            row = rows[purchase.id]
            assert (row.status, row.total, row.needs_attention) == (purchase.state, purchase.total, "")
            payment = Payment.objects.filter(order_id=row.id).first()
            taken = payment.minor - payment.refunded if payment and payment.status == "taken" else 0
            assert taken == purchase.kept
            if purchase.is_paid and not purchase.all_back:
                told = dict(VendorOrder.objects.filter(order=row).values_list("id", "status"))
                assert told == {part: parcel.state for part, parcel in purchase.parcels.items()}

    @invariant()
    def books_balance(self) -> None:
        assert self.world.dead == []
        assert Posting.objects.aggregate(sum=Sum("minor"))["sum"] in (0, None)
        assert not Refund.objects.exclude(status="done").exists()

    def teardown(self) -> None:
        """The whole story, as the auditor sees it."""
        check_consistency()


@pytest.fixture(autouse=True)
def _carts(monkeypatch: pytest.MonkeyPatch) -> None:
    """order asks cart with cart's own answer, over JSON, only not over a socket."""

    def call(_service: str, _url: str, _method: str, _path: str, params: dict[str, str]) -> httpx.Response:
        with serving("cart"):
            stored = cart_queries.cart(carts.of_user(UUID(params["user_id"])))
            body = JSONRenderer().render(InternalCartShape(cart_queries.shown(stored)).data)
        return httpx.Response(200, json=json.loads(body), request=httpx.Request("GET", "http://cart"))

    monkeypatch.setattr(clients, "call", call)


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_a_shop_is_as_on_paper(currency: str, settings: Any) -> None:
    settings.CART_CURRENCY = settings.DEFAULT_CURRENCY = currency
    machine = type("Shop", (Shop,), {"currency": currency})

    run_state_machine_as_test(machine, settings=CALM, _min_steps=STEPS)


CALM = settings(
    max_examples=STORIES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize="NEXUS_STORIES" not in os.environ,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # a story that fails is told whole: to shorten it takes minutes
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
