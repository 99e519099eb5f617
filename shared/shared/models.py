"""The four tables every service keeps for its own transport. They know nothing of any service."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from shared.context import new_id


class OutboxMessage(models.Model):
    """A message waiting for the relay, or kept for a while after it. Written only by `outbox.publish`."""

    position = models.BigAutoField(primary_key=True)
    message_id = models.UUIDField(unique=True, default=new_id)
    type = models.CharField(max_length=120)
    subject = models.CharField(max_length=120)
    correlation_id = models.CharField(max_length=80, db_index=True)
    envelope = models.JSONField()
    sensitive = models.BooleanField(default=False)
    mandatory = models.BooleanField(default=True)
    recorded_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_message"
        indexes = (
            models.Index(fields=["position"], name="outbox_pending", condition=models.Q(published_at__isnull=True)),
            models.Index(
                fields=["published_at"], name="outbox_published", condition=models.Q(published_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"


class InboxMessage(models.Model):
    """A message this service has handled (`handled_at`), or has tried to (`attempts`, `last_error`)."""

    consumer = models.CharField(max_length=40)
    message_id = models.UUIDField()
    type = models.CharField(max_length=120)
    subject = models.CharField(max_length=120)
    source = models.CharField(max_length=40)
    correlation_id = models.CharField(max_length=80, db_index=True)
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        db_table = "inbox_message"
        constraints = (models.UniqueConstraint(fields=["consumer", "message_id"], name="inbox_once"),)

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"


class IdempotencyKey(models.Model):
    """The answer given to an unsafe request, committed together with its effect, replayed for 24 hours."""

    key_hash = models.BinaryField(max_length=32, primary_key=True)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        db_table = "idempotency_key"

    def __str__(self) -> str:
        return bytes(self.key_hash).hex()[:12]


class WorkerReport(models.Model):
    """What a worker saw at the broker a moment ago, so that web processes can report it without touching RabbitMQ."""

    instance = models.CharField(max_length=120, primary_key=True)
    seen_at = models.DateTimeField()
    queue_depth = models.PositiveIntegerField(default=0)
    dead_depth = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "worker_report"

    def __str__(self) -> str:
        return self.instance
