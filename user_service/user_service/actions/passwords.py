"""Passwords: changing one's own, resetting a forgotten one."""

from uuid import UUID

from django.db import transaction

from shared.audit import record
from shared.contracts.user import PasswordChanged
from shared.errors import NotFound
from shared.outbox import publish
from user_service.actions.accounts import check_strength, tell_changed
from user_service.actions.sessions import end_all_sessions
from user_service.errors import WrongCode, WrongPassword
from user_service.models import User, brakes, codes, normalised


@transaction.atomic
def change_password(*, user_id: UUID, session_id: UUID, current: str, password: str, address: str | None) -> None:
    """The other sessions end. Raises what `demand_password` raises, Invalid, NotFound."""
    user = User.objects.present().select_for_update().filter(id=user_id, active=True).first()
    if user is None:
        raise NotFound()
    demand_password(user, current, address, field="current_password")
    _set_password(user, password)
    record(action="user.password.change", subject_kind="user", subject_id=user_id)
    end_all_sessions(user_id=user_id, reason="password_changed", but=session_id)


def demand_password(user: User, password: str, address: str | None, *, field: str = "password") -> None:
    """Of who is signed in already, before something that a thief of the session must not do. Guessing is braked like a
    login. Raises WrongPassword, TooManyFailures, Busy.
    """
    with brakes.attempt(user.email, address):
        if not user.has_password(password):
            raise WrongPassword(field)


@transaction.atomic
def reset_password(*, email: str, code: str, password: str) -> None:
    """With the code from the mail, which also proves the address. Every session ends. Raises WrongCode, Invalid,
    Unavailable.
    """
    email = normalised(email)
    check_strength(password)
    user = User.objects.present().select_for_update().filter(email=email, active=True).first()
    if not codes.is_right(email, "password_reset", code) or user is None:
        raise WrongCode()
    user.verify_email()
    user.must_reset_password = False
    _set_password(user, password)
    record(action="user.password.reset", subject_kind="user", subject_id=user.id)
    codes.forget(email, "password_reset")
    end_all_sessions(user_id=user.id, reason="password_reset")


def _set_password(user: User, password: str) -> None:
    check_strength(password, user)
    user.set_password(password)
    tell_changed(user)
    publish(PasswordChanged(user_id=user.id, email=user.email))
