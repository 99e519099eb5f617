"""Reads of sessions."""

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from shared.errors import NotFound
from user_service.models import Session


def live_sessions(user_id: UUID) -> QuerySet[Session]:
    """Those that can still be refreshed."""
    since = timezone.now() - settings.REFRESH_TOKEN_LIFETIME
    return Session.objects.filter(user_id=user_id, ended_at__isnull=True, last_seen_at__gt=since)


def assert_live(session_id: UUID) -> None:
    """Raises NotFound for a session that ended or never was."""
    if not Session.objects.filter(id=session_id, ended_at__isnull=True, user__active=True).exists():
        raise NotFound()
