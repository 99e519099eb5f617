"""What the platform paid wholly goes back to it, with nothing for the buyer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payment_service", "0013_records_of_providers"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="refund", name="refund_is_not_nothing"),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(condition=models.Q(("minor__gte", 0)), name="refund_is_not_negative"),
        ),
    ]
