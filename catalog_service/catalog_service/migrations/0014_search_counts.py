import shared.context
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog_service', '0013_common_words'),
    ]

    operations = [
        migrations.DeleteModel(name='SearchCount'),
        migrations.CreateModel(
            name='SearchCount',
            fields=[
                ('id', models.UUIDField(default=shared.context.new_id, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('text', models.CharField(max_length=60)),
                ('searches', models.PositiveIntegerField()),
                ('fruitless', models.PositiveIntegerField(default=0)),
            ],
            options={
                'db_table': 'search_count',
                'constraints': [
                    models.UniqueConstraint(fields=('day', 'text'), name='search_count_once'),
                    models.CheckConstraint(condition=models.Q(('fruitless__lte', models.F('searches'))), name='search_count_sensible'),
                ],
            },
        ),
    ]
