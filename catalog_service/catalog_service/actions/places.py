"""From where a hold takes its stock, and to where that goes back. Whoever asks holds the locks of the stock rows."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, UUIDField, Value

from catalog_service.models import Location, ReservationLine, ReservationPlace, StockItem, StockLevel, Variant
from catalog_service.models.locations import Place

Turn = tuple[int, UUID]


@dataclass(slots=True)
class Supply:
    """What of a variant may be taken at a place."""

    turn: Turn
    place: Place
    available: int


def supplies_of(stock: Mapping[UUID, StockItem]) -> dict[UUID, list[Supply]]:
    """Where those of these variants lie that lie elsewhere than at the default location, in the order of the places."""
    spread = {i for i, row in stock.items() if row.elsewhere_on_hand}
    if not spread:
        return {}
    owners = dict(Variant.objects.filter(id__in=spread).values_list("id", "vendor_id"))
    turns = {row.id: row.turn for row in Location.objects.filter(id__in=set(owners.values()))}
    supplies = {i: [Supply(turns.get(owners[i], (0, owners[i])), Place(i), stock[i].available_here)] for i in spread}
    for level in StockLevel.objects.filter(variant__in=spread, on_hand__gt=F("reserved")).select_related("location"):
        place = Place(level.variant_id, level.location_id)
        supplies[level.variant_id].append(Supply(level.location.turn, place, level.available))
    return {i: sorted(found, key=lambda one: one.turn) for i, found in supplies.items()}


def take(wanted: Mapping[UUID, int], supplies: Mapping[UUID, list[Supply]]) -> Counter[Place]:
    """Where to take from what is available; who takes next from the same supplies finds less."""
    taken = Counter({Place(i): quantity for i, quantity in wanted.items() if i not in supplies})
    for variant_id in sorted(wanted.keys() & supplies.keys()):
        left = wanted[variant_id]
        for supply in supplies[variant_id]:
            if part := min(left, supply.available):
                taken[supply.place] = part
                supply.available -= part
                left -= part
    return taken


def write_down(taken: Mapping[UUID, Mapping[Place, int]]) -> None:
    """With each order's reservation, what it takes from a location that is not the default one."""
    rows = [
        ReservationPlace(reservation_id=order_id, quantity=quantity, **place._asdict())
        for order_id, places in taken.items()
        for place, quantity in places.items()
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
