"""The second factor: setting it up, turning it on and off, and signing in with it."""

from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from shared.audit import record
from shared.contracts.user import TwoFactorChanged
from shared.errors import Invalid, NotFound, Refused
from shared.outbox import publish
from user_service.actions.passwords import demand_password
from user_service.actions.sessions import SignedIn, end_all_sessions, start_session
from user_service.errors import TooManyFailures, TwoFactorOff, WrongCode
from user_service.models import RecoveryCode, Session, TwoFactor, User, brakes, challenges, failures
from user_service.models.logins import Outcome
from user_service.models.two_factor import RECOVERY_CODES, make_recovery_code, present_key

_OUTCOMES: dict[type[Refused], Outcome] = {WrongCode: Outcome.TWO_FACTOR_FAILED, TooManyFailures: Outcome.BLOCKED}


@transaction.atomic
def set_up(*, user_id: UUID) -> TwoFactor:
    """A new secret, not yet in use. Raises NotFound, TwoFactorOn."""
    user = _locked(user_id)
    factor = TwoFactor.objects.filter(user=user).first() or TwoFactor(user=user)
    factor.renew_secret()
    factor.save()
    return factor


@transaction.atomic
def confirm(*, user_id: UUID, session_id: UUID, code: str, address: str | None) -> list[str]:
    """Turn it on with a first code; answers the recovery codes, which are never shown again. The other sessions end.
    Raises NotFound, TwoFactorOff, TwoFactorOn, WrongCode, TooManyFailures.
    """
    user = _locked(user_id)
    factor = _factor(user)
    factor.confirm()
    _count_guess(user.id, address)
    if not factor.takes(code):
        raise WrongCode()
    factor.save()
    brakes.forgive_guesses(user.id, address)
    end_all_sessions(user_id=user_id, reason="two_factor_changed", but=session_id)
    record(action="user.two_factor.enable", subject_kind="user", subject_id=user_id)
    _tell_changed(user, "on", address)
    return _renew_recovery_codes(factor)


@transaction.atomic
def renew_recovery_codes(*, user_id: UUID, password: str, code: str, address: str | None) -> list[str]:
    """Ten new ones; those before are void. Raises what `_stepped_up` raises."""
    factor = _stepped_up(user_id, password, code, address)
    record(action="user.recovery_codes.renew", subject_kind="user", subject_id=user_id)
    _tell_changed(factor.user, "recovery_codes", address)
    return _renew_recovery_codes(factor)


@transaction.atomic
def disable(*, user_id: UUID, session_id: UUID, password: str, code: str, address: str | None) -> None:
    """Turn it off; the other sessions end. Raises what `_stepped_up` raises."""
    factor = _stepped_up(user_id, password, code, address)
    _tell_changed(factor.user, "off", address)
    factor.delete()
    record(action="user.two_factor.disable", subject_kind="user", subject_id=user_id)
    end_all_sessions(user_id=user_id, reason="two_factor_changed", but=session_id)


@transaction.atomic
def answer_challenge(*, challenge: str, code: str, address: str | None, user_agent: str) -> SignedIn:
    """What a login answers. A code works once, and so does a challenge. Raises WrongChallenge, WrongCode,
    TooManyFailures, Unavailable.
    """
    tried = challenges.count_try(challenge)
    try:
        user = _guessed(tried, code, address)
    except tuple(_OUTCOMES) as refusal:
        whose = str(tried.user_id)
        failures.note(_OUTCOMES[type(refusal)], whose=whose, address=address, user_agent=user_agent)
        raise
    challenges.use_up(challenge)
    brakes.forgive_guesses(user.id, address)
    return start_session(user=user, address=address, user_agent=user_agent)


def _guessed(tried: challenges.Challenged, code: str, address: str | None) -> User:
    _count_guess(tried.user_id, address)
    user = tried.check(User.objects.present().select_for_update().filter(id=tried.user_id).first())
    if not _takes(_factor(user), code):
        raise WrongCode()
    return user


def seal_anew(batch: int = 500) -> int:
    """Secrets sealed with an older SECRET_KEY are sealed with the present one; answers how many."""
    old = TwoFactor.objects.exclude(sealed_with=present_key()).order_by("user_id")
    with transaction.atomic():
        factors = list(old.select_for_update(skip_locked=True)[:batch])
        for factor in factors:
            factor.seal(factor.secret)
        TwoFactor.objects.bulk_update(factors, ["sealed_secret", "sealed_with"])
    return len(factors)


def _stepped_up(user_id: UUID, password: str, code: str, address: str | None) -> TwoFactor:
    """Whoever holds the session has to prove both factors again. Raises NotFound, TwoFactorOff, WrongCode, and what
    `demand_password` raises.
    """
    user = _locked(user_id)
    factor = _factor(user)
    factor.demand_on()
    demand_password(user, password, address)
    _take_code(user, factor, code, address)
    return factor


def demand_code(user: User, code: str, address: str | None) -> None:
    """Before something that cannot be taken back, if the account has a second factor. Raises Invalid, WrongCode,
    TooManyFailures.
    """
    factor = TwoFactor.objects.select_for_update().filter(user=user, confirmed_at__isnull=False).first()
    if factor is None:
        return
    if not code:
        raise Invalid({"code": ["The account has a second factor: a code of it is needed."]})
    _take_code(user, factor, code, address)


def _take_code(user: User, factor: TwoFactor, code: str, address: str | None) -> None:
    """Counted before it is checked. Raises WrongCode, TooManyFailures."""
    _count_guess(user.id, address)
    if not _takes(factor, code):
        raise WrongCode()
    brakes.forgive_guesses(user.id, address)


def _count_guess(user_id: UUID, address: str | None) -> None:
    familiar = Session.objects.filter(user_id=user_id, address=address, address__isnull=False).exists()
    brakes.count_guess(user_id, address, familiar=familiar)


def _takes(factor: TwoFactor, code: str) -> bool:
    """A code of the authenticator, or a recovery code that was not used before."""
    factor.demand_on()
    if len(code) == 6 and code.isdecimal():
        taken = factor.takes(code)
        if taken:
            factor.save(update_fields=["last_step", "updated_at"])
        return taken
    unused = factor.recovery_codes.filter(digest=RecoveryCode.digest_of(code), used_at__isnull=True)
    return unused.update(used_at=timezone.now()) == 1


def _tell_changed(user: User, change: Literal["on", "off", "recovery_codes"], address: str | None) -> None:
    """A thief of the session would do the same: the owner gets a mail."""
    publish(
        TwoFactorChanged(user_id=user.id, email=user.email, change=change, address=address, at=timezone.now()),
    )


def _renew_recovery_codes(factor: TwoFactor) -> list[str]:
    codes = [make_recovery_code() for _ in range(RECOVERY_CODES)]
    factor.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(two_factor=factor, digest=RecoveryCode.digest_of(code)) for code in codes
    )
    return codes


def _locked(user_id: UUID) -> User:
    """The account's row first: everything about its second factor stands in line."""
    user = User.objects.present().select_for_update().filter(id=user_id, active=True).first()
    if user is None:
        raise NotFound()
    return user


def _factor(user: User) -> TwoFactor:
    factor = TwoFactor.objects.select_for_update().filter(user=user).first()
    if factor is None:
        raise TwoFactorOff()
    return factor
