"""What becomes of held stock: sold, given back exactly once, or at an end with its time."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from factories import BUYER, ask, cancelled, confirmed, hear, make_product, make_variant, release, vendor_changed
from ledger import levels
from together import run_together

from catalog_service.actions.reservations import expire_holds
from catalog_service.models import Movement, Reservation, StockItem, Vendor
from shared.context import new_id
from shared.contracts.catalog import (
    CommitFailed,
    OfferChanged,
    StockCameBack,
    StockCommitted,
    StockRanLow,
    StockReleased,
)
from shared.contracts.order import ReturnedItem, ReturnReceived
from shared.errors import Retry
from shared.models import OutboxMessage
from shared.testing import published

pytestmark = pytest.mark.django_db


def test_release_gives_back_once_however_often_it_is_told() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)

    hear(release(asked.order_id))
    hear(release(asked.order_id))
    hear(cancelled(asked.order_id))

    assert levels(variant) == (10, 0)
    assert {told.reason for told in published(StockReleased)} == {"payment_declined"}


def test_a_confirmed_order_becomes_a_sale() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    before = len(published(OfferChanged))

    hear(confirmed(asked.order_id))
    hear(confirmed(asked.order_id))

    assert levels(variant) == (7, 0)
    assert [told.order_id for told in published(StockCommitted)] == [asked.order_id]
    assert Movement.objects.filter(variant=variant, kind="sale", reference=asked.order_id).count() == 1
    assert len(published(OfferChanged)) == before, "nothing became more or less available"
    assert published(OfferChanged)[-1].version == StockItem.objects.get(variant=variant).version


def test_a_sold_order_that_is_cancelled_puts_its_stock_back() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    hear(confirmed(asked.order_id))

    hear(cancelled(asked.order_id))
    hear(release(asked.order_id))

    assert levels(variant) == (10, 0)
    assert Reservation.objects.get(order_id=asked.order_id).status == "released"


def test_a_cancellation_overtaking_its_confirmation_leaves_the_stock_whole() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)

    hear(cancelled(asked.order_id))
    hear(confirmed(asked.order_id))

    assert levels(variant) == (10, 0)
    assert published(StockCommitted) == []
    assert published(CommitFailed) == []


def test_a_confirmation_before_the_hold_waits() -> None:
    with pytest.raises(Retry):
        hear(confirmed(new_id()))


def let_time_run_out(order_id: UUID) -> None:
    Reservation.objects.filter(order_id=order_id).update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_holds()


def test_holds_end_with_their_time() -> None:
    variant = make_variant(stock=10)
    late, good = ask((variant, 3)), ask((variant, 2))
    hear(late)
    hear(good)

    let_time_run_out(late.order_id)
    expire_holds()

    assert levels(variant) == (10, 2)
    assert [(told.order_id, told.reason) for told in published(StockReleased)] == [(late.order_id, "expired")]


def test_an_order_confirmed_after_its_hold_ended_takes_the_stock_again() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    let_time_run_out(asked.order_id)

    hear(confirmed(asked.order_id))

    assert levels(variant) == (7, 0)
    assert len(published(StockCommitted)) == 1
    assert published(OfferChanged)[-1].available == 7


def test_an_order_confirmed_after_its_stock_went_to_another_fails() -> None:
    variant = make_variant(stock=3)
    slow, quick = ask((variant, 3)), ask((variant, 1))
    hear(slow)
    let_time_run_out(slow.order_id)
    hear(quick)

    hear(confirmed(slow.order_id))

    assert [told.order_id for told in published(CommitFailed)] == [slow.order_id]
    assert published(StockCommitted) == []
    assert levels(variant) == (3, 1)


def test_returned_goods_fit_for_sale_are_on_hand_again() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    hear(confirmed(asked.order_id))
    items = (
        ReturnedItem(variant_id=variant.id, quantity=2),
        ReturnedItem(variant_id=variant.id, quantity=1, restock=False),
        ReturnedItem(variant_id=new_id(), quantity=1),
    )
    back = ReturnReceived(
        order_id=asked.order_id, number="N-1", buyer=BUYER, return_id=new_id(), vendor_id=variant.vendor_id, items=items
    )

    hear(back)

    assert levels(variant) == (9, 0)
    assert Movement.objects.get(variant=variant, kind="return").reference == back.return_id
    assert published(OfferChanged)[-1].available == 9


def test_a_return_comes_back_in_parts() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    hear(confirmed(asked.order_id))
    about = {"order_id": asked.order_id, "number": "N-1", "buyer": BUYER, "vendor_id": variant.vendor_id}
    back = ReturnReceived(return_id=new_id(), items=(ReturnedItem(variant_id=variant.id, quantity=1),), **about)

    hear(back)
    hear(back)

    assert levels(variant) == (9, 0)


def test_what_comes_back_after_the_last_was_sold_is_told() -> None:
    variant = make_variant(stock=1)
    asked = ask((variant, 1))
    hear(asked)
    hear(confirmed(asked.order_id))
    items = (ReturnedItem(variant_id=variant.id, quantity=1),)
    about = {"order_id": asked.order_id, "number": "N-1", "buyer": BUYER, "vendor_id": variant.vendor_id}

    hear(ReturnReceived(return_id=new_id(), items=items, **about))

    assert [told.variant_id for told in published(StockCameBack)] == [variant.id]


def test_low_stock_is_told_once_on_the_way_down() -> None:
    variant = make_variant(stock=7)
    first, second = ask((variant, 2)), ask((variant, 1))
    for asked in (first, second):
        hear(asked)
        hear(confirmed(asked.order_id))

    (told,) = published(StockRanLow)
    assert (told.variant_id, told.sku) == (variant.id, variant.sku)


@pytest.mark.django_db(transaction=True)
def test_reserve_and_release_at_the_same_moment_never_leave_a_hold() -> None:
    variant = make_variant(stock=50)
    orders = [ask((variant, 1)) for _ in range(10)]

    errors = run_together(
        [lambda message=message: hear(message) for asked in orders for message in (asked, release(asked.order_id))]
    )

    assert errors == []
    assert levels(variant) == (50, 0)


@pytest.mark.django_db(transaction=True)
def test_an_order_given_up_in_three_ways_at_once_is_given_back_once() -> None:
    variant = make_variant(stock=50)
    kept = ask((variant, 20))
    orders = [ask((variant, 1)) for _ in range(6)]
    for asked in (kept, *orders):
        hear(asked)
    ids = [asked.order_id for asked in orders]
    Reservation.objects.filter(order_id__in=ids).update(expires_at=timezone.now() - timedelta(seconds=1))
    messages = [message for order_id in ids for message in (release(order_id), cancelled(order_id))]

    errors = run_together(
        [expire_holds, expire_holds, *[lambda message=message: hear(message) for message in messages]]
    )

    assert errors == []
    assert levels(variant) == (50, 20)


@pytest.mark.django_db(transaction=True)
def test_expiry_racing_confirmation_sells_or_fails_but_loses_nothing() -> None:
    variant = make_variant(stock=10)
    orders = [ask((variant, 1)) for _ in range(10)]
    for asked in orders:
        hear(asked)
    Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    errors = run_together(
        [expire_holds, expire_holds, *[lambda asked=asked: hear(confirmed(asked.order_id)) for asked in orders]]
    )

    assert errors == []
    assert levels(variant) == (0, 0)
    assert len(published(StockCommitted)) == 10


@pytest.mark.django_db(transaction=True)
def test_everything_at_once_keeps_the_books() -> None:
    """A seeded storm of orders, cancellations, suspensions and sweeps over three variants."""
    seed = 20261121
    print(f"seed {seed}")
    product = make_product(stock=40)
    variants = [product.variants.get(), make_variant(stock=40), make_variant(stock=40)]
    vendor = Vendor.objects.get()

    def storm(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(8):
            asked = ask(*[(variant, dice.randint(1, 2)) for variant in dice.sample(variants, 2)])
            hear(asked)
            step = dice.choice(["confirm", "cancel", "release", "expire", "vendor"])
            if step == "confirm":
                hear(confirmed(asked.order_id))
            elif step == "cancel":
                hear(cancelled(asked.order_id))
            elif step == "release":
                hear(release(asked.order_id))
            elif step == "expire":
                let_time_run_out(asked.order_id)
            else:
                status = dice.choice(["active", "suspended"])
                hear(vendor_changed(vendor.id, status=status, version=dice.randint(2, 99)))

    errors = run_together([lambda turn=turn: storm(seed + turn) for turn in range(6)])

    assert errors == []
    for variant in variants:
        on_hand, reserved = levels(variant)
        held = sum(
            line.quantity
            for reservation in Reservation.objects.filter(status="held")
            for line in reservation.lines.filter(variant=variant)
        )
        assert 0 <= reserved == held <= on_hand
        last = OutboxMessage.objects.filter(subject=str(variant.id), type=OfferChanged.type).latest("position")
        assert last.envelope["data"]["available"] == on_hand - reserved
