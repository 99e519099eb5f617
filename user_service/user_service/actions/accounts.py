"""Accounts: registering, verifying, changing, granting, disabling."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from shared.audit import record
from shared.auth import areas_of
from shared.contracts.user import (
    EmailRegisteredAgain,
    GrantRole,
    RevokeRole,
    RoleGranted,
    UserChanged,
    UserRegistered,
)
from shared.errors import Invalid, NotFound
from shared.outbox import publish
from user_service.actions.codes import issue_code
from user_service.actions.sessions import end_all_sessions
from user_service.errors import EmailTaken, OwnAccount, WrongCode
from user_service.models import Role, User, codes, normalised
from user_service.models.accounts import waste_a_password_check

PROFILE = ("first_name", "last_name", "locale", "time_zone", "currency")


@transaction.atomic
def register(*, email: str, password: str, first_name: str, last_name: str) -> User:
    """A new customer, who gets a code by mail. With REGISTRATION_HIDES_ACCOUNTS an address that is taken is answered
    the same, with an id of nobody: only the mailbox learns of it. Raises EmailTaken, Invalid, TooManyCodes, Busy,
    Unavailable.
    """
    email = normalised(email)
    newcomer = User(email=email, first_name=first_name, last_name=last_name, roles=[Role.CUSTOMER])
    check_strength(password, newcomer)
    codes.count_request(email, "verify_email")
    if not _register_again(newcomer, password) and not _register_new(newcomer, password):
        _register_again(newcomer, password)
    return newcomer


def _register_new(newcomer: User, password: str) -> bool:
    """False if somebody else registered the address at the same moment."""
    newcomer.set_password(password)
    try:
        with transaction.atomic():
            newcomer.save(force_insert=True)
    except IntegrityError:
        return False
    _tell_registered(newcomer)
    issue_code(newcomer, "verify_email")
    return True


def _register_again(newcomer: User, password: str) -> bool:
    """False if nobody has the address. Each way hashes one password, as a new registration does."""
    user = User.objects.select_for_update().filter(email=newcomer.email).first()
    if user is None:
        return False
    if not settings.REGISTRATION_HIDES_ACCOUNTS:
        raise EmailTaken()
    if user.active and not user.email_verified:
        _register_unproved(user, newcomer, password)
        return True
    waste_a_password_check(password)
    if user.active:
        publish(EmailRegisteredAgain(user_id=user.id, email=user.email))
    return True


def _register_unproved(user: User, newcomer: User, password: str) -> None:
    """Whoever knows the password is the same person, and gets another code. With another password nobody knows which
    of the two reads the mailbox: neither password holds, and who proves the address chooses a new one.
    """
    if user.has_password(password):
        user.first_name, user.last_name = newcomer.first_name, newcomer.last_name
    else:
        user.must_reset_password = True
    tell_changed(user)
    issue_code(user, "verify_email")


def _tell_registered(user: User) -> None:
    publish(
        UserRegistered(
            user_id=user.id,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            locale=user.locale,
        ),
        version=user.version,
    )


def check_strength(password: str, user: User | None = None) -> None:
    """Raises Invalid with what is wrong with it: like the name, too short, too common, all digits."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid({"password": error.messages}) from None


def tell_changed(user: User) -> None:
    """Save the account as a new version and tell everybody its present state."""
    user.version += 1
    user.save()
    publish(changed_message(user), version=user.version)


def changed_message(user: User) -> UserChanged:
    return UserChanged(
        user_id=user.id,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        locale=user.locale,
        roles=tuple(user.roles),
        active=user.active,
        version=user.version,
    )


@transaction.atomic
def verify_email(*, email: str, code: str) -> User:
    """If two passwords were registered for the address, a code for choosing one is on its way, too. Raises WrongCode,
    Unavailable.
    """
    email = normalised(email)
    user = User.objects.present().select_for_update().filter(email=email, active=True).first()
    if not codes.is_right(email, "verify_email", code) or user is None:
        raise WrongCode()
    codes.forget(email, "verify_email")
    if user.verify_email():
        tell_changed(user)
        if user.must_reset_password:
            issue_code(user, "password_reset")
    return user


@transaction.atomic
def change_profile(*, user_id: UUID, changes: Mapping[str, Any]) -> User:
    """`changes`: some of first_name, last_name, locale, time_zone, currency. Raises NotFound."""
    user = locked(user_id)
    return _change(user, changes)


def _change(user: User, changes: Mapping[str, Any]) -> User:
    different = {name: value for name, value in changes.items() if getattr(user, name) != value}
    for name, value in different.items():
        setattr(user, name, value)
    if different:
        tell_changed(user)
    return user


@transaction.atomic
def grant_role(command: GrantRole) -> None:
    """Asked by vendor when an application is approved or an invitation accepted; the next refresh brings it into the
    token. Tokens that name another vendor, or may do there what the account may not any more, end. Raises NotFound,
    AlreadyVendor.
    """
    user = locked(command.user_id)
    before, could = user.vendor_id, areas_of(user.vendor_role)
    if user.grant(Role(command.role), command.vendor_id, command.at, vendor_role=command.vendor_role):
        tell_changed(user)
        publish(RoleGranted(user_id=user.id, role=command.role, vendor_id=command.vendor_id))
        told = {"role": command.role, **({"vendor_role": command.vendor_role} if command.vendor_role else {})}
        record(action="user.role.grant", subject_kind="user", subject_id=user.id, **told)
        if before is not None and (before != command.vendor_id or could - areas_of(command.vendor_role)):
            end_all_sessions(user_id=user.id, reason="roles_changed")


@transaction.atomic
def revoke_role(command: RevokeRole) -> None:
    """Asked by vendor when somebody no longer sells for it; an account that is gone has no role left to take."""
    user = User.objects.present().select_for_update().filter(id=command.user_id).first()
    if user is None:
        return
    held = user.vendor_id == command.vendor_id
    if user.revoke(Role(command.role), command.vendor_id, command.at):
        tell_changed(user)
        if held:
            record(action="user.role.revoke", subject_kind="user", subject_id=user.id, role=command.role)
            end_all_sessions(user_id=user.id, reason="roles_changed")


# ── By admins ────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def change_account(*, admin_id: UUID, user_id: UUID, changes: Mapping[str, Any], active: bool | None = None) -> User:
    """`changes` as in change_profile, and `roles`. New roles end the account's sessions, so that no token keeps the
    old ones. `active` disables or enables it. Raises NotFound, Invalid, OwnAccount, and then nothing has changed.
    """
    user = locked(user_id)
    if active is not None:
        user = enable(user_id=user_id) if active else disable(admin_id=admin_id, user_id=user_id)
    before = set(user.roles)
    roles = {str(role) for role in changes.get("roles", before)}
    _check_roles(user, roles, by_itself=admin_id == user_id)
    changed = [name for name, value in changes.items() if name != "roles" and getattr(user, name) != value]
    _change(user, {**changes, "roles": sorted(roles)})
    if changed:
        record(action="user.account.change", subject_kind="user", subject_id=user_id, fields=" ".join(sorted(changed)))
    if roles != before:
        told = {"before": " ".join(sorted(before)), "after": " ".join(sorted(roles))}
        record(action="user.roles.change", subject_kind="user", subject_id=user_id, **told)
        end_all_sessions(user_id=user_id, reason="roles_changed")
    return user


def _check_roles(user: User, roles: set[str], *, by_itself: bool) -> None:
    if by_itself and Role.ADMIN not in roles:
        raise OwnAccount()
    if Role.VENDOR in roles and user.vendor_id is None:
        raise Invalid({"roles": ["Accounts become vendors by an approved application."]})


@transaction.atomic
def disable(*, admin_id: UUID, user_id: UUID) -> User:
    """Raises NotFound, OwnAccount."""
    user = locked(user_id)
    if admin_id == user_id:
        raise OwnAccount()
    if user.active:
        user.disable()
        tell_changed(user)
        record(action="user.account.disable", subject_kind="user", subject_id=user_id)
        end_all_sessions(user_id=user_id, reason="disabled")
    return user


@transaction.atomic
def enable(*, user_id: UUID) -> User:
    """Raises NotFound."""
    user = locked(user_id)
    if not user.active:
        user.enable()
        tell_changed(user)
        record(action="user.account.enable", subject_kind="user", subject_id=user_id)
    return user


@transaction.atomic
def sign_out(*, user_id: UUID) -> int:
    """All of an account's sessions; answers how many ended. Raises NotFound."""
    locked(user_id)
    return end_all_sessions(user_id=user_id, reason="ended_by_admin")


@transaction.atomic
def make_admin(*, email: str, password: str) -> User:
    """For operators: a verified admin with this password; an existing account becomes one. Raises Invalid."""
    email = normalised(email)
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid({"email": [f"{email} is no e-mail address."]}) from None
    user = User.objects.select_for_update().filter(email=email).first() or User(
        email=email, first_name="Admin", last_name="Nexus"
    )
    check_strength(password, user)
    user.roles = sorted({*user.roles, Role.ADMIN.value, Role.CUSTOMER.value})
    user.set_password(password)
    user.enable()
    user.verify_email()
    user.must_reset_password = False
    tell_changed(user)
    record(action="user.admin.create", subject_kind="user", subject_id=user.id)
    end_all_sessions(user_id=user.id, reason="roles_changed")
    return user


def locked(user_id: UUID) -> User:
    """The account's row, to be changed in this transaction. Raises NotFound."""
    user = User.objects.present().select_for_update().filter(id=user_id).first()
    if user is None:
        raise NotFound()
    return user
