from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notification_service", "0002_channel")]

    operations = [
        migrations.AlterModelOptions(name="delivery", options={"verbose_name_plural": "deliveries"}),
    ]
