"""The inbox in the shop, and what its reader wants by mail."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from shared.context import new_id


class Group(models.TextChoices):
    """What can be switched off by mail, together. `account` cannot: codes and warnings are always sent."""

    ACCOUNT = "account"
    ORDERS = "orders"
    SELLING = "selling"
    ADMINISTRATION = "administration"
    WISHES = "wishes"
    REMINDERS = "reminders"


ASKED_FOR = frozenset({Group.REMINDERS})
"""Mailed only to who said so. What is sent unasked is an advertisement, and the law wants a yes to it."""


class Notification(models.Model):
    """`fact` is what it is about (an order, a shipment, a message): each tells one person one kind of thing once."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    fact = models.UUIDField()
    title = models.CharField(max_length=250)
    body = models.TextField()
    data = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "notification"
        indexes = (
            models.Index(fields=["user_id", "-id"], name="notification_inbox"),
            models.Index(fields=["user_id"], name="notification_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["fact"], name="notification_confirmation", condition=Q(kind="order_confirmed")),
        )
        constraints = (models.UniqueConstraint(fields=["user_id", "kind", "fact"], name="told_once_in_the_inbox"),)

    def __str__(self) -> str:
        return self.title

    def mark_read(self, *, at: datetime) -> None:
        """The first reading counts."""
        self.read_at = self.read_at or at


class Preference(models.Model):
    """Without a row a person gets mail, but for what is to be asked for."""

    user_id = models.UUIDField()
    group = models.CharField(max_length=20, choices=Group.choices)
    email = models.BooleanField(default=True)

    class Meta:
        db_table = "preference"
        constraints = (models.UniqueConstraint(fields=["user_id", "group"], name="one_preference_a_group"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.group}"
