from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notification_service', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='channel',
            field=models.CharField(choices=[('email', 'Email'), ('sms', 'Sms')], db_default='email', default='email', max_length=8),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='address',
            field=models.CharField(max_length=254),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='subject',
            field=models.CharField(blank=True, max_length=250),
        ),
    ]
