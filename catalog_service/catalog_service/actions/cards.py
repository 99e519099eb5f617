"""Keep the shelf: make cards anew when what stands on them changes, in the same transaction.

Cards are locked last of all, by product. Whoever changes what a card says of the stock holds stock rows of its product,
and whoever writes a card and then wants stock rows would meet them from the other side: so stock first, then cards.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalog_service.actions.price_history import record_prices
from catalog_service.models import CommonWord, Product, StockItem, Variant

MEND_BATCH = 200

_DROP_PRICES = "DELETE FROM product_price WHERE product_id = ANY(%s)"

_PRICES = """
    INSERT INTO product_price (product_id, currency, own, minor, compare_at_minor, lowest_minor, mixed)
    SELECT *, count(own) OVER (PARTITION BY product_id) > 1
    FROM (
        SELECT DISTINCT ON (source.product_id, source.currency, source.own)
            source.product_id, source.currency, source.own, price.minor, price.compare_at_minor, price.lowest_minor
        FROM price_source(%s) AS source
        JOIN price_at(%s) AS price ON price.variant_id = source.variant_id AND price.currency = source.currency
        WHERE source.product_id = ANY(%s)
        ORDER BY source.product_id, source.currency, source.own, price.minor, price.compare_at_minor NULLS LAST
    ) AS cheapest
"""

_ENTRY = """
    jsonb_build_object('minor', minor, 'compare_at', compare_at_minor)
    || CASE WHEN compare_at_minor IS NULL OR lowest_minor IS NULL THEN '{}'
        ELSE jsonb_build_object('lowest', lowest_minor) END
    || coalesce((
        SELECT jsonb_build_object('then', jsonb_agg(step ORDER BY step.from))
        FROM (
            SELECT extract(epoch FROM at) AS "from", minor, compare_at_minor AS compare_at
            FROM product_price_steps(product.id, %s, %s)
            WHERE currency = now.currency AND own IS NOT DISTINCT FROM now.own ORDER BY at LIMIT 20
        ) AS step HAVING count(*) > 0), '{}')
"""

_ON_PRODUCT = f"""
    UPDATE product SET
        prices = coalesce((
            SELECT jsonb_object_agg(currency, {_ENTRY})
            FROM product_price now WHERE product_id = product.id AND own IS NULL), '{{}}') || coalesce((
            SELECT jsonb_build_object('mixed', jsonb_agg(jsonb_build_object('own', own) || {_ENTRY} ORDER BY own))
            FROM product_price now WHERE product_id = product.id AND own IS NOT NULL AND mixed
            HAVING count(*) > 0), '{{}}'),
        image = coalesce((
            SELECT coalesce(nullif(thumbnail, ''), file) FROM image
            WHERE product_id = product.id AND "primary"), '')
    WHERE id = ANY(%s)
"""  # noqa: S608

_LOCK = "SELECT 1 FROM card WHERE product_id = ANY(%s) ORDER BY product_id FOR NO KEY UPDATE"

_TAKE_AWAY = """
    DELETE FROM card USING product JOIN known_vendor vendor ON vendor.id = product.vendor_id
    WHERE card.product_id = ANY(%s) AND product.id = card.product_id
        AND NOT (product.status = 'active' AND product.deleted_at IS NULL AND vendor.status = 'active')
"""

_PUT = """
    INSERT INTO card (
        product_id, created_at, name_key, rating, sold, featured, in_stock, shuffle, tokens, prices, body,
        title, labels, words)
    SELECT
        product.id, product.created_at, lower(product.name), product.rating_average, 0, product.featured,
        EXISTS (
            SELECT FROM stock_item JOIN variant ON variant.id = stock_item.variant_id
            WHERE stock_item.product_id = product.id AND variant.deleted_at IS NULL
                AND stock_item.on_hand > stock_item.reserved),
        hashtext(product.id::text),
        ARRAY(
            SELECT 'category:' || slug FROM category WHERE id = ANY(place.lineage)
            UNION ALL SELECT 'brand:' || brand.slug WHERE brand.id IS NOT NULL
            UNION ALL SELECT 'vendor:' || vendor.slug
            UNION ALL SELECT DISTINCT 'tag:' || tag FROM unnest(product.tags) AS tag
            UNION ALL SELECT 'featured' WHERE product.featured
            UNION ALL SELECT 'sale:' || currency FROM product_price
                WHERE product_id = product.id AND compare_at_minor IS NOT NULL AND own IS NULL
            UNION ALL SELECT 'attribute:' || name || E'\\x1f' || value FROM (
                SELECT DISTINCT name, value FROM product_attribute WHERE product_id = product.id
                ORDER BY name, value LIMIT 60) AS attribute),
        product.prices,
        jsonb_build_object(
            'id', product.id,
            'slug', product.slug,
            'name', product.name,
            'status', product.status,
            'rating', product.rating_average::float,
            'rating_count', product.rating_count,
            'image', product.image,
            'vendor', jsonb_build_object('id', vendor.id, 'name', vendor.name, 'slug', vendor.slug),
            'category', jsonb_build_object('id', place.id, 'name', place.name, 'slug', place.slug),
            'brand', CASE WHEN brand.id IS NOT NULL THEN
                jsonb_build_object('id', brand.id, 'name', brand.name, 'slug', brand.slug) END,
            'featured', product.featured,
            'tags', product.tags),
        strip(text.title),
        setweight(text.title, 'A') || setweight(label.brand, 'B') || setweight(label.others, 'C'),
        strip(text.title || label.brand || label.others || text.description)
    FROM product
    JOIN known_vendor vendor ON vendor.id = product.vendor_id
    JOIN category place ON place.id = product.category_id
    LEFT JOIN brand ON brand.id = product.brand_id
    CROSS JOIN LATERAL (
        SELECT tsvector_sum(search_document(language, name)) AS title,
            tsvector_sum(to_tsvector(search_configuration(language), search_plain(description))) AS description
        FROM product_text WHERE product_id = product.id) AS text
    CROSS JOIN LATERAL (
        SELECT search_document('en', coalesce(brand.name, '')) AS brand,
            search_document('en', concat_ws(' ',
                (SELECT string_agg(name, ' ') FROM category WHERE id = ANY(place.lineage)),
                array_to_string(product.tags, ' '),
                (SELECT string_agg(value, ' ') FROM product_attribute WHERE product_id = product.id),
                (SELECT string_agg(sku, ' ') FROM variant WHERE product_id = product.id AND deleted_at IS NULL)
            )) AS others) AS label
    WHERE product.id = ANY(%s)
        AND product.status = 'active' AND product.deleted_at IS NULL AND vendor.status = 'active'
    ORDER BY product.id
    ON CONFLICT (product_id) DO UPDATE SET
        (name_key, rating, featured, in_stock, tokens, prices, body, title, labels, words) = (
            excluded.name_key, excluded.rating, excluded.featured,
            CASE WHEN %s THEN excluded.in_stock ELSE card.in_stock END,
            excluded.tokens, excluded.prices, excluded.body, excluded.title, excluded.labels, excluded.words)
"""

_NEW_WORDS = """
    INSERT INTO search_word (word)
    SELECT DISTINCT word FROM product_word
    WHERE product_id = ANY(%s) AND NOT EXISTS (SELECT FROM search_word known WHERE known.word = product_word.word)
"""

_FOLLOW_STOCK = """
    UPDATE card SET in_stock = NOT in_stock
    WHERE product_id = ANY(%s) AND in_stock <> EXISTS (
        SELECT FROM stock_item JOIN variant ON variant.id = stock_item.variant_id
        WHERE stock_item.product_id = card.product_id AND variant.deleted_at IS NULL
            AND stock_item.on_hand > stock_item.reserved)
"""


_COUNT_SALES = """
    WITH counted AS (
        SELECT variant.product_id, greatest(0, -sum(movement.quantity)) AS sold
        FROM movement JOIN variant ON variant.id = movement.variant_id
        WHERE movement.kind IN ('sale', 'cancellation', 'return') AND movement.created_at > %s
        GROUP BY variant.product_id),
    changed AS (
        SELECT card.product_id, coalesce(counted.sold, 0) AS sold
        FROM card LEFT JOIN counted ON counted.product_id = card.product_id
        WHERE card.sold <> coalesce(counted.sold, 0)
        ORDER BY card.product_id FOR NO KEY UPDATE OF card)
    UPDATE card SET sold = changed.sold FROM changed WHERE card.product_id = changed.product_id
"""

_MISSING = """
    SELECT product.id FROM product
    JOIN known_vendor vendor ON vendor.id = product.vendor_id
    JOIN category place ON place.id = product.category_id
    LEFT JOIN brand ON brand.id = product.brand_id
    LEFT JOIN card ON card.product_id = product.id
    WHERE product.status = 'active' AND product.deleted_at IS NULL AND vendor.status = 'active'
        AND (card.product_id IS NULL
            OR (card.body #>> '{vendor,slug}', card.body #>> '{category,slug}', card.body #>> '{brand,slug}')
                IS DISTINCT FROM (vendor.slug::text, place.slug::text, brand.slug::text)
            OR (card.body #>> '{vendor,name}', card.body #>> '{category,name}', card.body #>> '{brand,name}')
                IS DISTINCT FROM (vendor.name::text, place.name::text, brand.name::text))
    ORDER BY product.id LIMIT %s
"""


_COMMON = """
    INSERT INTO common_word (document, lexeme, share)
    SELECT attname, left(lexeme, 60), max(share)
    FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) AS common (lexeme, share)
    WHERE schemaname = current_schema() AND tablename = 'card' AND attname IN ('title', 'labels', 'words')
        AND lexeme IS NOT NULL
    GROUP BY 1, 2
    UNION ALL SELECT '', '', greatest(reltuples, 0) FROM pg_class WHERE oid = 'card'::regclass
"""


def refresh(product_ids: Collection[UUID], *, with_stock: bool, planned: bool = False) -> None:
    """Bring prices, image and card of these products up to date. The caller has locked them, and for `with_stock` all
    their stock rows; without, what a card says of the stock stays. `planned` as in record_prices.
    """
    ids = sorted(product_ids)
    now, default = timezone.now(), settings.DEFAULT_CURRENCY
    record_prices(ids, now, planned=planned)
    with connection.cursor() as cursor:
        cursor.execute(_DROP_PRICES, [ids])
        cursor.execute(_PRICES, [default, now, ids])
        cursor.execute(_ON_PRODUCT, [*(now, default) * 2, ids])
        for statement in (_LOCK, _TAKE_AWAY):
            cursor.execute(statement, [ids])
        cursor.execute(_PUT, [ids, with_stock])
        cursor.execute(_NEW_WORDS, [ids])


def follow_stock(variant_ids: Collection[UUID]) -> None:
    """These variants have just sold out, or come back; their stock rows are locked.

    Locked in one statement and written in the next, which sees what whoever held the card before has committed: two
    variants that sell out at once leave one truth.
    """
    ids = sorted(set(Variant.objects.filter(id__in=variant_ids).values_list("product_id", flat=True)))
    _run((_LOCK, _FOLLOW_STOCK), ids)


def mend() -> int:
    """Make the cards that are not as they should be; answers how many.

    They are missing on the first start after an upgrade. One may have an old name on it where a product came into a
    category or brand in the same moment as that was renamed, of which neither could know.
    """
    mended = 0
    while missing := _missing():
        _mend(missing)
        mended += len(missing)
    return mended


def count_sales() -> int:
    """What was sold in the last BESTSELLING_DAYS, less what came back; answers how many cards changed."""
    since = timezone.now() - timedelta(days=settings.BESTSELLING_DAYS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_COUNT_SALES, [since])
        return int(cursor.rowcount)


@transaction.atomic
def note_common_words() -> None:
    """Take over what PostgreSQL's statistics say of words; searches go by the last ones meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('common words'))")
        CommonWord.objects.all().delete()
        cursor.execute(_COMMON)


def _missing() -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [MEND_BATCH])
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def _mend(product_ids: list[UUID]) -> None:
    rows = Product.objects.filter(id__in=product_ids).order_by("id").select_for_update(no_key=True)
    ids = list(rows.values_list("id", flat=True))
    StockItem.objects.locked(StockItem.objects.filter(product__in=ids).values_list("variant_id", flat=True))
    refresh(ids, with_stock=True)


def _run(statements: Collection[str], ids: Any) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, [ids])
