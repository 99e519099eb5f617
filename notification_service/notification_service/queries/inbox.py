"""An inbox as its reader sees it."""

from uuid import UUID

from django.db.models import QuerySet

from notification_service.models import Notification, Preference
from notification_service.models.notifications import ASKED_FOR, Group

SWITCHABLE = (Group.ORDERS, Group.SELLING, Group.ADMINISTRATION, Group.WISHES, Group.REMINDERS)


def notifications_of(user_id: UUID, *, unread: bool | None = None) -> QuerySet[Notification]:
    rows = Notification.objects.filter(user_id=user_id)
    return rows if unread is None else rows.filter(read_at__isnull=unread)


def preferences_of(user_id: UUID) -> dict[str, bool]:
    """Group → whether mail is wanted, of those that can be switched."""
    said = dict(Preference.objects.filter(user_id=user_id).values_list("group", "email"))
    return {str(group): said.get(group, group not in ASKED_FOR) for group in SWITCHABLE}
