import uuid

from django.db import migrations, models

from catalog_service.models.editions import PRODUCT, SHELF, TREE, watch

NOTE_CHANGE = """
    CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        about text := TG_ARGV[0];
        changed record := coalesce(NEW, OLD);
        product uuid;
        mark text;
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW *= OLD THEN
            RETURN NULL;
        END IF;
        IF about = 'product' THEN
            IF TG_TABLE_NAME = 'product' THEN
                product := changed.id;
            ELSIF TG_TABLE_NAME = 'price' THEN
                SELECT product_id INTO product FROM variant WHERE id = changed.variant_id;
            ELSE
                product := changed.product_id;
            END IF;
            about := 'product:' || get_byte(uuid_send(product), 15);
        END IF;
        -- Once for each statement and topic, however many rows it changes.
        mark := 'edition.' || replace(about, ':', '_');
        IF about IS NULL OR current_setting(mark, true) = statement_timestamp()::text THEN
            RETURN NULL;
        END IF;
        UPDATE edition SET stamp = gen_random_uuid() WHERE slot = (
            SELECT slot FROM edition WHERE topic = about LIMIT 1 FOR UPDATE SKIP LOCKED);
        IF NOT FOUND THEN
            INSERT INTO edition (slot, topic, stamp) VALUES (gen_random_uuid(), about, gen_random_uuid());
        END IF;
        PERFORM set_config(mark, statement_timestamp()::text, true);
        RETURN NULL;
    END $$
"""
SHELF_TABLES = ("card", "product_price", "synonym", "search_word", "common_word")
TREE_TABLES = ("category", "brand", "known_vendor", "attribute", "translation", "exchange_rate")
PRODUCT_TABLES = ("product", "variant", "price", "stock_item", "image")


class Migration(migrations.Migration):

    dependencies = [
        ('catalog_service', '0019_dates'),
    ]

    operations = [
        migrations.CreateModel(
            name='Edition',
            fields=[
                ('slot', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('topic', models.CharField(db_index=True, max_length=20)),
                ('stamp', models.UUIDField()),
            ],
            options={
                'db_table': 'edition',
            },
        ),
        migrations.RunSQL("ALTER TABLE edition SET (fillfactor = 50)", migrations.RunSQL.noop),
        migrations.RunSQL(NOTE_CHANGE, "DROP FUNCTION note_change"),
        *[watch(table, SHELF) for table in SHELF_TABLES],
        *[watch(table, TREE) for table in TREE_TABLES],
        *[watch(table, PRODUCT) for table in PRODUCT_TABLES],
    ]
