"""Reads of the login history and of security claims."""

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from user_service.models import LoginAttempt, SecurityClaim


def login_history(user_id: UUID) -> QuerySet[LoginAttempt]:
    """The newest ones, however far the trimming is behind."""
    newest = LoginAttempt.objects.filter(user_id=user_id).order_by("-id").values("id")[: settings.LOGIN_HISTORY]
    return LoginAttempt.objects.filter(id__in=newest)


def security_claims(user_id: UUID, *, resolved: bool) -> QuerySet[SecurityClaim]:
    return SecurityClaim.objects.filter(user_id=user_id, resolved_at__isnull=not resolved)
