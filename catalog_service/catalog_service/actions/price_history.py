"""Write down what is asked for variants whenever that changes, and what the least was before."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

_RECORD = """
    INSERT INTO price_change (id, product_id, variant_id, currency, minor, compare_at_minor, at)
    SELECT gen_random_uuid(), product_id, variant_id, currency, minor, compare_at_minor, at
    FROM (
        SELECT variant.product_id, price.variant_id, price.currency, moment.at, asked.minor, asked.compare_at_minor,
            coalesce(lag(ARRAY[asked.minor, asked.compare_at_minor]) OVER way,
                ARRAY[last.minor, last.compare_at_minor]) AS before
        FROM variant
        JOIN price ON price.variant_id = variant.id
        LEFT JOIN LATERAL (
            SELECT minor, compare_at_minor, at FROM price_change
            WHERE variant_id = price.variant_id AND currency = price.currency ORDER BY at DESC LIMIT 1) AS last ON true
        CROSS JOIN LATERAL (
            SELECT %(now)s::timestamptz AS at
            UNION SELECT at FROM (VALUES (price.sale_starts_at), (price.sale_ends_at)) AS bound (at)
            WHERE %(planned)s AND at > last.at AND at < %(now)s) AS moment
        JOIN LATERAL price_at(moment.at) AS asked
            ON asked.variant_id = price.variant_id AND asked.currency = price.currency
        WHERE variant.product_id = ANY(%(ids)s) AND variant.deleted_at IS NULL
        WINDOW way AS (PARTITION BY price.variant_id, price.currency ORDER BY moment.at)) AS step
    WHERE ARRAY[minor, compare_at_minor] IS DISTINCT FROM before
    RETURNING variant_id
"""

_RECORD_GONE = """
    INSERT INTO price_change (id, product_id, variant_id, currency, at)
    SELECT gen_random_uuid(), product_id, variant_id, currency, %(now)s
    FROM (
        SELECT DISTINCT ON (variant_id, currency) * FROM price_change WHERE product_id = ANY(%(ids)s)
        ORDER BY variant_id, currency, at DESC) AS last
    WHERE minor IS NOT NULL AND NOT EXISTS (
        SELECT FROM price WHERE price.variant_id = last.variant_id AND price.currency = last.currency)
"""

_LOWEST = """
    UPDATE price SET lowest_minor = (
        SELECT min(before.minor) FROM price_change before
        WHERE before.variant_id = latest.variant_id AND before.currency = latest.currency AND before.at < latest.at
            AND before.at >= coalesce((
                SELECT max(at) FROM price_change
                WHERE variant_id = latest.variant_id AND currency = latest.currency
                    AND at <= latest.at - interval '30 days'), '-infinity'))
    FROM (
        SELECT DISTINCT ON (variant_id, currency) variant_id, currency, at FROM price_change
        WHERE variant_id = ANY(%s) ORDER BY variant_id, currency, at DESC) AS latest
    WHERE price.variant_id = latest.variant_id AND price.currency = latest.currency
"""


def record_prices(product_ids: Collection[UUID], now: datetime, *, planned: bool) -> None:
    """What is asked for the variants of locked products, where that is not what was asked last.

    `planned`: nothing but the time has changed it, so sales that started or ended have their own moments.
    """
    asked: dict[str, Any] = {"ids": sorted(product_ids), "now": now, "planned": planned}
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, asked)
        changed = sorted({row[0] for row in cursor.fetchall()})
        cursor.execute(_RECORD_GONE, asked)
        if changed:
            cursor.execute(_LOWEST, [changed])
