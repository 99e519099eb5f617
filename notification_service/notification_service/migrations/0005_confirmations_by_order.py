"""Confirmations by their order, for the auditor. Outside a transaction, so that nobody who writes has to wait."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("notification_service", "0004_groups_of_buyers"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("kind", "order_confirmed")), fields=["fact"], name="delivery_confirmation"
            ),
        ),
        AddIndexConcurrently(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("kind", "order_confirmed")), fields=["fact"], name="notification_confirmation"
            ),
        ),
    ]
