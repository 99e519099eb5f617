import django.db.models.deletion
import shared.context
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('user_service', '0007_address_without_postal_code'),
    ]

    operations = [
        migrations.CreateModel(
            name='Wallet',
            fields=[
                ('id', models.UUIDField(default=shared.context.new_id, editable=False, primary_key=True, serialize=False)),
                ('network', models.CharField(choices=[('evm', 'Evm')], default='evm', max_length=8)),
                ('address', models.CharField(max_length=42)),
                ('label', models.CharField(blank=True, max_length=60)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='wallets', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'db_table': 'wallet',
                'indexes': [models.Index(fields=['user', '-id'], name='wallet_of_user')],
                'constraints': [models.UniqueConstraint(fields=('user', 'network', 'address'), name='wallet_once'), models.CheckConstraint(condition=models.Q(('address__regex', '^0x[0-9a-fA-F]{40}$')), name='wallet_address_evm')],
            },
        ),
    ]
