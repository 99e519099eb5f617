"""Reads of sessions."""

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from user_service.models import Session


def live_sessions(user_id: UUID) -> QuerySet[Session]:
    """Those that can still be refreshed."""
    since = timezone.now() - settings.REFRESH_TOKEN_LIFETIME
    return Session.objects.filter(user_id=user_id, ended_at__isnull=True, last_seen_at__gt=since)


def is_live(session_id: UUID) -> bool:
    """False for one that ended, that never was, or whose account is disabled."""
    return Session.objects.filter(id=session_id, ended_at__isnull=True, user__active=True).exists()
