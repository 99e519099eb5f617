"""The account's phone: proved by a code in a text message, which is notification's work."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from shared.contracts.user import PhoneCodeIssued
from shared.outbox import publish
from user_service.actions.accounts import locked, tell_changed
from user_service.errors import WrongCode
from user_service.models import User, codes

PURPOSE: codes.Purpose = "verify_phone"


@transaction.atomic
def send_phone_code(*, user_id: UUID, phone: str) -> None:
    """`phone` in E.164. Text messages cost money and disturb: they are counted per account and per number. Raises
    TooManyCodes, Unavailable, NotFound.
    """
    user = locked(user_id)
    codes.count_request(str(user_id), PURPOSE)
    codes.count_request(phone, PURPOSE)
    code = codes.make(_proved(user_id, phone), PURPOSE)
    expires_at = timezone.now() + settings.CODE_LIFETIME
    publish(PhoneCodeIssued(user_id=user_id, phone=phone, code=code, expires_at=expires_at, locale=user.locale))


@transaction.atomic
def verify_phone(*, user_id: UUID, phone: str, code: str) -> User:
    """It becomes the account's phone, instead of any before. Raises WrongCode, Unavailable, NotFound."""
    user = locked(user_id)
    if not codes.is_right(_proved(user_id, phone), PURPOSE, code):
        raise WrongCode()
    codes.forget(_proved(user_id, phone), PURPOSE)
    return _change(user, phone)


@transaction.atomic
def remove_phone(*, user_id: UUID) -> User:
    """Without one nothing happens. Raises NotFound."""
    return _change(locked(user_id), None)


def _change(user: User, phone: str | None) -> User:
    if user.phone != phone:
        user.phone = phone
        tell_changed(user)
    return user


def _proved(user_id: UUID, phone: str) -> str:
    """A code proves that this account holds this number: to no other account is it worth anything."""
    return f"{user_id} {phone}"
