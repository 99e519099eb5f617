from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('user_service', '0002_two_factor'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='phone',
            field=models.CharField(max_length=16, null=True),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('phone__regex', '^\\+[1-9][0-9]{6,14}$')), name='account_phone_e164'),
        ),
    ]
