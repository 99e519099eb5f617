from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vendor_service', '0010_roles_of_members'),
    ]

    operations = [
        migrations.AddField(
            model_name='returncase',
            name='refund_ids',
            field=models.JSONField(db_default=[], default=list),
        ),
    ]
