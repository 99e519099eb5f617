"""Compute what belongs together and what somebody may like. The clock does this; readers only walk the tables.

bought together   lift of each pair of products over the orders of half a year: how many times as often both are in
                  one order as chance would have it. One order is no evidence; a few are little, which the score
                  heeds: ln(1 + lift) × orders / (orders + 2)
picks             the best of a category and all below it: the average of its ratings with five of 3.5 added, so
                  that one enthusiast does not make a best-seller, and up to a fifth more for what is in fashion
for me            what is bought together with, or picked beside, what I bought (3), liked (2) and saw (1)
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from catalog_service.models import Shopper
from catalog_service.models.popularity import alone_in

MEMORY = timedelta(days=180)
MIN_ORDERS = 2
MAX_LINES = 50
"""Of an order; whoever buys more products at once buys for a shop."""
PER_PRODUCT, PER_CATEGORY, PER_USER = 24, 40, 48
SIGNALS = 30
"""Of a user: the latest."""
AT_ONCE = 200
STALE = timedelta(days=1)


def refresh_recommendations() -> None:
    """All of it, one after the other: users' own follow from what belongs together."""
    compute_pairs()
    compute_picks()
    while recommend_to_some():
        pass


@transaction.atomic
def compute_pairs() -> None:
    """Bought together."""
    if alone_in("compute_pairs"):
        _run(_PAIRS, since=timezone.now() - MEMORY, min_orders=MIN_ORDERS, max_lines=MAX_LINES, most=PER_PRODUCT)


@transaction.atomic
def compute_picks() -> None:
    """The best of each category."""
    if alone_in("compute_picks"):
        _run(_PICKS, most=PER_CATEGORY)


@transaction.atomic
def recommend_to_some() -> int:
    """The users of whom something new is known since they were last served; answers how many there were."""
    now = timezone.now()
    due = Q(computed_at=None) | Q(computed_at__lt=F("touched_at"))
    stale = Q(computed_at__lt=now - STALE, touched_at__gt=now - 30 * STALE)
    rows = Shopper.objects.filter(due | stale).order_by("touched_at")
    users = list(rows.select_for_update(skip_locked=True, no_key=True).values_list("user_id", flat=True)[:AT_ONCE])
    if users:
        _run(_FOR_USERS, users=users, since=now - MEMORY, signals=SIGNALS, most=PER_USER)
        Shopper.objects.filter(user_id__in=users).update(computed_at=now)
    return len(users)


def touch(users: Iterable[UUID]) -> None:
    """There is something new to learn of these users."""
    now = timezone.now()
    Shopper.objects.bulk_create(
        [Shopper(user_id=user_id, touched_at=now) for user_id in sorted(users)],
        update_conflicts=True,
        unique_fields=["user_id"],
        update_fields=["touched_at"],
    )


def _run(statement: str, **values: int | datetime | list[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


_PAIRS = """
    WITH bought AS MATERIALIZED (
        SELECT order_id, product_id FROM sale JOIN product ON product.id = sale.product_id
        WHERE confirmed_at > %(since)s AND product.deleted_at IS NULL
    ), small AS (
        SELECT order_id FROM bought GROUP BY order_id HAVING count(*) BETWEEN 2 AND %(max_lines)s
    ), single AS (
        SELECT product_id, count(*)::float AS orders FROM bought GROUP BY product_id
    ), pair AS (
        SELECT one.product_id, two.product_id AS other_id, count(*) AS orders
        FROM small JOIN bought AS one USING (order_id) JOIN bought AS two USING (order_id)
        WHERE one.product_id <> two.product_id
        GROUP BY one.product_id, two.product_id
        HAVING count(*) >= %(min_orders)s
    ), lifted AS (
        SELECT pair.*, pair.orders * (SELECT count(DISTINCT order_id) FROM bought) / (one.orders * two.orders) AS lift
        FROM pair
        JOIN single AS one ON one.product_id = pair.product_id
        JOIN single AS two ON two.product_id = pair.other_id
    ), scored AS (
        SELECT *, ln(1 + lift) * orders / (orders + 2) AS score FROM lifted WHERE lift >= 1
    ), ranked AS (
        SELECT *, row_number() OVER (PARTITION BY product_id ORDER BY score DESC, other_id) AS n FROM scored
    ), fresh AS MATERIALIZED (SELECT * FROM ranked WHERE n <= %(most)s
    ), gone AS (
        DELETE FROM bought_together AS known WHERE NOT EXISTS (
            SELECT 1 FROM fresh WHERE fresh.product_id = known.product_id AND fresh.other_id = known.other_id
        )
    )
    INSERT INTO bought_together AS known (id, product_id, other_id, orders, lift, score)
    SELECT gen_random_uuid(), product_id, other_id, orders, lift, score FROM fresh
    ON CONFLICT (product_id, other_id) DO UPDATE
    SET orders = EXCLUDED.orders, lift = EXCLUDED.lift, score = EXCLUDED.score
    WHERE (known.orders, known.lift) IS DISTINCT FROM (EXCLUDED.orders, EXCLUDED.lift)
"""

_PICKS = """
    WITH rated AS (
        SELECT product.id AS product_id, category.lineage,
            (17.5 + rating_average * rating_count) / (5 + rating_count) / 5
            + 0.2 * coalesce(trend / (trend + 50), 0) AS score
        FROM card
        JOIN product ON product.id = card.product_id
        JOIN category ON category.id = product.category_id
        LEFT JOIN product_popularity AS popularity ON popularity.product_id = product.id
    ), ranked AS (
        SELECT place.category_id, product_id,
            row_number() OVER (PARTITION BY place.category_id ORDER BY score DESC, product_id) AS position
        FROM rated CROSS JOIN LATERAL unnest(lineage) AS place (category_id)
    ), fresh AS MATERIALIZED (
        SELECT ranked.* FROM ranked JOIN category ON category.id = category_id WHERE ranked.position <= %(most)s
    ), gone AS (
        DELETE FROM category_pick AS known WHERE NOT EXISTS (
            SELECT 1 FROM fresh WHERE fresh.category_id = known.category_id AND fresh.product_id = known.product_id
        )
    )
    INSERT INTO category_pick AS known (id, category_id, product_id, position)
    SELECT gen_random_uuid(), category_id, product_id, position FROM fresh
    ON CONFLICT (category_id, product_id) DO UPDATE SET position = EXCLUDED.position
    WHERE known.position <> EXCLUDED.position
"""

_FOR_USERS = """
    WITH heard AS (
        SELECT user_id, product_id, 3.0 AS weight, confirmed_at AS at FROM sale
        WHERE user_id = ANY(%(users)s) AND confirmed_at > %(since)s
        UNION ALL
        SELECT user_id, product_id, 2.0, created_at FROM review
        WHERE user_id = ANY(%(users)s) AND rating >= 4 AND created_at > %(since)s
        UNION ALL
        SELECT user_id, product_id, 1.0, viewed_at FROM user_view WHERE user_id = ANY(%(users)s)
    ), latest AS (
        SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY at DESC) AS n FROM heard
    ), signal AS MATERIALIZED (
        SELECT user_id, product_id, max(weight) AS weight FROM latest WHERE n <= %(signals)s
        GROUP BY user_id, product_id
    ), candidate AS (
        SELECT user_id, other_id AS product_id, weight * score AS score, TRUE AS together
        FROM signal JOIN bought_together USING (product_id)
        UNION ALL
        SELECT user_id, pick.product_id, weight * 0.2 / (1 + ln(pick.position)), FALSE
        FROM signal
        JOIN product ON product.id = signal.product_id
        JOIN category_pick AS pick ON pick.category_id = product.category_id
    ), scored AS (
        SELECT user_id, product_id, sum(score) AS score, bool_or(together) AS together,
            row_number() OVER (PARTITION BY user_id ORDER BY sum(score) DESC, product_id) AS n
        FROM candidate
        WHERE NOT EXISTS (
            SELECT 1 FROM sale WHERE sale.user_id = candidate.user_id AND sale.product_id = candidate.product_id
        )
        GROUP BY user_id, product_id
    ), fresh AS MATERIALIZED (SELECT * FROM scored WHERE n <= %(most)s
    ), gone AS (
        DELETE FROM recommendation AS known WHERE user_id = ANY(%(users)s) AND NOT EXISTS (
            SELECT 1 FROM fresh WHERE fresh.user_id = known.user_id AND fresh.product_id = known.product_id
        )
    )
    INSERT INTO recommendation (id, user_id, product_id, score, reason)
    SELECT gen_random_uuid(), user_id, product_id, score, CASE WHEN together THEN 'bought_together' ELSE 'similar' END
    FROM fresh
    ON CONFLICT (user_id, product_id) DO UPDATE SET score = EXCLUDED.score, reason = EXCLUDED.reason
"""
