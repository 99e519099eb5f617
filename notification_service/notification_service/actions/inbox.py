"""What readers do with their inbox and their preferences."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from notification_service.models import Notification, Preference
from shared.errors import NotFound


@transaction.atomic
def read_notification(*, notification_id: UUID, user_id: UUID) -> Notification:
    """Raises NotFound, also for somebody else's."""
    rows = Notification.objects.select_for_update()
    notification = rows.filter(id=notification_id, user_id=user_id).first()
    if notification is None:
        raise NotFound()
    notification.mark_read(at=timezone.now())
    notification.save(update_fields=["read_at"])
    return notification


def read_all(*, user_id: UUID) -> int:
    """Answers how many were unread."""
    return Notification.objects.filter(user_id=user_id, read_at__isnull=True).update(read_at=timezone.now())


@transaction.atomic
def set_preferences(*, user_id: UUID, email: Mapping[str, bool]) -> None:
    """Group → whether mail is wanted; groups that are not named stay as they are."""
    for group, wanted in sorted(email.items()):
        Preference.objects.update_or_create(user_id=user_id, group=group, defaults={"email": wanted})
