"""A vendor does not send some of an order that was sold: the order holds less, and what is fit for sale is back."""

from collections import Counter
from uuid import UUID

from catalog_service.actions import offers
from catalog_service.actions.inventory import record, tell_supply
from catalog_service.actions.places import give_back_to
from catalog_service.models import DailySales, Movement, Reservation, ReservationLine, ReservationPlace, StockItem
from catalog_service.models.locations import Change, Place
from shared.contracts.order import VendorOrderCancelled
from shared.errors import Retry

Status = Reservation.Status


def give_back_part(told: VendorOrderCancelled) -> None:
    """Raises Retry before the sale is known. When all of the order was given back meanwhile, there is nothing to do. Of
    a hold that ran out, less is sold should the order's confirmation come only now.
    """
    reservation = Reservation.objects.select_for_update(no_key=True).filter(order_id=told.order_id).first()
    if reservation is None or reservation.status == Status.HELD:
        raise Retry(f"order {told.order_id} is not sold yet")
    if reservation.status == Status.EXPIRED:
        _take_off(told)
    if reservation.status != Status.COMMITTED:
        return
    gone, fit = Counter[UUID](), Counter[UUID]()
    for item in told.items:
        gone[item.variant_id] += item.quantity
        fit[item.variant_id] += item.quantity if item.restock else 0
    before = StockItem.objects.locked(gone)
    places = _take_off(told)
    _put_back(told, _fit_for_sale(places, fit), before)
    sale = Movement.objects.filter(reference=told.order_id, kind="sale", variant__in=before).first()
    if sale:
        DailySales.objects.take_back(gone, sale.created_at.date())


def _take_off(told: VendorOrderCancelled) -> Counter[Place]:
    """Off the reservation's lines and places; answers from where it had been taken."""
    wanted = {str(item.line_id): item.quantity for item in told.items}
    gone = Counter[Place]()
    for line in ReservationLine.objects.filter(reservation_id=told.order_id).order_by("id"):
        quantity = wanted.get(str(line.snapshot.get("line_id")), 0)
        if quantity:
            _lessen(line, quantity)
            gone += _off_places(told.order_id, line.variant_id, quantity)
    return gone


def _off_places(order_id: UUID, variant_id: UUID, quantity: int) -> Counter[Place]:
    """First off the other locations, whose stock is named; the rest is the default one's."""
    gone, left = Counter[Place](), quantity
    places = ReservationPlace.objects.filter(reservation_id=order_id, variant_id=variant_id)
    for row in places.order_by("location_id"):
        taken = min(row.quantity, left)
        if taken:
            gone[Place(variant_id, row.location_id)] += taken
            left -= taken
            _lessen(row, taken)
    if left:
        gone[Place(variant_id)] += left
    return gone


def _lessen(row: ReservationLine | ReservationPlace, quantity: int) -> None:
    row.quantity -= quantity
    if row.quantity > 0:
        row.save(update_fields=["quantity"])
    else:
        row.delete()


def _fit_for_sale(places: Counter[Place], fit: Counter[UUID]) -> Counter[Place]:
    left, chosen = Counter(fit), Counter[Place]()
    for place, quantity in places.items():
        chosen[place] = min(quantity, left[place.variant_id])
        left[place.variant_id] -= chosen[place]
    return +chosen


def _put_back(told: VendorOrderCancelled, fit: Counter[Place], before: dict[UUID, StockItem]) -> None:
    back = give_back_to(fit)
    if back:
        levels = StockItem.objects.change({place: Change(on_hand=n) for place, n in back.items()})
        record(levels, back, kind="cancellation", reason=told.reason[:60], reference=told.order_id)
        tell_supply(before, levels)
        offers.tell(levels)
