"""Which checkouts wait for a service's answer. Outside a transaction, so that nobody who writes has to wait."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("order_service", "0015_order_operations"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("deadline__isnull", False), ("payment_status", "pending")),
                fields=["payment_method"],
                name="order_under_way",
            ),
        ),
    ]
