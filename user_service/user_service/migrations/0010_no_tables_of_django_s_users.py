"""Databases of earlier versions have tables for groups and permissions, which nothing ever wrote a row to but Django."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("user_service", "0009_unproved_accounts")]

    operations = [
        migrations.RunSQL(
            "DROP TABLE IF EXISTS auth_group_permissions, auth_group, auth_permission",
            migrations.RunSQL.noop,
        ),
    ]
