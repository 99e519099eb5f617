"""The audit log, which the database lets nobody change."""

from django.db import migrations, models

RULES = """
CREATE FUNCTION audit_entry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;  -- how a test runner empties its own database
    END IF;
    RAISE EXCEPTION 'the audit log is immutable: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_entry_immutable BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse_change();
CREATE TRIGGER audit_entry_kept BEFORE TRUNCATE ON audit_entry EXECUTE FUNCTION audit_entry_refuse_change();
"""

NO_RULES = "DROP FUNCTION audit_entry_refuse_change CASCADE;"


class Migration(migrations.Migration):

    dependencies = [
        ('user_service', '0004_logins'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('entry_id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('position', models.BigIntegerField(unique=True)),
                ('at', models.DateTimeField()),
                ('actor_id', models.UUIDField(null=True)),
                ('actor_roles', models.JSONField(default=list)),
                ('action', models.CharField(max_length=100)),
                ('subject_kind', models.CharField(max_length=40)),
                ('subject_id', models.CharField(max_length=100)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('request_id', models.CharField(max_length=64)),
                ('detail', models.JSONField(default=dict)),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'db_table': 'audit_entry',
                'indexes': [
                    models.Index(fields=['actor_id', '-position'], name='audit_entry_by_actor'),
                    models.Index(fields=['subject_kind', 'subject_id', '-position'], name='audit_entry_by_subject'),
                    models.Index(fields=['action', '-position'], name='audit_entry_by_action', opclasses=['varchar_pattern_ops', 'int8_ops']),
                    models.Index(fields=['at'], name='audit_entry_by_time'),
                ],
                'constraints': [models.CheckConstraint(condition=models.Q(('position__gt', 0)), name='audit_entry_counts_from_one')],
            },
        ),
        migrations.RunSQL(RULES, NO_RULES),
    ]
