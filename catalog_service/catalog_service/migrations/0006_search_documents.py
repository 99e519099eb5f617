"""What cards are made of, as views and functions of the database, so that one statement makes any number of cards.

`product_text` is the door for translations: whoever keeps texts in other languages adds them to this view.
"""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations

CONFIGURATION = """
    CREATE FUNCTION search_configuration(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE split_part(lower(language), '-', 1)
            WHEN 'ar' THEN 'pg_catalog.arabic'::regconfig
            WHEN 'hy' THEN 'pg_catalog.armenian'::regconfig
            WHEN 'eu' THEN 'pg_catalog.basque'::regconfig
            WHEN 'ca' THEN 'pg_catalog.catalan'::regconfig
            WHEN 'da' THEN 'pg_catalog.danish'::regconfig
            WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig
            WHEN 'en' THEN 'pg_catalog.english'::regconfig
            WHEN 'fi' THEN 'pg_catalog.finnish'::regconfig
            WHEN 'fr' THEN 'pg_catalog.french'::regconfig
            WHEN 'de' THEN 'pg_catalog.german'::regconfig
            WHEN 'el' THEN 'pg_catalog.greek'::regconfig
            WHEN 'hi' THEN 'pg_catalog.hindi'::regconfig
            WHEN 'hu' THEN 'pg_catalog.hungarian'::regconfig
            WHEN 'id' THEN 'pg_catalog.indonesian'::regconfig
            WHEN 'ga' THEN 'pg_catalog.irish'::regconfig
            WHEN 'it' THEN 'pg_catalog.italian'::regconfig
            WHEN 'lt' THEN 'pg_catalog.lithuanian'::regconfig
            WHEN 'ne' THEN 'pg_catalog.nepali'::regconfig
            WHEN 'no' THEN 'pg_catalog.norwegian'::regconfig
            WHEN 'nb' THEN 'pg_catalog.norwegian'::regconfig
            WHEN 'nn' THEN 'pg_catalog.norwegian'::regconfig
            WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
            WHEN 'ro' THEN 'pg_catalog.romanian'::regconfig
            WHEN 'ru' THEN 'pg_catalog.russian'::regconfig
            WHEN 'sr' THEN 'pg_catalog.serbian'::regconfig
            WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
            WHEN 'sv' THEN 'pg_catalog.swedish'::regconfig
            WHEN 'ta' THEN 'pg_catalog.tamil'::regconfig
            WHEN 'tr' THEN 'pg_catalog.turkish'::regconfig
            WHEN 'yi' THEN 'pg_catalog.yiddish'::regconfig
            ELSE 'pg_catalog.simple'::regconfig
        END
    $$
"""

PLAIN = r"""
    -- Letters without accents, small; spaces for ASCII's punctuation. What is written and what is looked for go through it.
    CREATE FUNCTION search_plain(text text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT lower(translate(
            unaccent(normalize(text, NFKC)), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)))
    $$
"""

DOCUMENT = """
    -- Of names: in the language's configuration, and word by word, as stems and stop words are not all there is to a name.
    CREATE FUNCTION search_document(language text, text text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT to_tsvector(search_configuration(language), search_plain(text))
            || to_tsvector('pg_catalog.simple', search_plain(text))
    $$
"""

STEMS = """
    -- How synonyms are found, so that `sofas` finds what is said of a `sofa`.
    CREATE FUNCTION search_stems(plain text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT string_agg(coalesce((ts_lexize('pg_catalog.english_stem', word))[1], word), ' ' ORDER BY position)
        FROM regexp_split_to_table(btrim(plain), '\\s+') WITH ORDINALITY AS written (word, position)
    $$
"""

SUM = "CREATE AGGREGATE tsvector_sum(tsvector) (SFUNC = tsvector_concat, STYPE = tsvector, INITCOND = '')"

TEXT = """
    CREATE VIEW product_text AS
    SELECT id AS product_id, 'en' AS language, name::text AS name, left(description, 20000) AS description FROM product
"""

ATTRIBUTE = r"""
    CREATE VIEW product_attribute AS
    SELECT product_id, lower(name) AS name, value FROM (
        SELECT product.id AS product_id, field.key AS name, item.value #>> '{}' AS value
        FROM product
        CROSS JOIN LATERAL jsonb_each(product.specifications) AS field
        CROSS JOIN LATERAL jsonb_array_elements(
            CASE jsonb_typeof(field.value) WHEN 'array' THEN field.value ELSE jsonb_build_array(field.value) END
        ) AS item (value)
        WHERE jsonb_typeof(item.value) IN ('string', 'number', 'boolean')
        UNION ALL
        SELECT variant.product_id, option.key, option.value
        FROM variant CROSS JOIN LATERAL jsonb_each_text(variant.options) AS option
        WHERE variant.deleted_at IS NULL
    ) AS written
    WHERE length(name) BETWEEN 1 AND 40 AND length(value) BETWEEN 1 AND 60 AND (name || value) !~ E'\x1f'
"""

WORD = """
    CREATE VIEW product_word AS
    SELECT card.product_id, word
    FROM card
    CROSS JOIN LATERAL (
        SELECT concat_ws(' ',
            string_agg(concat_ws(' ', name, description), ' '),
            card.body #>> '{brand,name}', card.body #>> '{category,name}', card.body ->> 'tags') AS written
        FROM product_text WHERE product_text.product_id = card.product_id
    ) AS text
    CROSS JOIN LATERAL unnest(
        tsvector_to_array(to_tsvector('pg_catalog.simple', search_plain(text.written)))
    ) AS word
    WHERE length(word) BETWEEN 3 AND 60 AND word !~ '[0-9]'
"""


class Migration(migrations.Migration):
    dependencies = [("catalog_service", "0005_cards")]

    operations = [
        UnaccentExtension(),
        migrations.RunSQL(CONFIGURATION, "DROP FUNCTION search_configuration"),
        migrations.RunSQL(PLAIN, "DROP FUNCTION search_plain"),
        migrations.RunSQL(DOCUMENT, "DROP FUNCTION search_document"),
        migrations.RunSQL(STEMS, "DROP FUNCTION search_stems"),
        migrations.RunSQL(SUM, "DROP AGGREGATE tsvector_sum(tsvector)"),
        migrations.RunSQL(TEXT, "DROP VIEW product_text"),
        migrations.RunSQL(ATTRIBUTE, "DROP VIEW product_attribute"),
        migrations.RunSQL(WORD, "DROP VIEW product_word"),
    ]
