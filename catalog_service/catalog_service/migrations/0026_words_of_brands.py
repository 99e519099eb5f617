"""The words of a brand's name as they stand in its cards: so that a search knows whether any brand has what it looks
for, before it looks through the cards.
"""

from django.db import migrations

COLUMN = """
    ALTER TABLE brand ADD COLUMN words tsvector;

    CREATE FUNCTION brand_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.words := strip(search_document('en', NEW.name));
        RETURN NEW;
    END $$;

    CREATE TRIGGER brand_words BEFORE INSERT OR UPDATE OF name ON brand FOR EACH ROW EXECUTE FUNCTION brand_words();
    UPDATE brand SET words = strip(search_document('en', name));
    CREATE INDEX brand_words ON brand USING gin (words) WITH (fastupdate = off);
"""
BACK = "ALTER TABLE brand DROP COLUMN words; DROP FUNCTION brand_words CASCADE"


class Migration(migrations.Migration):
    dependencies = [("catalog_service", "0025_back_in_pieces")]

    operations = [migrations.RunSQL(COLUMN, BACK)]
