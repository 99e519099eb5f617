"""Which orders changed, and on which days orders were confirmed and refunds done. Outside a transaction, so that nobody
who writes has to wait.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("order_service", "0011_reports"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("confirmed_at__isnull", False)), fields=["confirmed_at"], name="order_sold"
            ),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["updated_at"], name="order_changed"),
        ),
        AddIndexConcurrently(
            model_name="refund",
            index=models.Index(condition=models.Q(("done_at__isnull", False)), fields=["done_at"], name="refund_done"),
        ),
    ]
