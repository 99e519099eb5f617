"""From where a hold takes its stock, and to where that goes back. Whoever asks holds the locks of the stock rows."""

from collections import Counter
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.models import F, UUIDField, Value

from catalog_service.models import Location, ReservationLine, ReservationPlace, StockItem, StockLevel, Variant
from catalog_service.models.locations import Place

Turn = tuple[int, UUID]


def take(order_id: UUID, wanted: Mapping[UUID, int], stock: Mapping[UUID, StockItem]) -> Counter[Place]:
    """Where to take from what is available, written down with the reservation where it is not the default location."""
    spread = {i for i in wanted if stock[i].elsewhere_on_hand}
    taken = Counter({Place(i): quantity for i, quantity in wanted.items() if i not in spread})
    supplies = _supplies(spread, stock) if spread else {}
    for variant_id in sorted(spread):
        left = wanted[variant_id]
        for _turn, place, available in sorted(supplies[variant_id]):
            if left and available:
                taken[place] = min(left, available)
                left -= taken[place]
    _write(order_id, taken)
    return taken


def _supplies(ids: Collection[UUID], stock: Mapping[UUID, StockItem]) -> dict[UUID, list[tuple[Turn, Place, int]]]:
    """Where each of these variants lies, when it is that place's turn, and how many may be taken there."""
    owners = dict(Variant.objects.filter(id__in=ids).values_list("id", "vendor_id"))
    turns = {row.id: row.turn for row in Location.objects.filter(id__in=set(owners.values()))}
    supplies = {}
    for i in ids:
        here = stock[i].here
        supplies[i] = [(turns.get(owners[i], (0, owners[i])), Place(i), here.on_hand - here.reserved)]
    for level in StockLevel.objects.filter(variant__in=ids, on_hand__gt=F("reserved")).select_related("location"):
        place = Place(level.variant_id, level.location_id)
        supplies[level.variant_id].append((level.location.turn, place, level.available))
    return supplies


def _write(order_id: UUID, taken: Mapping[Place, int]) -> None:
    rows = [
        ReservationPlace(reservation_id=order_id, quantity=quantity, **place._asdict())
        for place, quantity in taken.items()
        if place.location_id
    ]
    if rows:
        ReservationPlace.objects.bulk_create(rows)


def let_go(order_id: UUID) -> None:
    """Before the order takes anew: where it had taken from is no longer of interest."""
    ReservationPlace.objects.filter(reservation_id=order_id).delete()


def held_by(order_ids: Collection[UUID]) -> Counter[Place]:
    """What these orders hold, or were sold: their lines, less what was taken elsewhere, lie at the default location."""
    lines = ReservationLine.objects.filter(reservation__in=order_ids).annotate(location_id=Value(None, UUIDField()))
    places = ReservationPlace.objects.filter(reservation__in=order_ids)
    columns = ("variant_id", "location_id", "quantity")
    held = Counter[Place]()
    for variant_id, location_id, quantity in lines.values_list(*columns).union(places.values_list(*columns), all=True):
        held[Place(variant_id, location_id)] += quantity
        if location_id:
            held[Place(variant_id)] -= quantity
    return +held


def give_back_to(sold: Counter[Place]) -> Counter[Place]:
    """Where sold goods go back to: where they came from, or the default location where that is no more."""
    kept = Location.objects.receiving(place.location_id for place in sold)
    back = Counter[Place]()
    for place, quantity in sold.items():
        back[place if place.location_id in kept else Place(place.variant_id)] += quantity
    return back
