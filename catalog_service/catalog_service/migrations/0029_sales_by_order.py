"""What was sold to an order, whatever it was. Outside a transaction, so that nobody who sells has to wait."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("catalog_service", "0028_places_told"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="movement",
            index=models.Index(condition=models.Q(("kind", "sale")), fields=["reference"], name="movement_of_sale"),
        ),
    ]
