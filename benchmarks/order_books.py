"""Any number of orders of the last two years, with all that belongs to them, by one statement for each table.

Orders of others: of each ten one is a guest's; each account has ten. Each is of two vendors and has three lines.
VENDORS share them, but that every fourth is also the great vendor's. One in twenty was cancelled before it was paid;
the newest hundredth is confirmed, the one before on its way, the one before that has arrived, all others are completed,
and one in fifty of those had something paid back. WATCHED orders more are the watched buyer's, one after the other in
all that time, each of the small vendor, who has no others, and of the great one.
"""

import sys

from benchmarks import indexes

WATCHED = 24
VENDORS, GREAT, SMALL = 200, 0, 1
A_BATCH = 100_000
TABLES = ("order_group", "vendor_order", "order_line", "shipment", "shipment_item", "order_refund")

FUNCTIONS = """
    CREATE FUNCTION pg_temp.known(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT ('00000000-0000-7000-' || kind || '000-' || lpad(to_hex(n), 12, '0'))::uuid
    $$;
    -- As a UUIDv7 of that moment: lists are in the order of ids.
    CREATE FUNCTION pg_temp.made(at timestamptz, kind int, n bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70' || lpad(to_hex(kind), 2, '0')
            || '8' || lpad(to_hex(n), 15, '0'))::uuid
    $$;
"""

_BOUGHT = """
    CREATE TEMP TABLE bought AS
    SELECT i, watched, pg_temp.made(at, 0, i) AS id, at AS placed_at, status,
        CASE WHEN watched THEN pg_temp.known('c', 0) WHEN i %% 10 <> 9
            THEN pg_temp.known('c', 1 + i %% greatest(%(orders)s / 10, 1)) END AS user_id,
        CASE WHEN watched THEN {small} WHEN i %% 4 = 0 THEN {great} ELSE 2 + i %% {vendors} END AS one,
        CASE WHEN watched THEN {great} ELSE 2 + (i + 77) %% {vendors} END AS other,
        ARRAY[500 + i * 37 %% 9000, 1200 + i %% 800, 700 + i * 13 %% 5000] AS prices,
        CASE WHEN i %% 10 = 0 THEN 'EUR' ELSE 'USD' END AS currency
    FROM (
        SELECT i, i >= %(orders)s AS watched,
            CASE WHEN i >= %(orders)s THEN (i - %(orders)s + 0.5) / {watched} ELSE (i + 0.5) / %(orders)s END AS part
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i) AS every,
    LATERAL (SELECT date_trunc('day', now()) - (1 - part) * interval '730 days' AS at,
        CASE WHEN NOT watched AND i %% 20 = 7 THEN 'cancelled' WHEN part > 0.99 THEN 'confirmed'
            WHEN part > 0.98 THEN 'shipped' WHEN part > 0.97 THEN 'delivered' ELSE 'completed' END AS status) AS moment;
    CREATE TEMP TABLE part AS
    SELECT i, id AS order_id, pg_temp.made(placed_at, 1 + p, i) AS id, p, vendor, placed_at, currency, prices,
        CASE status WHEN 'completed' THEN 'delivered' ELSE status END AS status,
        CASE p WHEN 0 THEN prices[1] * 2 + prices[2] ELSE prices[3] END AS items
    FROM bought, LATERAL (VALUES (0, one), (1, other)) AS of (p, vendor);
    CREATE TEMP TABLE line AS
    SELECT i, part.id AS part_id, pg_temp.made(placed_at, 4 + n, i) AS id, n, quantity, prices[n + 1] AS price, status,
        vendor * 10 + i %% 10 AS product, pg_temp.made(placed_at, 8 + p, i) AS shipment_id
    FROM part, LATERAL (VALUES (0, 0, 2), (0, 1, 1), (1, 2, 1)) AS of (q, n, quantity) WHERE q = p
"""

_ADDRESS = """'{"name": "Ada Buyer", "line1": "1 Row", "city": "London", "postal_code": "N1", "country": "GB"}'"""
_ARRIVED = "CASE WHEN status IN ('delivered', 'completed') THEN placed_at + interval '3 days' END"
_SENT = "status IN ('shipped', 'delivered')"

_ORDERS = f"""
    INSERT INTO order_group (
        id, number, user_id, email, buyer_name, locale, cart_id, correlation_id, currency, status, cancel_reason,
        needs_attention, items_total, discount_total, shipping_total, tax_total, tax_included, total, shipping_method,
        shipping_address, billing_address, coupon_code, payment_id, payment_method, payment_token, payment_status,
        version, placed_at, confirmed_at, delivered_at, completed_at, updated_at)
    SELECT id, 'N-' || i, user_id, 'buyer-' || coalesce(right(user_id::text, 12), 'g' || i) || '@example.com',
        'Ada Buyer', 'en', 'user:' || i, 'grown-' || i, currency, status,
        CASE status WHEN 'cancelled' THEN 'payment_declined' ELSE '' END,
        '', items, 0, 998, 0, items / 6, items + 998, 'standard', {_ADDRESS}, {_ADDRESS}, '',
        pg_temp.made(placed_at, 10, i), 'simulator', '',
        CASE status WHEN 'cancelled' THEN 'declined' ELSE 'taken' END, 4, placed_at,
        CASE WHEN status <> 'cancelled' THEN placed_at + interval '2 seconds' END, {_ARRIVED},
        CASE status WHEN 'completed' THEN placed_at + interval '17 days' END,
        CASE status WHEN 'completed' THEN placed_at + interval '17 days' ELSE placed_at + interval '3 days' END
    FROM bought, LATERAL (SELECT prices[1] * 2 + prices[2] + prices[3] AS items) AS sum
"""
_PARTS = f"""
    INSERT INTO vendor_order (
        id, order_id, vendor_id, vendor_name, status, items_total, discount_total, shipping_total, shipping_tax,
        tax_total, tax_included, total, weight_grams, commission_basis_points, commission, delivered_at, created_at)
    SELECT id, order_id, pg_temp.known('a', vendor), 'Workshop ' || vendor, status, items, 0, 499, 0, 0, items / 6,
        items + 499, 900, 1000, items / 10, {_ARRIVED}, placed_at
    FROM part
"""
_LINES = f"""
    INSERT INTO order_line (
        id, vendor_order_id, variant_id, product_id, category_id, sku, name, quantity, unit_price, line_total, discount,
        tax, tax_included, commission_basis, commission, commission_basis_points, weight_grams, shipped_quantity,
        cancelled_quantity, returned_quantity, refunded_quantity)
    SELECT id, part_id, pg_temp.known('e', product), pg_temp.known('b', product), pg_temp.known('d', product %% 186),
        'SEED-' || product, 'Amber Oak Lamp ' || product, quantity, price, quantity * price, 0, 0, quantity * price / 6,
        quantity * price, quantity * price / 10, 1000, 300, CASE WHEN {_SENT} THEN quantity ELSE 0 END, 0, 0, 0
    FROM line
"""
_SHIPMENTS = f"""
    INSERT INTO shipment (
        id, vendor_order_id, carrier, tracking_number, status, shipped_at, delivered_at, created_at)
    SELECT pg_temp.made(placed_at, 8 + p, i), id, 'Post', 'T' || i, status, placed_at + interval '1 day', {_ARRIVED},
        placed_at + interval '1 day'
    FROM part WHERE {_SENT}
"""
_ITEMS = f"""
    INSERT INTO shipment_item (id, shipment_id, line_id, quantity)
    SELECT gen_random_uuid(), shipment_id, id, quantity FROM line WHERE {_SENT}
"""
_REFUNDS = """
    INSERT INTO order_refund (id, order_id, amount, splits, reason, status, created_at, done_at)
    SELECT pg_temp.made(placed_at, 11, i), order_id, 100, jsonb_build_array(jsonb_build_object(
            'vendor_order_id', id, 'vendor_id', pg_temp.known('a', vendor), 'gross', 100, 'tax', 16, 'commission', 10)),
        'arrived late', 'done', placed_at + interval '5 days', placed_at + interval '5 days'
    FROM part WHERE p = 0 AND i %% 50 = 0 AND status = 'delivered' AND placed_at < now() - interval '5 days'
"""
STATEMENTS = (_ORDERS, _PARTS, _LINES, _SHIPMENTS, _ITEMS, _REFUNDS)


def write(url: str, orders: int) -> None:
    """So many orders of others and those WATCHED, in an empty order_service."""
    numbers = {"small": SMALL, "great": GREAT, "vendors": VENDORS, "watched": WATCHED}
    with indexes.dropped(url, TABLES) as connection:
        connection.execute(FUNCTIONS)
        for first in range(0, orders + WATCHED, A_BATCH):
            last = min(first + A_BATCH, orders + WATCHED) - 1
            _write(connection, _BOUGHT.format(**numbers), {"orders": orders, "first": first, "last": last})
            print(f"\r{last + 1 - WATCHED:,} orders ", end="", file=sys.stderr, flush=True)
        print("and their indexes", file=sys.stderr, flush=True)


def _write(connection: indexes.Connection, bought: str, which: dict[str, int]) -> None:
    with connection.transaction():
        for statement in filter(str.strip, (bought % which).split(";")):
            connection.execute(statement.encode())
        for statement in STATEMENTS:
            connection.execute(statement.replace("%%", "%").encode())
        connection.execute("DROP TABLE line, part, bought")
