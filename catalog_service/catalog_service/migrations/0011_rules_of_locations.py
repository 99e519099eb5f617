"""The rules on tables that are long already, none of which stops those who write meanwhile. Outside a transaction, so
that each lock ends with its statement.
"""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import F, Q

KINDS = ["initial", "adjustment", "sale", "cancellation", "return", "transfer"]
ONCE = models.UniqueConstraint(
    fields=["variant", "kind", "reference", "location"],
    name="movement_once_a_place",
    condition=Q(reference__isnull=False),
    nulls_distinct=False,
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("catalog_service", "0010_locations_and_sales"),
    ]

    operations = [
        AddConstraintNotValid(
            "stockitem",
            models.CheckConstraint(
                condition=Q(
                    elsewhere_reserved__gte=0,
                    elsewhere_reserved__lte=F("reserved"),
                    elsewhere_on_hand__lte=F("on_hand") - F("reserved") + F("elsewhere_reserved"),
                ),
                name="stock_elsewhere_within_all",
            ),
        ),
        ValidateConstraint("stockitem", "stock_elsewhere_within_all"),
        migrations.RemoveConstraint("movement", "movement_kind_known"),
        AddConstraintNotValid(
            "movement", models.CheckConstraint(condition=Q(kind__in=KINDS), name="movement_kind_known")
        ),
        ValidateConstraint("movement", "movement_kind_known"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS movement_once_a_place", migrations.RunSQL.noop),
                migrations.RunSQL(
                    "CREATE UNIQUE INDEX CONCURRENTLY movement_once_a_place"
                    " ON movement (variant_id, kind, reference, location_id) NULLS NOT DISTINCT"
                    " WHERE reference IS NOT NULL",
                    "DROP INDEX CONCURRENTLY IF EXISTS movement_once_a_place",
                ),
            ],
            state_operations=[migrations.AddConstraint("movement", ONCE)],
        ),
        migrations.RemoveConstraint("movement", "movement_once"),
        migrations.RunSQL(
            """
            INSERT INTO daily_sales (id, variant_id, day, sold)
            SELECT gen_random_uuid(), variant_id, (created_at AT TIME ZONE 'UTC')::date, -sum(quantity)
            FROM movement AS sale
            WHERE kind = 'sale' AND NOT EXISTS (
                SELECT FROM movement AS undone
                WHERE undone.variant_id = sale.variant_id AND undone.kind = 'cancellation'
                    AND undone.reference = sale.reference)
            GROUP BY 2, 3
            ON CONFLICT DO NOTHING
            """,
            migrations.RunSQL.noop,
        ),
    ]
