"""Fill the catalogue with any number of made-up products: for benchmarks, and to see how large lists feel.

The same number always gives the same products, and a larger one only adds to them. They are on sale at once and nobody
is told of them, so carts do not know their offers.
"""

from collections.abc import Callable

from django.db import connection, transaction

from catalog_service.actions import cards

BATCH = 2_000
VENDORS = 40
BRANDS = 300
SERIES = 50
"""So many products share a word of their descriptions that no other has: the same number in any catalogue."""
ROOTS, BRANCHES, LEAVES = 6, 5, 5

ADJECTIVES = (
    "Amber Ancient Arched Azure Bold Bright Brisk Calm Carved Casual Classic Clever Coastal Compact Cosy Crisp Curved "
    "Daily Dapper Deep Eager Early Elegant Ember Famous Fine Floral Folding Fresh Gentle Glossy Golden Grand Handmade "
    "Happy Hidden Humble Indigo Ivory Jolly Keen Light Lively Lucky Lunar Matte Mellow Mighty Misty Modern Narrow Neat "
    "Nimble Noble Northern Painted Pale Patient Plain Polished Portable Proud Quick Quiet Rapid Rustic Scarlet Serene "
    "Silent Simple Sleek Slim Smooth Solar Steady Striped Sturdy Sunny Tall Tidy Urban Velvet Vintage Vivid Warm Wide "
    "Wild Winter Wireless Woven Young Zesty"
)
MATERIALS = (
    "Acacia Alpaca Aluminium Bamboo Birch Brass Bronze Canvas Cashmere Cedar Ceramic Clay Copper Cork Cotton Denim "
    "Felt Glass Granite Hemp Iron Jute Leather Linen Maple Marble Merino Nickel Oak Paper Pewter Pine Porcelain Rattan "
    "Rubber Satin Silk Slate Steel Stone Suede Teak Tin Titanium Walnut Wicker Wool Zinc"
)
NOUNS = (
    "Anklet Apron Backpack Basket Beanie Bench Blanket Blender Bookend Boots Bottle Bowl Bracelet Broom Brush Bucket "
    "Cabinet Camera Candle Cap Carafe Cardigan Carpet Chair Chandelier Charger Clock Coaster Coat Colander Comb Cooler "
    "Couch Cradle Crate Cup Curtain Cushion Decanter Desk Dish Doormat Drawer Dress Drill Drone Earrings Easel Fan "
    "Flask Fork Frame Funnel Gloves Goblet Grater Grill Guitar Hammer Hammock Hanger Hat Headphones Heater Helmet Hook "
    "Hoodie Jacket Jar Jug Kettle Keyboard Knife Ladder Ladle Lamp Lantern Laptop Loafers Locket Lunchbox Mattress "
    "Microphone Mirror Mittens Monitor Mouse Mug Napkin Necklace Notebook Oven Paddle Pan Pants Pen Pencil Pendant "
    "Pillow Pitcher Planter Plate Platter Pot Pouch Printer Purse Quilt Racket Radio Rake Ring Robe Router Rug Ruler "
    "Sandals Satchel Saucer Saw Scale Scarf Scissors Shawl Shelf Shirt Shoes Shovel Skillet Skirt Sneakers Socks Sofa "
    "Spatula Speaker Spoon Stool Suitcase Sunglasses Sweater Table Tablet Teapot Tent Thermos Toaster Towel Tray "
    "Tripod Trousers Trowel Tumbler Turntable Umbrella Vase Vest Wallet Watch Whisk Wok Wreath"
)
COLOURS = "black white red blue green grey brown yellow"
SIZES = "S M L XL"
TAGS = "new gift outdoor office kitchen travel kids eco limited handmade classic summer"

_PICK = """
    CREATE FUNCTION pg_temp.pick(words text, seed text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT split_part(words, ' ', 1 + (hashtext(seed) & 2147483647)
            % (length(words) - length(replace(words, ' ', '')) + 1))
    $$;
    CREATE FUNCTION pg_temp.number(seed text, below int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
        SELECT (hashtext(seed) & 2147483647) % below
    $$;
    CREATE FUNCTION pg_temp.made(kind int, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT ('5eed000' || kind || '-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid
    $$;
"""

_GROUND = """
    INSERT INTO known_vendor (id, name, slug, status, version, updated_at)
    SELECT pg_temp.made(1, i), 'Workshop ' || i, 'workshop-' || i, 'active', 1, now()
    FROM generate_series(0, {vendors} - 1) AS i ON CONFLICT DO NOTHING;

    INSERT INTO brand (id, slug, name, created_at, updated_at)
    SELECT pg_temp.made(2, i), lower(name) || '-' || i, name || ' ' || i, now(), now()
    FROM generate_series(0, {brands} - 1) AS i,
        LATERAL (SELECT initcap(substr(md5('brand' || i), 1, 3)) || pg_temp.pick('ora ex ium etta ario', 'b' || i))
            AS b (name)
    ON CONFLICT DO NOTHING;

    INSERT INTO category (id, slug, name, parent_id, lineage, position, created_at, updated_at)
    SELECT pg_temp.made(3, i), 'department-' || i, 'Department ' || i, NULL, ARRAY[pg_temp.made(3, i)], i, now(), now()
    FROM generate_series(0, {roots} - 1) AS i
    UNION ALL
    SELECT pg_temp.made(4, i), 'aisle-' || i, 'Aisle ' || i, pg_temp.made(3, i % {roots}),
        ARRAY[pg_temp.made(3, i % {roots}), pg_temp.made(4, i)], i, now(), now()
    FROM generate_series(0, {roots} * {branches} - 1) AS i
    UNION ALL
    SELECT pg_temp.made(5, i), 'shelf-' || i, 'Shelf ' || i, pg_temp.made(4, i % {aisles}),
        ARRAY[pg_temp.made(3, i % {aisles} % {roots}), pg_temp.made(4, i % {aisles}), pg_temp.made(5, i)],
        i, now(), now()
    FROM generate_series(0, {shelves} - 1) AS i
    ON CONFLICT DO NOTHING;
"""

_PRODUCTS = """
    INSERT INTO product (
        id, vendor_id, slug, name, description, category_id, brand_id, specifications, tags, featured, status,
        rejection_reason, approved_at, prices, image, rating_average, rating_count, rating_histogram, handle,
        import_digest, version, created_at, updated_at)
    SELECT
        pg_temp.made(6, i), pg_temp.made(1, pg_temp.number('vendor' || i, {vendors})),
        lower(adjective || '-' || material || '-' || noun || '-' || i), concat_ws(' ', adjective, material, noun),
        concat_ws(' ', 'A', lower(pg_temp.pick('{adjectives}', 'd1' || i)), lower(noun), 'of', lower(material),
            'for every home, made with care. Goes well with a',
            lower(pg_temp.pick('{adjectives}', 'd2' || i)), lower(pg_temp.pick('{nouns}', 'd3' || i)),
            'and comes in a', lower(pg_temp.pick('{materials}', 'd4' || i)), 'box, series',
            'k' || lpad((i / {series})::text, 5, '0')),
        pg_temp.made(5, pg_temp.number('place' || i, {shelves})),
        CASE WHEN i %% 10 > 0 THEN pg_temp.made(2, least(
            pg_temp.number('brand' || i, {brands}), pg_temp.number('again' || i, {brands}))) END,
        jsonb_build_object('material', lower(material), 'colour', pg_temp.pick('{colours}', 'colour' || i),
            'warranty', 1 + pg_temp.number('years' || i, 5)),
        ARRAY[pg_temp.pick('{tags}', 'tag' || i)], i %% 50 = 0, 'active', '', now(), '{{}}', '',
        CASE WHEN i %% 4 > 0 THEN 2 + pg_temp.number('stars' || i, 301) / 100.0 ELSE 0 END,
        CASE WHEN i %% 4 > 0 THEN 1 ELSE 0 END, '{{0,0,0,0,0}}', '', '', 1,
        timestamptz '2026-01-01' + i * interval '1 second', now()
    FROM generate_series(%(first)s::int, %(last)s::int) AS i,
        LATERAL (SELECT pg_temp.pick('{adjectives}', 'a' || i), pg_temp.pick('{materials}', 'm' || i),
            pg_temp.pick('{nouns}', 'n' || i)) AS name (adjective, material, noun)
    ON CONFLICT DO NOTHING
"""

_VARIANTS = """
    INSERT INTO variant (
        id, product_id, vendor_id, sku, options, barcode, weight_grams, position, created_at, updated_at)
    SELECT pg_temp.made(7, i), pg_temp.made(6, i), pg_temp.made(1, pg_temp.number('vendor' || i, {vendors})),
        'SEED-' || i, jsonb_build_object('size', pg_temp.pick('{sizes}', 'size' || i)), '', 500, 0, now(), now()
    FROM generate_series(%(first)s::int, %(last)s::int) AS i ON CONFLICT DO NOTHING
"""

_PRICES = """
    INSERT INTO price (variant_id, currency, minor, compare_at_minor)
    SELECT pg_temp.made(7, i), currency, minor, CASE WHEN i %% 5 = 0 THEN minor * 5 / 4 + 1 END
    FROM generate_series(%(first)s::int, %(last)s::int) AS i, unnest(ARRAY['USD', 'EUR']) AS currency,
        LATERAL (SELECT 199 + pg_temp.number('price' || i, 2000) * (1 + pg_temp.number('dear' || i, 50))) AS p (minor)
    WHERE currency = 'USD' OR i %% 3 = 0
    ON CONFLICT DO NOTHING
"""

_STOCK = """
    INSERT INTO stock_item (variant_id, product_id, on_hand, reserved, low_at, version, updated_at)
    SELECT pg_temp.made(7, i), pg_temp.made(6, i), CASE WHEN i %% 12 = 0 THEN 0 ELSE 1 + i %% 90 END, 0, 5, 0, now()
    FROM generate_series(%(first)s::int, %(last)s::int) AS i ON CONFLICT DO NOTHING
"""

_MOVEMENTS = """
    INSERT INTO movement (id, variant_id, kind, quantity, on_hand_after, reason, created_at)
    SELECT gen_random_uuid(), stock_item.variant_id, kind, quantity, after, '', now()
    FROM stock_item, LATERAL (SELECT 1 + 400 / (1 + pg_temp.number('sold' || variant_id, 400))) AS s (sold),
        LATERAL (VALUES ('initial', on_hand + sold, on_hand + sold), ('sale', -sold, on_hand))
            AS moved (kind, quantity, after)
    WHERE stock_item.variant_id BETWEEN pg_temp.made(7, %(first)s) AND pg_temp.made(7, %(last)s)
        AND NOT EXISTS (SELECT FROM movement known WHERE known.variant_id = stock_item.variant_id)
"""


def fill_catalogue(products: int, *, progress: Callable[[int], object] = lambda done: None) -> None:
    """Have so many made-up products, in batches of one transaction each; then count sales, and let PostgreSQL look."""
    with connection.cursor() as cursor:
        cursor.execute(_PICK)
        cursor.execute(_filled(_GROUND))
        for first in range(0, products, BATCH):
            _batch(first, min(first + BATCH, products) - 1)
            progress(min(first + BATCH, products))
        cards.count_sales()
        cursor.execute("ANALYZE")
    cards.note_common_words()


def _batch(first: int, last: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (_PRODUCTS, _VARIANTS, _PRICES, _STOCK, _MOVEMENTS):
            cursor.execute(_filled(statement), {"first": first, "last": last})
        cursor.execute("SELECT pg_temp.made(6, i) FROM generate_series(%s::int, %s::int) AS i", [first, last])
        cards.refresh([row[0] for row in cursor.fetchall()], with_stock=True)


def _filled(statement: str) -> str:
    return statement.format(
        vendors=VENDORS,
        brands=BRANDS,
        series=SERIES,
        roots=ROOTS,
        branches=BRANCHES,
        aisles=ROOTS * BRANCHES,
        shelves=ROOTS * BRANCHES * LEAVES,
        adjectives=ADJECTIVES,
        materials=MATERIALS,
        nouns=NOUNS,
        colours=COLOURS,
        sizes=SIZES,
        tags=TAGS,
    )
