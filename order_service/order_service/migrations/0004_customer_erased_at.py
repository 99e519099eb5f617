from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('order_service', '0003_one_order_a_cart_version'),
    ]

    operations = [
        migrations.AddField(
            model_name='customer',
            name='erased_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(condition=models.Q(('erased_at__isnull', False)), fields=['erased_at'], name='customer_erased'),
        ),
    ]
