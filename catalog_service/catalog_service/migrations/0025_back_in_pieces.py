"""An order's goods come back piece by piece: of one variant, more than one movement may be a cancellation, or a return.

Outside a transaction, so that nobody who writes movements waits for the indexes.
"""

from django.db import migrations, models
from django.db.models import Q

ONCE = models.UniqueConstraint(
    fields=["variant", "kind", "reference", "location"],
    name="movement_once_but_back",
    condition=Q(kind__in=["initial", "adjustment", "sale", "transfer"], reference__isnull=False),
    nulls_distinct=False,
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("catalog_service", "0024_vendor_holds"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS movement_once_but_back", migrations.RunSQL.noop
                ),
                migrations.RunSQL(
                    "CREATE UNIQUE INDEX CONCURRENTLY movement_once_but_back"
                    " ON movement (variant_id, kind, reference, location_id) NULLS NOT DISTINCT"
                    " WHERE kind IN ('initial', 'adjustment', 'sale', 'transfer') AND reference IS NOT NULL",
                    "DROP INDEX CONCURRENTLY IF EXISTS movement_once_but_back",
                ),
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS movement_once_a_place",
                    "CREATE UNIQUE INDEX CONCURRENTLY movement_once_a_place"
                    " ON movement (variant_id, kind, reference, location_id) NULLS NOT DISTINCT"
                    " WHERE reference IS NOT NULL",
                ),
            ],
            state_operations=[
                migrations.RemoveConstraint("movement", "movement_once_a_place"),
                migrations.AddConstraint("movement", ONCE),
            ],
        ),
    ]
