"""What happens to stock at one moment: nothing is sold twice, counted twice or lost, and nobody waits for ever.

The classes of anomalies are those of ACIDRain (Warszawski and Bailis, 2017): lost updates, checks that are no longer
true when acted upon, effects of one request seen half, and one request that is sent many times. Longer:
NEXUS_PARALLEL=50 NEXUS_ROUNDS=100.
"""

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from django.db import connection
from together import in_rounds, run_together

from catalog_service.actions.inventory import Adjustment, adjust_many, adjust_stock
from catalog_service.actions.locations import Carried, close_location, transfer_stock
from catalog_service.actions.vendor_holds import Wanted, hold_stock, release_hold, sell_hold
from catalog_service.errors import AdjustmentsRefused, BelowReserved, HoldEnded, LocationInUse, NotAvailable
from catalog_service.models import Movement, StockItem, StockLevel, Variant, VendorHold
from catalog_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.catalog import StockCommitted, StockRejected, StockReserved
from shared.errors import Invalid, NotFound
from shared.testing import client_as, published
from tests.factories import (
    ask,
    cancelled,
    confirmed,
    hear,
    make_location,
    make_product,
    make_variant,
    make_vendor,
    place_elsewhere,
    release,
)

pytestmark = pytest.mark.django_db(transaction=True)
PARALLEL = int(os.environ.get("NEXUS_PARALLEL", "8"))
ROUNDS = int(os.environ.get("NEXUS_ROUNDS", "2"))
OPPOSITE_ROUNDS = int(os.environ.get("NEXUS_ROUNDS", "200"))
ADMIN = new_id()


@pytest.fixture(autouse=True)
def _books() -> Iterator[None]:
    """Whatever a test does, the books agree afterwards, and there was no deadlock, not even one that was retried."""
    before = deadlocks()
    yield
    assert broken_rules() == []
    assert deadlocks() == before


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def adjust(variant: Variant, **change: int | UUID | None) -> None:
    adjustment = Adjustment(variant.sku, vendor_id=variant.vendor_id, **change)  # type: ignore[arg-type]
    adjust_stock(adjustment=adjustment, reason="", actor_id=ADMIN)


def unless(*refusals: type[Exception]) -> Callable[[Callable[[], object]], Callable[[], object]]:
    def wrap(job: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            with contextlib.suppress(*refusals):  # told so, and nothing was done
                job()

        return run

    return wrap


def counters(variant: Variant) -> tuple[int, int]:
    item = StockItem.objects.get(variant=variant)
    return item.on_hand, item.reserved


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_no_adjustment_is_lost(round_: int) -> None:
    variant = make_variant(stock=10)
    elsewhere = place_elsewhere(variant, 5).id

    errors = run_together(
        lambda n=n: adjust(variant, delta=n % 3 + 1, location_id=elsewhere if n % 2 else None) for n in range(PARALLEL)
    )

    assert errors == []
    assert counters(variant) == (10 + sum(n % 3 + 1 for n in range(PARALLEL)), 0)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_what_was_enough_when_looked_at_is_enough_when_taken(round_: int) -> None:
    """Buyers, an owner who takes away and one who carries elsewhere meet over the same few."""
    variant = make_variant(stock=PARALLEL)
    harbour = place_elsewhere(variant, PARALLEL // 2)
    orders = [ask((variant, 1)) for _time in range(PARALLEL)]
    away = unless(BelowReserved)(lambda: adjust(variant, delta=-PARALLEL // 2))
    lines = [Carried(variant.sku, PARALLEL // 2)]
    ends = {"origin_id": harbour.id, "target_id": variant.vendor_id}
    about = {"lines": lines, "vendor_id": None, "reason": "", "actor_id": ADMIN}
    carry = unless(AdjustmentsRefused)(lambda: transfer_stock(**ends, **about))

    errors = run_together([away, carry, *[lambda asked=asked: hear(asked) for asked in orders]])

    assert errors == []
    on_hand, reserved = counters(variant)
    assert reserved == len(published(StockReserved)) <= on_hand
    assert len(published(StockReserved)) + len(published(StockRejected)) == PARALLEL
    assert on_hand in (PARALLEL, PARALLEL - PARALLEL // 2)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_the_counter_and_the_market_do_not_sell_the_same_one(round_: int) -> None:
    variant = make_variant(stock=PARALLEL)
    harbour = place_elsewhere(variant, PARALLEL // 2)
    orders = [ask((variant, 1)) for _time in range(PARALLEL)]
    wanted = [
        Wanted(variant.sku, 1, location_id=harbour.id if n % 2 else None, vendor_id=variant.vendor_id)
        for n in range(PARALLEL)
    ]
    at_the_counter = [unless(NotAvailable)(lambda one=one: hold_stock(wanted=one, actor_id=ADMIN)) for one in wanted]

    errors = run_together([*at_the_counter, *[lambda asked=asked: hear(asked) for asked in orders]])

    assert errors == []
    assert VendorHold.objects.count() + len(published(StockReserved)) == PARALLEL
    assert counters(variant) == (PARALLEL, PARALLEL)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_many_who_end_a_hold_one_does(round_: int) -> None:
    variant = make_variant(stock=5)
    hold = hold_stock(wanted=Wanted(variant.sku, 2, vendor_id=variant.vendor_id), actor_id=ADMIN)
    about = {"hold_id": hold.id, "vendor_id": variant.vendor_id}
    sell = unless(HoldEnded)(lambda: sell_hold(**about, actor_id=ADMIN))
    release_it = unless(HoldEnded)(lambda: release_hold(**about))

    errors = run_together([sell, release_it] * (PARALLEL // 2))

    assert errors == []
    hold.refresh_from_db()
    assert counters(variant) == {"sold": (3, 0), "released": (5, 0)}[hold.status]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_count_and_sales_at_the_same_moment_both_stand(round_: int) -> None:
    variant = make_variant(stock=100)
    orders = [ask((variant, 1)) for _time in range(PARALLEL)]
    for asked in orders:
        hear(asked)

    errors = run_together(
        [lambda: adjust(variant, on_hand=60), *[lambda a=asked: hear(confirmed(a.order_id)) for asked in orders]]
    )

    assert errors == []
    on_hand, reserved = counters(variant)
    sold_after = 60 - on_hand
    assert reserved == 0
    assert 0 <= sold_after <= PARALLEL
    assert len(published(StockCommitted)) == PARALLEL


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_list_of_adjustments_is_seen_whole_or_not_at_all(round_: int) -> None:
    """Lists that move one from a variant to the other: whoever looks always finds the same sum."""
    one, other = make_variant(stock=50), make_variant(stock=50)
    seen: set[int] = set()

    def move(giver: Variant, taker: Variant) -> None:
        lines = [Adjustment(giver.sku, delta=-1), Adjustment(taker.sku, delta=1)]
        adjust_many(adjustments=lines, reason="", actor_id=ADMIN)

    def look() -> None:
        for _time in range(5):
            seen.add(sum(StockItem.objects.filter(variant__in=[one, other]).values_list("on_hand", flat=True)))

    pairs = [(one, other), (other, one)] * (PARALLEL // 2)
    errors = run_together([look, *[lambda pair=pair: move(*pair) for pair in pairs]])

    assert errors == []
    assert seen == {100}
    assert counters(one) == counters(other) == (50, 0)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_order_told_many_times_at_once_is_one_order(round_: int) -> None:
    variant = make_variant(stock=50)
    asked = ask((variant, 3))

    assert run_together([lambda: hear(asked)] * PARALLEL) == []
    assert counters(variant) == (50, 3)
    assert run_together([lambda: hear(confirmed(asked.order_id))] * PARALLEL) == []
    assert counters(variant) == (47, 0)
    messages = [cancelled(asked.order_id), release(asked.order_id)] * (PARALLEL // 2)
    assert run_together([lambda message=message: hear(message) for message in messages]) == []
    assert counters(variant) == (50, 0)
    assert Movement.objects.filter(variant=variant).count() == 3


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_adjustment_sent_many_times_at_once_is_one_adjustment(round_: int) -> None:
    variant = make_variant(stock=10)
    client = client_as("vendor", vendor_id=variant.vendor_id)
    answers: list[int] = []

    def send() -> None:
        url, key = f"/api/v1/inventory/{variant.sku}/adjustments", {"HTTP_IDEMPOTENCY_KEY": str(variant.id)}
        answers.append(client.post(url, {"delta": 5}, **key).status_code)

    assert run_together([send] * PARALLEL) == []

    assert counters(variant) == (15, 0)
    assert 201 in answers
    assert set(answers) <= {201, 409}


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_nothing_is_left_at_a_location_that_closes_while_goods_arrive(round_: int) -> None:
    variant = make_variant(stock=10)
    harbour = make_location(variant.vendor_id)
    arrive = unless(Invalid)(lambda: adjust(variant, delta=3, location_id=harbour.id))
    close = unless(LocationInUse, NotFound)(lambda: close_location(location_id=harbour.id, vendor_id=None))

    assert run_together([arrive, close] * 2) == []

    harbour.refresh_from_db()
    there = sum(StockLevel.objects.filter(location=harbour).values_list("on_hand", flat=True))
    assert there == 0 or harbour.archived_at is None


def test_baskets_of_the_same_things_in_opposite_order_never_deadlock() -> None:
    one, other = make_variant(stock=2 * OPPOSITE_ROUNDS), make_variant(stock=2 * OPPOSITE_ROUNDS)

    def shop(*lines: tuple[Variant, int]) -> None:
        hear(ask(*lines))

    errors = in_rounds(OPPOSITE_ROUNDS, lambda _n: shop((one, 1), (other, 1)), lambda _n: shop((other, 1), (one, 1)))

    assert errors == []
    assert counters(one) == counters(other) == (2 * OPPOSITE_ROUNDS, 2 * OPPOSITE_ROUNDS)


def test_baskets_lists_and_transfers_in_opposite_order_never_deadlock() -> None:
    """Orders that are bought and cancelled, adjustments and transfers, each naming the same things from either end."""
    rounds, vendor = max(OPPOSITE_ROUNDS // 8, 10), make_vendor()
    things = [make_product(vendor=vendor, stock=10 * rounds).variants.get() for _time in range(3)]
    harbour = make_location(vendor.id, "Harbour")
    for thing in things:
        place_elsewhere(thing, rounds, harbour)

    def buy(number: int, order: list[Variant]) -> None:
        asked = ask(*[(thing, 1) for thing in order])
        hear(asked)
        if number % 2:
            hear(confirmed(asked.order_id))
        hear(cancelled(asked.order_id))

    def carry(number: int, order: list[Variant]) -> None:
        ends = (vendor.id, harbour.id) if number % 2 else (harbour.id, vendor.id)
        lines = [Carried(thing.sku, 1) for thing in order]
        transfer_stock(
            origin_id=ends[0], target_id=ends[1], lines=lines, vendor_id=vendor.id, reason="", actor_id=ADMIN
        )

    def count(number: int, order: list[Variant]) -> None:
        places = (None, harbour.id) if number % 2 else (harbour.id, None)
        lines = [Adjustment(thing.sku, delta=1, location_id=place) for thing in order for place in places]
        adjust_many(adjustments=lines, reason="", actor_id=ADMIN)

    turns = [
        lambda number, act=act, order=order: act(number, order)
        for act in (buy, carry, count)
        for order in (things, things[::-1])
    ]
    assert in_rounds(rounds, *turns) == []
    assert [counters(thing) for thing in things] == [(10 * rounds + 4 * rounds, 0)] * 3


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_storm_over_several_locations_keeps_the_books(round_: int) -> None:
    """Seeds: NEXUS_SEED=7."""
    seed = int(os.environ.get("NEXUS_SEED", "1")) + round_
    vendor = make_vendor()
    things = [make_product(vendor=vendor, stock=12).variants.get() for _time in range(2)]
    places = [vendor.id, make_location(vendor.id, "Harbour", 0).id, make_location(vendor.id, "Barn", 2).id]
    steps = [a_step(random.Random(f"{seed} {n}"), things, places) for n in range(6 * PARALLEL)]

    def several(number: int) -> None:
        for step in steps[number::PARALLEL]:
            unless(AdjustmentsRefused, BelowReserved)(step)()

    assert run_together([lambda number=number: several(number) for number in range(PARALLEL)]) == []

    for thing in things:
        on_hand, reserved = counters(thing)
        assert 0 <= reserved <= on_hand


def a_step(dice: random.Random, things: list[Variant], places: list[UUID]) -> Callable[[], object]:
    thing, ends = dice.choice(things), dice.sample(places, 2)
    lines = [(one, dice.randint(1, 4)) for one in dice.sample(things, dice.randint(1, 2))]
    ends_of_it = dice.sample([confirmed, cancelled, release], dice.randint(0, 2))
    carried, added = [Carried(thing.sku, dice.randint(1, 5))], dice.randint(-4, 4)
    about = {"vendor_id": thing.vendor_id, "reason": "", "actor_id": ADMIN}

    def order() -> None:
        asked = ask(*lines)
        for message in (asked, *[end(asked.order_id) for end in ends_of_it]):
            hear(message)

    def carry() -> None:
        transfer_stock(origin_id=ends[0], target_id=ends[1], lines=carried, **about)

    return dice.choice([order, order, order, carry, lambda: adjust(thing, delta=added, location_id=ends[0])])
