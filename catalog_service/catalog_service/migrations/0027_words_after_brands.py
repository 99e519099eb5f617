"""The words of a brand's name are written after it, not before it.

With a trigger before the change, an UPDATE that names a key's column, as each save does, locks the row against the
foreign keys of products, whether the key changes or not.
"""

from django.db import migrations

AFTER = """
    DROP TRIGGER brand_words ON brand;

    CREATE OR REPLACE FUNCTION brand_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE brand SET words = strip(search_document('en', NEW.name)) WHERE id = NEW.id;
        RETURN NULL;
    END $$;

    CREATE TRIGGER brand_words AFTER INSERT OR UPDATE OF name ON brand FOR EACH ROW EXECUTE FUNCTION brand_words();
"""
BEFORE = """
    DROP TRIGGER brand_words ON brand;

    CREATE OR REPLACE FUNCTION brand_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.words := strip(search_document('en', NEW.name));
        RETURN NEW;
    END $$;

    CREATE TRIGGER brand_words BEFORE INSERT OR UPDATE OF name ON brand FOR EACH ROW EXECUTE FUNCTION brand_words();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog_service", "0026_words_of_brands")]
    operations = [migrations.RunSQL(AFTER, reverse_sql=BEFORE)]
