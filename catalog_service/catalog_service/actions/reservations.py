"""What becomes of stock that orders hold (holds.py): it is sold, or given back.

    ReserveStock ──▶ held ──OrderConfirmed──▶ committed ──OrderCancelled──▶ released
                      │ ├──ReleaseStock, OrderCancelled──────────────────▶ released
                      │ └──time limit──▶ expired ──OrderConfirmed──▶ committed, or CommitFailed
                      └──not enough, not for sale, too late──▶ rejected

The reservation's row is locked first, then stock rows in key order: nobody who holds a stock row waits for anything
but a later stock row, or after them all a location. Each function here runs in the inbox's transaction, except the
sweep, which has its own. What is given back goes to where it was taken from.
"""

import logging
from collections import Counter
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from catalog_service.actions import offers
from catalog_service.actions.inventory import record, tell_supply
from catalog_service.actions.places import give_back_to, held_by, let_go, supplies_of, take, write_down
from catalog_service.models import DailySales, Movement, Reservation, StockItem
from catalog_service.models.inventory import Level
from catalog_service.models.locations import Change, Place
from shared.contracts.catalog import CommitFailed, ReleaseStock, StockCommitted, StockReleased
from shared.contracts.order import OrderCancelled, OrderConfirmed, ReturnReceived
from shared.errors import Retry
from shared.outbox import publish

log = logging.getLogger("nexus.catalog")
Status = Reservation.Status
SWEEP_BATCH = 100


def release_stock(asked: ReleaseStock) -> None:
    """Give back what is held, or was sold. A ReserveStock that comes later finds the row, and is refused."""
    give_back(asked.order_id, asked.reason)
    publish(StockReleased(order_id=asked.order_id, reason=asked.reason))


def forget_order(told: OrderCancelled) -> None:
    """As release_stock, for whoever only heard of the cancellation."""
    if give_back(told.order_id, told.reason):
        publish(StockReleased(order_id=told.order_id, reason=told.reason))


def commit_stock(told: OrderConfirmed) -> None:
    """The hold becomes a sale. Answers StockCommitted or CommitFailed. Raises Retry before the hold is known."""
    reservation = Reservation.objects.select_for_update(no_key=True).filter(order_id=told.order_id).first()
    if reservation is None:
        raise Retry(f"nothing is known of order {told.order_id} yet")
    if reservation.status == Status.HELD:
        _sell(reservation, told)
    elif reservation.status == Status.EXPIRED:
        _sell_after_all(reservation, told)
    elif reservation.status == Status.REJECTED:
        publish(CommitFailed(order_id=told.order_id))
    elif reservation.status == Status.RELEASED:
        log.warning("order %s was confirmed after its stock had been given back", told.order_id)


def restock(told: ReturnReceived) -> None:
    """Put what came back and is fit for sale on hand again, at the default location."""
    back = Counter[UUID]()
    for item in told.items:
        if item.restock:
            back[item.variant_id] += item.quantity
    before = StockItem.objects.locked(back)
    returned = {Place(variant_id): back[variant_id] for variant_id in before}
    if returned:
        levels = StockItem.objects.change({place: Change(on_hand=n) for place, n in returned.items()})
        record(levels, returned, kind="return", reference=told.return_id)
        tell_supply(before, levels)
        offers.tell(levels)


def expire_holds() -> int:
    """Give back the stock of holds whose time is up; answers how many there were."""
    expired = 0
    while batch := _expire_batch():
        expired += batch
    return expired


@transaction.atomic
def _expire_batch() -> int:
    due = Reservation.objects.filter(status=Status.HELD, expires_at__lt=timezone.now())
    rows = list(due.order_by("expires_at").select_for_update(skip_locked=True, no_key=True)[:SWEEP_BATCH])
    if rows:
        _unhold([row.order_id for row in rows])
    for row in rows:
        row.end(Status.EXPIRED, "expired")
        publish(StockReleased(order_id=row.order_id, reason="expired"))
    return len(rows)


def give_back(order_id: UUID, reason: str) -> bool:
    """True when there was something to give back. Where there is no row, one is left against a late ReserveStock."""
    if Reservation.open({order_id: None}, Status.RELEASED, reason=reason[:60]):
        return False
    reservation = Reservation.objects.select_for_update(no_key=True).get(order_id=order_id)
    if reservation.status == Status.HELD:
        _unhold([order_id])
    elif reservation.status == Status.COMMITTED:
        _unsell(order_id, reason)
    else:
        return False
    reservation.end(Status.RELEASED, reason)
    return True


def _unhold(order_ids: list[UUID]) -> None:
    held = held_by(order_ids)
    StockItem.objects.locked({place.variant_id for place in held})
    offers.tell(StockItem.objects.change({place: Change(reserved=-n) for place, n in held.items()}))


def _unsell(order_id: UUID, reason: str) -> None:
    sold = held_by([order_id])
    before = StockItem.objects.locked({place.variant_id for place in sold})
    back = give_back_to(sold)
    levels = StockItem.objects.change({place: Change(on_hand=n) for place, n in back.items()})
    sale = Movement.objects.filter(reference=order_id, kind="sale", variant__in=before).first()
    if sale:
        DailySales.objects.take_back(_by_variant(sold), sale.created_at.date())
    record(levels, back, kind="cancellation", reason=reason, reference=order_id)
    tell_supply(before, levels)
    offers.tell(levels)


def _sell(reservation: Reservation, told: OrderConfirmed) -> None:
    """Out of the hold: nothing becomes more or less available."""
    sold = held_by([reservation.order_id])
    before = StockItem.objects.locked({place.variant_id for place in sold})
    _write_sale(reservation, told, sold, before, {place: Change(-n, -n) for place, n in sold.items()})


def _sell_after_all(reservation: Reservation, told: OrderConfirmed) -> None:
    """The hold ran out while the buyer was paying: sell if the shelf still has it all."""
    wanted = _by_variant(held_by([reservation.order_id]))
    stock = StockItem.objects.locked(wanted)
    if any(stock[variant_id].available < quantity for variant_id, quantity in wanted.items()):
        publish(CommitFailed(order_id=reservation.order_id))
        return
    let_go(reservation.order_id)
    sold = take(wanted, supplies_of(stock))
    write_down({reservation.order_id: sold})
    offers.tell(_write_sale(reservation, told, sold, stock, {place: Change(-n) for place, n in sold.items()}))


def _write_sale(
    reservation: Reservation,
    told: OrderConfirmed,
    sold: Counter[Place],
    before: dict[UUID, StockItem],
    changes: dict[Place, Change],
) -> dict[UUID, Level]:
    levels = StockItem.objects.change(changes)
    record(levels, {place: -n for place, n in sold.items()}, kind="sale", reference=reservation.order_id)
    DailySales.objects.add(_by_variant(sold), told.confirmed_at.date())
    reservation.end(Status.COMMITTED, "")
    publish(StockCommitted(order_id=reservation.order_id))
    tell_supply(before, levels)
    return levels


def _by_variant(places: Counter[Place]) -> Counter[UUID]:
    sums = Counter[UUID]()
    for place, quantity in places.items():
        sums[place.variant_id] += quantity
    return sums
