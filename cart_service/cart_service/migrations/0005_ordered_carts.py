import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cart_service', '0004_alerts_of_wishlists'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderedCart',
            fields=[
                ('order_id', models.UUIDField(primary_key=True, serialize=False)),
                ('taken_out_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'db_table': 'ordered_cart',
                'indexes': [models.Index(fields=['taken_out_at'], name='ordered_cart_by_time')],
            },
        ),
    ]
