"""What lists are narrowed to that few orders have: a day, a currency, a vendor, a vendor's status. Outside a transaction,
so that nobody who writes has to wait.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("order_service", "0017_commission_rules"),
    ]

    operations = [
        AddIndexConcurrently(model_name="order", index=models.Index(fields=["placed_at"], name="order_placed")),
        AddIndexConcurrently(
            model_name="order", index=models.Index(fields=["currency", "-id"], name="order_by_currency")
        ),
        AddIndexConcurrently(
            model_name="vendororder",
            index=models.Index(fields=["vendor_id", "status", "-id"], name="vendor_order_by_status"),
        ),
        AddIndexConcurrently(
            model_name="vendororder",
            index=models.Index(fields=["vendor_id", "-order"], name="vendor_order_by_order"),
        ),
    ]
