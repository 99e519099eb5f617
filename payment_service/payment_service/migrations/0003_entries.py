from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payment_service", "0002_ledger_rules")]

    operations = [
        migrations.AlterModelOptions(name="entry", options={"verbose_name_plural": "entries"}),
    ]
