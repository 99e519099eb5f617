"""How much there is, how much of it is promised, and every movement that led there.

Locks are always taken in this order: reservation or vendor's hold, then product, then stock rows by variant id, then
locations by id, then cards.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, models
from django.db.models import F, Q

from catalog_service.models.locations import Change, Location, Place, StockLevel
from catalog_service.models.products import Product, Variant
from shared.context import new_id

MAX_STOCK = 1_000_000_000


class Level(NamedTuple):
    """A stock row after a change; `version` is the offer's. `crossed`: it has just sold out, or come back."""

    on_hand: int
    reserved: int
    version: int
    crossed: bool = False

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class StockQuerySet(models.QuerySet["StockItem"]):
    def locked(self, variant_ids: Collection[UUID]) -> dict[UUID, "StockItem"]:
        """Lock the rows of these variants in key order until the transaction ends; unknown ones are left out."""
        rows = self.filter(variant_id__in=variant_ids).order_by("variant_id").select_for_update(no_key=True)
        return {row.variant_id: row for row in rows}

    def change(self, changes: Mapping[Place, Change], *, untold: bool = False) -> dict[UUID, Level]:
        """Add to the counters of rows that are locked already, and to their levels. Every row's version goes up, but
        for what is sold of what was held: nobody is told of it, and whoever compares offers finds them equal.

        `untold`: the caller leaves it to the clock to tell the offers.
        """
        StockLevel.objects.change(changes)
        sums = {place.variant_id: [0, 0, 0, 0] for place in changes}
        for (variant_id, location_id), change in changes.items():
            elsewhere = bool(location_id)
            for i, added in enumerate((*change, change.on_hand * elsewhere, change.reserved * elsewhere)):
                sums[variant_id][i] += added
        with connection.cursor() as cursor:
            columns = zip(*sums.values(), strict=True) if sums else ([], [], [], [])
            cursor.execute(_CHANGE, [untold, list(sums), *map(list, columns)])
            return {row[0]: Level(*row[1:]) for row in cursor.fetchall()}

    def promise_here(self, variant_id: UUID, quantity: int) -> dict[UUID, Level]:
        """Reserve at the default location, which needs no lock before; nothing where less is available there.

        The offer is left to the clock to tell.
        """
        with connection.cursor() as cursor:
            cursor.execute(_PROMISE_HERE, [quantity, variant_id, quantity])
            return {variant_id: Level(*counters) for variant_id, *counters in cursor.fetchall()}


_PROMISE_HERE = """
    UPDATE stock_item
    SET reserved = reserved + %s, version = version + 1, untold = TRUE, updated_at = clock_timestamp()
    WHERE variant_id = %s AND (on_hand - elsewhere_on_hand) - (reserved - elsewhere_reserved) >= %s
    RETURNING variant_id, on_hand, reserved, version, on_hand = reserved
"""
_CHANGE = """
    UPDATE stock_item
    SET on_hand = stock_item.on_hand + change.on_hand,
        reserved = stock_item.reserved + change.reserved,
        elsewhere_on_hand = stock_item.elsewhere_on_hand + change.elsewhere_on_hand,
        elsewhere_reserved = stock_item.elsewhere_reserved + change.elsewhere_reserved,
        version = stock_item.version + (change.on_hand = 0 OR change.on_hand <> change.reserved)::int,
        untold = stock_item.untold OR %s,
        updated_at = clock_timestamp()
    FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::int[], %s::int[])
        AS change (variant_id, on_hand, reserved, elsewhere_on_hand, elsewhere_reserved)
    WHERE stock_item.variant_id = change.variant_id
    RETURNING stock_item.variant_id, stock_item.on_hand, stock_item.reserved, stock_item.version,
        (stock_item.on_hand > stock_item.reserved)
            <> (stock_item.on_hand - change.on_hand > stock_item.reserved - change.reserved)
"""


class StockItem(models.Model):
    """The counters of one variant, and what of them lies elsewhere than at its vendor's default location.

    `version` is the version of its offer: every OfferChanged has a higher one. `untold`: the next one is due.
    """

    variant = models.OneToOneField(Variant, models.PROTECT, primary_key=True, related_name="stock")
    product = models.ForeignKey(Product, models.PROTECT, related_name="stock")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    elsewhere_on_hand = models.IntegerField(default=0, db_default=0)
    elsewhere_reserved = models.IntegerField(default=0, db_default=0)
    low_at = models.PositiveIntegerField(default=5)
    version = models.PositiveBigIntegerField(default=0)
    untold = models.BooleanField(default=False, db_default=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = StockQuerySet.as_manager()

    class Meta:
        db_table = "stock_item"
        constraints = (
            models.CheckConstraint(
                condition=Q(reserved__gte=0, reserved__lte=F("on_hand")), name="stock_reserved_within_on_hand"
            ),
            models.CheckConstraint(
                condition=Q(
                    elsewhere_reserved__gte=0,
                    elsewhere_reserved__lte=F("reserved"),
                    elsewhere_on_hand__lte=F("on_hand") - F("reserved") + F("elsewhere_reserved"),
                ),
                name="stock_elsewhere_within_all",
            ),
        )
        indexes = (models.Index(fields=["variant"], name="stock_untold", condition=Q(untold=True)),)

    def __str__(self) -> str:
        return f"{self.on_hand} on hand, {self.reserved} reserved"

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def here(self) -> Change:
        """What lies at the default location."""
        return Change(self.on_hand - self.elsewhere_on_hand, self.reserved - self.elsewhere_reserved)

    @property
    def available_here(self) -> int:
        return self.here.on_hand - self.here.reserved


class Movement(models.Model):
    """One change of `on_hand` at a location (none: the default one), never altered: the database refuses it.

    The sum of a variant's movements is its `on_hand`; of those at a location, its level there. A reference moves a
    variant once at a place, but that what was sold may come back piece by piece, cancelled or returned.
    """

    class Kind(models.TextChoices):
        INITIAL = "initial"
        ADJUSTMENT = "adjustment"
        SALE = "sale"
        CANCELLATION = "cancellation"
        RETURN = "return"
        TRANSFER = "transfer"

    id = models.UUIDField(primary_key=True, default=new_id)
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="movements")
    location = models.ForeignKey(Location, models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    quantity = models.IntegerField()
    on_hand_after = models.IntegerField()
    reason = models.CharField(max_length=300, blank=True)
    reference = models.UUIDField(null=True)
    actor_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "movement"
        constraints = (
            models.UniqueConstraint(
                fields=["variant", "kind", "reference", "location"],
                name="movement_once_but_back",
                condition=Q(kind__in=["initial", "adjustment", "sale", "transfer"], reference__isnull=False),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["initial", "adjustment", "sale", "cancellation", "return", "transfer"]),
                name="movement_kind_known",
            ),
        )
        indexes = (
            models.Index(fields=["variant", "-id"], name="movement_of_variant"),
            models.Index(fields=["reference"], name="movement_of_sale", condition=Q(kind="sale")),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity:+d}"


class Reservation(models.Model):
    """What an order holds. A row stays for good: it is also how a late ReserveStock is known to be too late."""

    class Status(models.TextChoices):
        HELD = "held"
        COMMITTED = "committed"
        RELEASED = "released"
        EXPIRED = "expired"
        REJECTED = "rejected"

    order_id = models.UUIDField(primary_key=True)
    status = models.CharField(max_length=12, choices=Status)
    reason = models.CharField(max_length=60, blank=True)
    missing = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "reservation"
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["held", "committed", "released", "expired", "rejected"]),
                name="reservation_status_known",
            ),
        )
        indexes = (models.Index(fields=["expires_at"], name="reservation_due", condition=Q(status="held")),)

    def __str__(self) -> str:
        return f"{self.order_id} {self.status}"

    @classmethod
    def open(cls, wanted: Mapping[UUID, datetime | None], status: str, *, reason: str = "") -> set[UUID]:
        """Make rows for these orders, with when they expire; answers for which there was none.

        Whoever comes second waits here for the first to commit. In key order, so that two who open several wait for
        each other in one direction only.
        """
        with connection.cursor() as cursor:
            cursor.execute(_OPEN, [status, reason, *map(list, zip(*sorted(wanted.items()), strict=True))])
            return {order_id for (order_id,) in cursor.fetchall()}

    def end(self, status: str, reason: str) -> None:
        self.status, self.reason = status, reason[:60]
        self.save(update_fields=["status", "reason", "updated_at"])


_OPEN = """
    INSERT INTO reservation (order_id, status, reason, missing, expires_at, created_at, updated_at)
    SELECT one.order_id, %s, %s, '[]', one.expires_at, clock_timestamp(), clock_timestamp()
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS one (order_id, expires_at)
    ON CONFLICT (order_id) DO NOTHING
    RETURNING order_id
"""


class ReservationLine(models.Model):
    """`snapshot` is the ReservedLine as it was told, so that the same question gets the same answer."""

    id = models.UUIDField(primary_key=True, default=new_id)
    reservation = models.ForeignKey(Reservation, models.PROTECT, related_name="lines")
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    snapshot = models.JSONField()

    class Meta:
        db_table = "reservation_line"
        constraints = (models.CheckConstraint(condition=Q(quantity__gte=1), name="reservation_line_positive"),)

    def __str__(self) -> str:
        return f"{self.quantity} x {self.variant_id}"


class ReservationPlace(models.Model):
    """What of a reservation is taken from a location that is not the default one; the rest of its lines is."""

    id = models.UUIDField(primary_key=True, default=new_id)
    reservation = models.ForeignKey(Reservation, models.PROTECT, related_name="places", db_index=False)
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        db_table = "reservation_place"
        constraints = (
            models.UniqueConstraint(fields=["reservation", "variant", "location"], name="reservation_place_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="reservation_place_positive"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} x {self.variant_id} at {self.location_id}"
