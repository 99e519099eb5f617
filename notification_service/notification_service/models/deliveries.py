"""A mail or a text message on its way, and what became of it."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from notification_service.errors import NotFailed
from shared.context import new_id


class Delivery(models.Model):
    """One message to one address: an e-mail address, or a phone (E.164), whose text messages have no subject. Its id is
    the mail's Message-ID, so that sending twice can be noticed as such.

    `due_at` is when it is sent (again); absent when it has ended. A sensitive body is erased as soon as it is sent.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    class Channel(models.TextChoices):
        EMAIL = "email"
        SMS = "sms"

    id = models.UUIDField(primary_key=True, default=new_id)
    channel = models.CharField(
        max_length=8, choices=Channel.choices, default=Channel.EMAIL, db_default=Channel.EMAIL.value
    )
    kind = models.CharField(max_length=40)
    fact = models.UUIDField()
    user_id = models.UUIDField(null=True)
    address = models.CharField(max_length=254)
    subject = models.CharField(max_length=250, blank=True)
    body = models.TextField()
    sensitive = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "delivery"
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["status", "-id"], name="delivery_by_status"),
            models.Index(fields=["address", "-id"], name="delivery_by_address"),
            models.Index(fields=["fact"], name="delivery_confirmation", condition=Q(kind="order_confirmed")),
        )
        constraints = (models.UniqueConstraint(fields=["address", "kind", "fact"], name="told_once_by_mail"),)

    def __str__(self) -> str:
        return f"{self.kind} to {self.id}"

    def succeed(self, *, at: datetime) -> None:
        self.status, self.sent_at, self.due_at, self.error = self.Status.SENT, at, None, ""
        self._forget_secret()

    def postpone(self, *, to: datetime, error: str) -> None:
        self.due_at, self.error = to, error[:300]

    def fail(self, *, error: str) -> None:
        self.status, self.due_at, self.error = self.Status.FAILED, None, error[:300]
        self._forget_secret()

    def send_again(self, *, at: datetime) -> None:
        """Raises NotFailed; also for a secret that has been erased."""
        if self.status != self.Status.FAILED or self.sensitive:
            raise NotFailed()
        self.status, self.due_at, self.attempts = self.Status.QUEUED, at, 0

    def _forget_secret(self) -> None:
        if self.sensitive:
            self.body = ""

    @property
    def wait(self) -> timedelta:
        """Exponential, from two seconds to an hour."""
        return min(timedelta(seconds=2 ** min(self.attempts, 12)), timedelta(hours=1))
