"""Where a vendor's stock lies.

Every vendor has a default location. It has the vendor's own id and needs no row: what a stock row counts, and no level
says to lie elsewhere, lies there. Who has one place only therefore has no levels, and pays nothing for them.
Levels and the places of holds are read and written by whoever holds the lock of their stock row.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self
from uuid import UUID

from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Lower

from catalog_service.models.products import Variant
from catalog_service.models.vendors import Vendor
from shared.context import new_id
from shared.errors import NotFound

DEFAULT_NAME = "Main"


class Place(NamedTuple):
    """A variant at a location; None is its vendor's default location."""

    variant_id: UUID
    location_id: UUID | None = None


class Change(NamedTuple):
    on_hand: int = 0
    reserved: int = 0


class LocationQuerySet(models.QuerySet["Location"]):
    def kept(self) -> Self:
        return self.filter(archived_at__isnull=True)

    def one(self, location_id: UUID, vendor_id: UUID | None) -> "Location":
        """The vendor's (None: any vendor's) location; a default one may have no row yet. Raises NotFound."""
        row = self.kept().filter(id=location_id).first() or Location.default_of(location_id)
        if row is None or vendor_id not in (None, row.vendor_id):
            raise NotFound
        return row

    def receiving(self, location_ids: Iterable[UUID | None]) -> set[UUID]:
        """Those of them that are kept, and stay so until the transaction ends: taken after the stock rows' locks."""
        ids = sorted({one for one in location_ids if one})
        rows = self.kept().filter(id__in=ids).order_by("id")
        return {row.id for row in rows.select_for_update(no_key=True)} if ids else set()


class Location(models.Model):
    """`position`: reservations take from the lowest first; from the older one where two have the same."""

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="locations")
    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = LocationQuerySet.as_manager()

    class Meta:
        db_table = "location"
        constraints = (
            models.UniqueConstraint(
                "vendor", Lower("name"), name="location_name_once", condition=Q(archived_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_default(self) -> bool:
        return self.id == self.vendor_id

    @property
    def place_id(self) -> UUID | None:
        """As a Place names it."""
        return None if self.is_default else self.id

    @property
    def turn(self) -> tuple[int, UUID]:
        return self.position, self.id

    @classmethod
    def default_of(cls, vendor_id: UUID) -> "Location | None":
        """As it is before somebody names it otherwise. None where there is no such vendor."""
        known = Vendor.objects.filter(id=vendor_id).exists()
        return cls(id=vendor_id, vendor_id=vendor_id, name=DEFAULT_NAME, position=0) if known else None


class StockLevelQuerySet(models.QuerySet["StockLevel"]):
    def change(self, changes: Mapping[Place, Change]) -> None:
        """Add to the levels at places that are not the default ones; those not there yet begin at nothing."""
        places = [place for place in changes if place.location_id]
        if not places:
            return
        fresh = [StockLevel(**place._asdict()) for place in places if changes[place].on_hand > 0]
        self.bulk_create(fresh, ignore_conflicts=True)
        rows = [(*place, *changes[place]) for place in places]
        with connection.cursor() as cursor:
            cursor.execute(_CHANGE, [list(column) for column in zip(*rows, strict=True)])


_CHANGE = """
    UPDATE stock_level
    SET on_hand = stock_level.on_hand + change.on_hand, reserved = stock_level.reserved + change.reserved
    FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[]) AS change (variant_id, location_id, on_hand, reserved)
    WHERE stock_level.variant_id = change.variant_id AND stock_level.location_id = change.location_id
"""


class StockLevel(models.Model):
    """The counters of one variant at one location that is not its vendor's default one."""

    id = models.UUIDField(primary_key=True, default=new_id)
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="levels", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, related_name="levels")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)

    objects = StockLevelQuerySet.as_manager()

    class Meta:
        db_table = "stock_level"
        constraints = (
            models.UniqueConstraint(fields=["variant", "location"], name="stock_level_once"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, reserved__lte=F("on_hand")), name="level_reserved_within_on_hand"
            ),
        )

    def __str__(self) -> str:
        return f"{self.variant_id} at {self.location_id}: {self.on_hand} - {self.reserved}"

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved
