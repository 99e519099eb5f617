"""What people look at. Views are counted in Redis and written down by the clock: no view waits for a row.

Each product and hour has a HyperLogLog of its visitors there, so whoever looks twice within an hour counts once, and a
product takes at most 12 kB an hour, however many look; the count is right within a hundredth. Writing down the same
hour twice changes nothing. While Redis is away, views are lost, and nobody waits.
"""

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import redis
from django.conf import settings
from django.db import connection, models

from catalog_service.models.products import Product
from shared.context import new_id
from shared.stores import connected

log = logging.getLogger("nexus.catalog")
HOUR = 3_600
_CHANGED, _BY_USER = "views:changed", "views:by-user"
_TIMEOUT_SECONDS = 0.25
_LEFT_ALONE_SECONDS = 1.0


class ProductView(models.Model):
    """Visitors of a product in one hour."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    views = models.PositiveIntegerField()

    class Meta:
        db_table = "product_view"
        constraints = (models.UniqueConstraint(fields=["product", "hour"], name="product_view_once"),)
        indexes = (models.Index(fields=["hour"], name="product_view_by_hour"),)

    def __str__(self) -> str:
        return f"{self.views} in the hour of {self.hour}"


class UserView(models.Model):
    """When a signed-in user last looked at a product."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user_id = models.UUIDField()
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    viewed_at = models.DateTimeField()

    class Meta:
        db_table = "user_view"
        constraints = (models.UniqueConstraint(fields=["user_id", "product"], name="user_view_once"),)
        indexes = (models.Index(fields=["viewed_at"], name="user_view_by_age"),)

    def __str__(self) -> str:
        return f"{self.user_id} saw {self.product_id}"


class ProductPopularity(models.Model):
    """`trend`: what was seen and sold lately, each fading by half in its time. `earlier_views`: those whose hours are
    not kept any more.
    """

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="popularity")
    earlier_views = models.PositiveBigIntegerField(default=0, db_default=0)
    trend = models.FloatField(default=0, db_default=0)

    class Meta:
        db_table = "product_popularity"
        verbose_name_plural = "popularity of products"
        indexes = (models.Index(fields=["-trend"], name="product_by_trend", condition=models.Q(trend__gt=0)),)

    def __str__(self) -> str:
        return f"{self.trend:.1f}"


class Counted(NamedTuple):
    product_id: UUID
    hour: datetime
    views: int


class Seen(NamedTuple):
    user_id: UUID
    product_id: UUID
    at: datetime


def alone_in(job: str) -> bool:
    """False while another worker does this job; else this transaction keeps them out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [f"job {job}"])
        return bool(cursor.fetchone()[0])


# ── In Redis ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def _redis() -> "redis.Redis[str]":
    return connected(settings.REDIS_URL, seconds=_TIMEOUT_SECONDS)


class _Gate:
    """After a failure Redis is left alone for a while: a server that hangs would cost each reader its timeout."""

    closed_until = 0.0


def note(product_id: UUID, visitor: str, user_id: UUID | None, at: datetime) -> None:
    """One round trip, that of a reader; nothing of it fails."""
    if time.monotonic() < _Gate.closed_until:
        return
    hour = int(at.timestamp()) // HOUR
    try:
        with _redis().pipeline(transaction=False) as pipe:
            pipe.pfadd(_visitors(hour, product_id), visitor)
            pipe.expire(_visitors(hour, product_id), 3 * HOUR)
            pipe.sadd(_CHANGED, f"{hour} {product_id}")
            if user_id:
                pipe.hset(_BY_USER, f"{user_id} {product_id}", str(int(at.timestamp())))
            pipe.execute()
    except redis.RedisError as error:
        _Gate.closed_until = time.monotonic() + _LEFT_ALONE_SECONDS
        log.warning("views are not counted: %s", type(error).__name__)


def counted() -> list[Counted]:
    """The hours that changed since they were last `forgotten`, as they stand now. Raises RedisError."""
    places = [place.split(" ") for place in _redis().smembers(_taken(_CHANGED))]
    with _redis().pipeline(transaction=False) as pipe:
        for hour, product_id in places:
            pipe.pfcount(_visitors(int(hour), UUID(product_id)))
        numbers = pipe.execute()
    return [
        Counted(UUID(product_id), datetime.fromtimestamp(int(hour) * HOUR, UTC), number)
        for (hour, product_id), number in zip(places, numbers, strict=True)
    ]


def seen() -> list[Seen]:
    """What users looked at since it was last forgotten. Raises RedisError."""
    pairs = _redis().hgetall(_taken(_BY_USER)).items()
    return [
        Seen(UUID(user), UUID(product), datetime.fromtimestamp(int(at), UTC))
        for (user, product), at in ((pair.split(" "), at) for pair, at in pairs)
    ]


def forget_written() -> None:
    """What `counted` and `seen` answered is written down. Whoever is stopped before that does it again."""
    _redis().delete(f"{_CHANGED}:taken", f"{_BY_USER}:taken")


def _taken(key: str) -> str:
    """Set what there is aside, so that what comes from now on is another heap; unless one is set aside still."""
    with suppress(redis.ResponseError):  # that there is nothing
        _redis().execute_command("RENAMENX", key, f"{key}:taken")
    return f"{key}:taken"


def _visitors(hour: int, product_id: UUID) -> str:
    return f"views:{hour}:{product_id}"


# ── In PostgreSQL ────────────────────────────────────────────────────────────────────────────────────────────────────


def write_counts(rows: Iterable[Counted]) -> None:
    """Of products that exist."""
    rows = list(rows)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [[row[i] for row in rows] for i in range(3)])


def write_seen(rows: Iterable[Seen]) -> None:
    rows = list(rows)
    with connection.cursor() as cursor:
        cursor.execute(_SEE, [[new_id() for _ in rows], *([row[i] for row in rows] for i in range(3))])


_COUNT = """
    INSERT INTO product_view (product_id, hour, views)
    SELECT told.product_id, told.hour, told.views
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[]) AS told (product_id, hour, views)
    JOIN product ON product.id = told.product_id
    ORDER BY told.product_id, told.hour
    ON CONFLICT (product_id, hour) DO UPDATE SET views = EXCLUDED.views WHERE product_view.views < EXCLUDED.views
"""

_SEE = """
    INSERT INTO user_view (id, user_id, product_id, viewed_at)
    SELECT told.id, told.user_id, told.product_id, told.viewed_at
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS told (id, user_id, product_id, viewed_at)
    JOIN product ON product.id = told.product_id
    ORDER BY told.user_id, told.product_id
    ON CONFLICT (user_id, product_id) DO UPDATE SET viewed_at = GREATEST(user_view.viewed_at, EXCLUDED.viewed_at)
"""
