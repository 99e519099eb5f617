"""Deleting accounts: what names the person goes, here at once and elsewhere when they hear of it."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from shared.audit import record
from shared.contracts.user import UserErased
from shared.outbox import publish
from user_service.actions.accounts import locked, tell_changed
from user_service.actions.avatars import forget_file
from user_service.actions.codes import issue_code
from user_service.actions.passwords import demand_password
from user_service.actions.sessions import end_all_sessions
from user_service.actions.two_factor import demand_code
from user_service.errors import OwnAccount, StillSelling, WrongCode
from user_service.models import Role, TwoFactor, User, codes


@transaction.atomic
def send_erasure_code(*, user_id: UUID) -> None:
    """For those who have no password, because they sign in by way of another provider. Raises TooManyCodes,
    Unavailable, NotFound.
    """
    user = locked(user_id)
    codes.count_request(user.email, "erase_account")
    issue_code(user, "erase_account")


@transaction.atomic
def erase(
    *, user_id: UUID, address: str | None, password: str | None = None, email_code: str = "", code: str = ""
) -> None:
    """On somebody's own request, proved by the password or, without one, by a code from the mailbox; and by a `code`
    of the second factor if there is one. Shops and admins are handed over first. Raises WrongPassword, WrongCode,
    Invalid, StillSelling, OwnAccount, TooManyFailures, Busy, Unavailable, NotFound.
    """
    user = locked(user_id)
    if password is None:
        _demand_email_code(user, email_code)
    else:
        demand_password(user, password, address)
    demand_code(user, code, address)
    if Role.ADMIN in user.roles:
        raise OwnAccount()
    if Role.VENDOR in user.roles:
        raise StillSelling()
    record(action="user.account.erase", subject_kind="user", subject_id=user_id)
    _erase(user, reason="erased")


@transaction.atomic
def delete(*, admin_id: UUID, user_id: UUID) -> None:
    """By an admin. Raises NotFound, OwnAccount."""
    user = locked(user_id)
    if admin_id == user_id:
        raise OwnAccount()
    record(action="user.account.delete", subject_kind="user", subject_id=user_id)
    _erase(user, reason="deleted")


def _demand_email_code(user: User, email_code: str) -> None:
    if not codes.is_right(user.email, "erase_account", email_code):
        raise WrongCode("email_code")


def forget_unproved(batch: int = 200) -> int:
    """Registrations whose address nobody has proved in time: its owner, who may not have asked for one, finds it free.
    Answers how many went.
    """
    unproved = User.objects.present().filter(email_verified_at__isnull=True)
    old = unproved.filter(created_at__lt=timezone.now() - settings.UNVERIFIED_KEEP).order_by("created_at")
    return sum(_forget_unproved(user_id) for user_id in list(old.values_list("id", flat=True)[:batch]))


@transaction.atomic
def _forget_unproved(user_id: UUID) -> bool:
    """False if somebody was faster, or has proved it at this moment."""
    rows = User.objects.present().select_for_update(skip_locked=True)
    user = rows.filter(id=user_id, email_verified_at__isnull=True).first()
    if user:
        _erase(user, reason="never_proved")
    return user is not None


def _erase(user: User, *, reason: str) -> None:
    """UserChanged goes first, so that whoever keeps users keeps the empty one; the sessions end last."""
    forget_file(user.avatar)
    user.delete_softly()
    for kept in (
        user.addresses, user.wallets, user.identities, user.login_attempts, user.familiar, user.security_claims,
    ):  # fmt: skip
        kept.all().delete()
    TwoFactor.objects.filter(user=user).delete()
    user.sessions.update(user_agent="", address=None, place=None)
    tell_changed(user)
    publish(UserErased(user_id=user.id), version=user.version)
    end_all_sessions(user_id=user.id, reason=reason)
