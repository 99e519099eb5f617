"""The ledger of stock is immutable in the database itself: what went wrong is put right by one more movement."""

from django.db import migrations

RULES = r"""
    CREATE FUNCTION movement_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\_%' THEN
            RETURN NULL;  -- how a test runner empties its own database
        END IF;
        RAISE EXCEPTION 'movements of stock are immutable: % refused', TG_OP USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TRIGGER movement_immutable BEFORE UPDATE OR DELETE ON movement
        FOR EACH ROW EXECUTE FUNCTION movement_refuse_change();
    CREATE TRIGGER movement_kept BEFORE TRUNCATE ON movement EXECUTE FUNCTION movement_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog_service", "0021_price_rows")]

    operations = [migrations.RunSQL(RULES, "DROP FUNCTION movement_refuse_change CASCADE")]
