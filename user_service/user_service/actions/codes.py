"""Codes to an e-mail address. The mail itself is notification's work."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from shared.contracts.user import EmailCodeIssued
from shared.outbox import publish
from user_service.models import User, codes, normalised


def issue_code(user: User, purpose: codes.MailPurpose) -> None:
    """Make a code and ask for its mail, in the caller's transaction. Raises Unavailable."""
    code = codes.make(user.email, purpose)
    publish(
        EmailCodeIssued(
            user_id=user.id,
            email=user.email,
            purpose=purpose,
            code=code,
            expires_at=timezone.now() + settings.CODE_LIFETIME,
            locale=user.locale,
        )
    )


@transaction.atomic
def request_code(*, email: str, purpose: codes.MailPurpose) -> None:
    """Send a code if an account may have one; the caller cannot tell. Raises TooManyCodes, Unavailable."""
    email = normalised(email)
    codes.count_request(email, purpose)
    user = User.objects.by_email(email)
    if user and user.active and (purpose == "password_reset" or not user.email_verified):
        issue_code(user, purpose)
