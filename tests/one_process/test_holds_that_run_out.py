"""Holds run out in the same second in which their buyers pay, and others want what is given back.

All services' real code, on a clock that is played: latencies, the order of messages and the moments of sweeps come from
a seed, so that a run can be repeated and nobody waits. Time to pay, hold and payment end within a second of each other,
in every order. All of T18: NEXUS_TRIALS=500. Seeds: NEXUS_SEEDS=7.
"""

import heapq
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone
from market import ADDRESS, check_money, line_of, open_market
from world import JOBS, World, serving

from catalog_service.actions.inventory import Adjustment, adjust_stock
from catalog_service.actions.reservations import expire_holds
from catalog_service.models import Reservation, StockItem, Variant
from catalog_service.queries.books import broken_rules
from order_service import checkout
from order_service.actions.orders import Placing
from order_service.clients import Cart
from order_service.models import Order
from order_service.queries.quotes import quote
from payment_service.actions import simulator
from payment_service.errors import IllegalMove
from payment_service.models import Payment, SimulatedCharge
from shared.context import new_id
from shared.contracts.catalog import CommitFailed, StockReleased
from shared.models import OutboxMessage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]
TRIALS = int(os.environ.get("NEXUS_TRIALS", "40"))
SEEDS = [int(seed) for seed in os.environ.get("NEXUS_SEEDS", "1").split(",")]
TO_PAY, STOCK_ANSWER = 20.0, 1.0
END = STOCK_ANSWER + TO_PAY
"""Seconds after an order was placed at which its hold ends, give or take its margin."""


@dataclass
class Played(World):
    """A world whose messages and jobs have their moments."""

    begun: datetime = field(default_factory=timezone.now)
    moment: float = 0.0
    agenda: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    numbers: Any = field(default_factory=count)

    def now(self) -> datetime:
        return self.begun + timedelta(seconds=self.moment)

    def at(self, moment: float, act: Callable[[], object]) -> None:
        heapq.heappush(self.agenda, (max(moment, self.moment), next(self.numbers), act))

    def collect(self) -> None:
        super().collect()
        posts, self.posts = self.posts, []
        for post in posts:
            self.at(self.moment + self.chance.uniform(0.01, 0.6), lambda post=post: self.hand_over(post))

    def hand_over(self, post: Any) -> None:
        self.posts = [post]
        self.deliver()

    def every_second(self, short: str, job: Callable[[], object], until: float) -> None:
        """As a service's clock does it, beginning at a moment of its own."""

        def run() -> None:
            with serving(short):
                job()
            self.collect()
            if self.moment < until:
                self.at(self.moment + 1, run)

        self.at(self.chance.random(), run)

    def play(self) -> None:
        while self.agenda:
            self.moment, _number, act = heapq.heappop(self.agenda)
            act()

    def settle(self) -> None:
        """Before the day begins."""
        self.play()

    def come_to_rest(self) -> None:
        """Whatever waits for its next try has waited long enough, again and again, until nothing comes of it."""
        quiet = 0
        while quiet < 3:
            self.moment += 60
            self.let_time_pass()
            for short, job in OTHER_JOBS:
                with serving(short):
                    job()
            self.collect()
            busy = self.tick() or self.agenda
            self.play()
            quiet = 0 if busy else quiet + 1


ALL_ENDS = {"goods", "goods, though the hold had ended", "nothing for nothing", "money back", "money back: all sold"}
OTHER_JOBS: tuple[tuple[str, Callable[[], object]], ...] = (
    ("catalog", expire_holds),
    ("order", checkout.sweep_deadlines),
)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_pays_as_the_hold_ends_gets_the_goods_or_the_money_back(
    seed: int, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    world = Played(seed, disorder=0.3)
    monkeypatch.setattr(timezone, "now", world.now)
    settings.STOCK_ANSWER_WITHIN, settings.PAYMENT_WITHIN = timedelta(seconds=STOCK_ANSWER), timedelta(seconds=TO_PAY)
    variant = open_market(world)[0]
    stock(variant, TRIALS)
    start = world.moment + 1

    for number in range(TRIALS):
        world.at(start + world.chance.uniform(0, 0.5), lambda number=number: a_buyer_who_waits(world, variant, number))
    for number in range(TRIALS * 3 // 2):
        moment = start + END + world.chance.uniform(-3, 1)
        world.at(moment, lambda number=number: place(world, variant, f"vulture-{number}@example.com", "ok"))
    for short, job in (*OTHER_JOBS, *[("payment", job) for job in JOBS]):
        world.every_second(short, job, start + END + 10)
    world.play()
    world.come_to_rest()

    ends = Counter(an_end(row) for row in Order.objects.filter(email__startswith="buyer-"))
    print(f"\nseed {seed}: {dict(ends)}")
    assert world.dead == []
    assert ends.keys() == ALL_ENDS, "not in agreement, or the moments never met"
    check_money()
    check_the_shelf(variant)


def stock(variant: Variant, units: int) -> None:
    adjustment = Adjustment(variant.sku, on_hand=units, vendor_id=variant.vendor_id)
    with serving("catalog"):
        adjust_stock(adjustment=adjustment, reason="", actor_id=new_id())


def a_buyer_who_waits(world: Played, variant: Variant, number: int) -> None:
    """Holds one, and pays on the provider's page within a second of the hold's end, if the page still lets them."""
    margin = world.chance.uniform(-3, 0.5)
    placed = place(world, variant, f"buyer-{number}@example.com", "requires_action", margin)
    world.at(world.moment + END + margin + world.chance.uniform(-1, 1), lambda: pay(world, placed))


def place(world: Played, variant: Variant, email: str, token: str, margin: float = 60.0) -> Order:
    """`margin`: how many seconds the hold outlives the time to pay."""
    cart = Cart(str(new_id()), "USD", None, (line_of(variant, 1),))
    placing = Placing(None, email, "Ada", cart.id, ADDRESS, ADDRESS, "simulator", token)
    with serving("order"), override_settings(HOLD_MARGIN=timedelta(seconds=margin)):
        quoted = quote(cart=cart, country="GB", method=None, coupon_code=None, buyer_key=email)
        placed = checkout.place_order(cart=cart, quote=quoted, placing=placing, expected_total=None)
    world.collect()
    return placed


def pay(world: Played, order: Order) -> None:
    charge = SimulatedCharge.objects.filter(key=str(order.payment_id)).first()
    if charge:
        with serving("payment"), suppress(IllegalMove):
            simulator.decide(charge_id=charge.id, pays=True)
        world.collect()


# ── What must hold afterwards ────────────────────────────────────────────────────────────────────────────────────────


def an_end(order: Order) -> str:
    payment = Payment.objects.filter(order_id=order.id).first()
    paid = payment.minor if payment and payment.status == "taken" else 0
    kept = paid - (payment.refunded if payment else 0)
    if order.status == "confirmed" and kept == order.total:
        late = OutboxMessage.objects.filter(type=StockReleased.type, subject=str(order.id)).exists()
        return "goods, though the hold had ended" if late else "goods"
    if order.status == "cancelled" and kept == 0:
        failed = OutboxMessage.objects.filter(type=CommitFailed.type, subject=str(order.id)).exists()
        return ("money back: all sold" if failed else "money back") if paid else "nothing for nothing"
    return f"{order.status}, of {paid} paid {kept} kept"


def check_the_shelf(variant: Variant) -> None:
    """Each unit is sold to one order that stands, or there; nothing is held any more."""
    sold = Order.objects.filter(status="confirmed").count()
    item = StockItem.objects.get(variant=variant)
    assert (item.on_hand, item.reserved) == (TRIALS - sold, 0)
    assert broken_rules() == []
    assert Reservation.objects.filter(status="committed").count() == sold
    assert not Reservation.objects.filter(status="held").exists()
