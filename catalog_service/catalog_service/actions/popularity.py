"""Count views, write them down, and let them fade."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalog_service.actions.recommendations import touch
from catalog_service.models import Product, UserView
from catalog_service.models.popularity import (
    HOUR,
    alone_in,
    counted,
    forget_written,
    note,
    seen,
    write_counts,
    write_seen,
)
from shared.errors import NotFound

HALF_LIFE = timedelta(hours=48)
REMEMBERED = timedelta(days=14)
"""Longer ago, seven halvings have left nothing of a view."""
HOURS_KEPT = timedelta(days=30)
SEEN_KEPT = timedelta(days=90)
SALE_WEIGHT = 20
"""Views that one sold piece is worth; of more than five pieces at once, five count."""
_ROBOT = re.compile(r"bot\b|crawl|spider|slurp|preview|monitor|curl/|python-requests|headless", re.I)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks: a user, or what tells guests apart (the cart's token, or address and browser)."""

    user_id: UUID | None
    guest: str
    agent: str = ""

    def digest(self, hour: int) -> str:
        """Another one every hour, so that nobody can be followed by it."""
        who = f"{hour} {self.user_id or self.guest}".encode()
        return hmac.new(settings.SECRET_KEY.encode(), who, hashlib.sha256).hexdigest()[:16]


def see_product(product_id: UUID, visitor: Visitor) -> None:
    """Count a view. No statement, one round trip to Redis; while that is away, the view is not counted."""
    now = timezone.now()
    if not _ROBOT.search(visitor.agent):
        note(product_id, visitor.digest(int(now.timestamp()) // HOUR), visitor.user_id, now)


def see_named_product(*, product: str, visitor: Visitor) -> None:
    """Raises NotFound for what is not on sale."""
    row = Product.objects.visible().named(product).only("id").first()
    if row is None:
        raise NotFound
    see_product(row.id, visitor)


@transaction.atomic
def flush_views() -> None:
    """Write down what was counted since the last time. Stopped halfway, it is done again and nothing counts twice."""
    if not alone_in("flush_views"):
        return
    hours, looks = counted(), seen()
    if hours:
        write_counts(hours)
    if looks:
        write_seen(looks)
        touch(dict.fromkeys(look.user_id for look in looks))
    if hours or looks:
        transaction.on_commit(forget_written)


@transaction.atomic
def refresh_trends() -> None:
    """What was seen and sold lately, each worth half as much after HALF_LIFE."""
    if not alone_in("refresh_trends"):
        return
    now = timezone.now()
    with connection.cursor() as cursor:
        half, since = HALF_LIFE.total_seconds(), now - REMEMBERED
        cursor.execute(_TRENDS, {"now": now, "since": since, "half": half, "sale": SALE_WEIGHT})


@transaction.atomic
def forget_old_views() -> None:
    """Hours that are not looked at any more become one number; who saw what is forgotten."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, [timezone.now() - HOURS_KEPT])
    UserView.objects.filter(viewed_at__lt=timezone.now() - SEEN_KEPT).delete()


_TRENDS = """
    WITH fresh AS MATERIALIZED (
        SELECT signal.product_id, sum(signal.weight * power(0.5, signal.age / %(half)s)) AS trend
        FROM (
            SELECT product_id, views::float AS weight, extract(epoch FROM %(now)s - hour)::float AS age
            FROM product_view WHERE hour > %(since)s
            UNION ALL
            SELECT product_id, least(quantity, 5) * %(sale)s, extract(epoch FROM %(now)s - confirmed_at)
            FROM sale WHERE confirmed_at > %(since)s
        ) AS signal
        JOIN product ON product.id = signal.product_id
        GROUP BY signal.product_id
    ), faded AS (
        UPDATE product_popularity SET trend = 0
        WHERE trend > 0 AND NOT EXISTS (SELECT 1 FROM fresh WHERE fresh.product_id = product_popularity.product_id)
    )
    INSERT INTO product_popularity (product_id, trend)
    SELECT product_id, trend FROM fresh
    ON CONFLICT (product_id) DO UPDATE SET trend = EXCLUDED.trend
"""

_FOLD = """
    WITH old AS (DELETE FROM product_view WHERE hour < %s RETURNING product_id, views)
    INSERT INTO product_popularity (product_id, earlier_views)
    SELECT product_id, sum(views) FROM old GROUP BY product_id
    ON CONFLICT (product_id) DO UPDATE
    SET earlier_views = product_popularity.earlier_views + EXCLUDED.earlier_views
"""
