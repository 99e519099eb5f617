from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('user_service', '0006_identities'),
    ]

    operations = [
        migrations.AlterField(
            model_name='address',
            name='postal_code',
            field=models.CharField(blank=True, max_length=20),
        ),
    ]
