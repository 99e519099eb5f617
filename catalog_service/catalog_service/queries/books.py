"""Do the books of the stock agree? All asked in one statement, so that the answer is of one moment."""

from django.db import connection

_QUESTION = """
    WITH ledger AS (
        SELECT variant_id, location_id, sum(quantity) AS moved FROM movement GROUP BY variant_id, location_id
    ), level AS (
        SELECT variant_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved FROM stock_level GROUP BY variant_id
    ), kept AS (
        SELECT variant_id, location_id, quantity FROM vendor_hold WHERE status = 'held'
    ), held AS (
        SELECT variant_id, sum(quantity) AS quantity
        FROM (
            SELECT variant_id, quantity FROM kept
            UNION ALL
            SELECT variant_id, quantity FROM reservation_line JOIN reservation ON order_id = reservation_id
            WHERE status = 'held'
        ) AS hold
        GROUP BY variant_id
    ), held_there AS (
        SELECT variant_id, location_id, sum(quantity) AS quantity
        FROM (
            SELECT variant_id, location_id, quantity FROM kept WHERE location_id IS NOT NULL
            UNION ALL
            SELECT variant_id, location_id, quantity
            FROM reservation_place JOIN reservation ON order_id = reservation_id
            WHERE status = 'held'
        ) AS hold
        GROUP BY variant_id, location_id
    ), answer AS (
        SELECT 'on hand is what the movements sum to' AS rule, variant_id, on_hand AS said,
            coalesce(moved, 0) AS counted
        FROM stock_item
        LEFT JOIN (SELECT variant_id, sum(moved) AS moved FROM ledger GROUP BY variant_id) AS moves USING (variant_id)
      UNION ALL
        SELECT 'a level is what the movements there sum to', variant_id, coalesce(on_hand, 0), coalesce(moved, 0)
        FROM stock_level
        FULL JOIN (SELECT * FROM ledger WHERE location_id IS NOT NULL) AS moves USING (variant_id, location_id)
      UNION ALL
        SELECT 'what lies elsewhere is what the levels sum to', variant_id, elsewhere_on_hand,
            coalesce(level.on_hand, 0)
        FROM stock_item LEFT JOIN level USING (variant_id)
      UNION ALL
        SELECT 'reserved elsewhere is what the levels sum to', variant_id, elsewhere_reserved,
            coalesce(level.reserved, 0)
        FROM stock_item LEFT JOIN level USING (variant_id)
      UNION ALL
        SELECT 'reserved is what orders and vendors hold', variant_id, reserved, coalesce(quantity, 0)
        FROM stock_item LEFT JOIN held USING (variant_id)
      UNION ALL
        SELECT 'reserved at a location is what is held there', variant_id, coalesce(reserved, 0),
            coalesce(quantity, 0)
        FROM stock_level FULL JOIN held_there USING (variant_id, location_id)
    )
    SELECT rule, variant_id, said, counted FROM answer WHERE said <> counted ORDER BY rule, variant_id LIMIT %s
"""


def broken_rules(most: int = 100) -> list[str]:
    """A line for each rule that a variant breaks, at most `most`; none when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION, [most])
        return [f"{rule}: variant {variant}: {said}, not {counted}" for rule, variant, said, counted in cursor]
