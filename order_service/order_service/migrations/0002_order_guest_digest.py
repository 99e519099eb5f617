from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("order_service", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="order", name="guest_digest", field=models.BinaryField(max_length=32, null=True)
        ),
    ]
