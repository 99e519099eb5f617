"""Sessions: signing in, refreshing, ending. What ends a session tells it, and marks it where the edge looks."""

import logging
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from shared.audit import record
from shared.contracts.user import SessionsEnded
from shared.errors import NotFound, Refused
from shared.outbox import publish
from user_service.errors import (
    EmailNotVerified,
    PasswordResetRequired,
    TooManyFailures,
    WrongCredentials,
    WrongRefreshToken,
)
from user_service.models import (
    LoginAttempt,
    RefreshToken,
    Session,
    User,
    brakes,
    challenges,
    failures,
    marks,
    normalised,
)
from user_service.models.accounts import waste_a_password_check
from user_service.models.logins import Outcome
from user_service.models.sessions import digest_of
from user_service.models.stores import RedisError
from user_service.models.tokens import AccessToken

log = logging.getLogger("nexus.sessions")
_OUTCOMES: dict[type[Refused], Outcome] = {
    WrongCredentials: Outcome.WRONG_PASSWORD,
    TooManyFailures: Outcome.BLOCKED,
    EmailNotVerified: Outcome.EMAIL_NOT_VERIFIED,
    PasswordResetRequired: Outcome.PASSWORD_RESET_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the client gets: both tokens as strings."""

    user: User
    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the client gets instead when the account has a second factor."""

    challenge: str


def log_in(*, email: str, password: str, address: str | None, user_agent: str) -> SignedIn | Challenge:
    """Unknown address and wrong password cost and answer the same. Raises WrongCredentials, EmailNotVerified,
    PasswordResetRequired, TooManyFailures, Busy, Unavailable.
    """
    email = normalised(email)
    try:
        user = _recognised(email, password, address)
        return admit(user=user, address=address, user_agent=user_agent)
    except tuple(_OUTCOMES) as refusal:
        failures.note(_OUTCOMES[type(refusal)], whose=email, address=address, user_agent=user_agent)
        raise


def admit(*, user: User, address: str | None, user_agent: str) -> SignedIn | Challenge:
    """What follows the first factor, whichever it was. Raises EmailNotVerified, PasswordResetRequired, Unavailable."""
    if not user.email_verified:
        raise EmailNotVerified()
    if user.must_reset_password:
        raise PasswordResetRequired()
    if user.two_factor_on:
        return Challenge(challenges.make(user))
    return start_session(user=user, address=address, user_agent=user_agent)


def _recognised(email: str, password: str, address: str | None) -> User:
    with brakes.attempt(email, address):
        user = _with_password(email, password)
        if user is None:
            raise WrongCredentials()
        return user


def _with_password(email: str, password: str) -> User | None:
    """An active account whose password this is. Raises Busy."""
    user = User.objects.by_email(email)
    if user is None or not user.active:
        waste_a_password_check(password)
        return None
    return user if user.has_password(password) else None


@transaction.atomic
def start_session(*, user: User, address: str | None, user_agent: str) -> SignedIn:
    """A new session, and its line in the login history."""
    origin = {"user": user, "user_agent": user_agent[:300], "address": address}
    session = Session.objects.create(**origin)
    LoginAttempt.objects.create(session=session, outcome=Outcome.SUCCEEDED, **origin)
    row, token = RefreshToken.first_of(session)
    row.save(force_insert=True)
    return SignedIn(user, str(AccessToken.of(session, user)), token)


def refresh(*, token: str) -> SignedIn:
    """The successor of a refresh token. A token used before ends its whole family, except within the retry window,
    where it gets the same successor again. Raises WrongRefreshToken.
    """
    with transaction.atomic():
        answer = _rotate(token)
    if answer is None:
        raise WrongRefreshToken()
    return answer


def _rotate(token: str) -> SignedIn | None:
    """None is a refusal that must commit: the family of a stolen token has to end."""
    found = RefreshToken.objects.filter(digest=digest_of(token)).values_list("session_id", flat=True).first()
    if found is None:
        return None
    session = Session.objects.select_for_update().select_related("user").get(id=found)
    row = RefreshToken.objects.select_related("session").get(digest=digest_of(token))
    if not session.live or row.expired or not session.user.active:
        return None
    if row.used_at is not None and not row.may_be_retried:
        _end([session], "refresh_token_reused")
        return None
    following, successor = row.successor(token)
    if row.used_at is None:
        _use(row, following, session)
    return SignedIn(session.user, str(AccessToken.of(session, session.user)), successor)


def _use(row: RefreshToken, following: RefreshToken, session: Session) -> None:
    row.used_at = session.last_seen_at = timezone.now()
    row.save(update_fields=["used_at"])
    session.save(update_fields=["last_seen_at"])
    following.save(force_insert=True)


@transaction.atomic
def end_session(*, user_id: UUID, session_id: UUID, reason: str = "logout") -> None:
    """Ending an ended session does nothing. Raises NotFound for another user's."""
    session = Session.objects.select_for_update().filter(id=session_id, user_id=user_id).first()
    if session is None:
        raise NotFound()
    if session.live:
        _end([session], reason)


@transaction.atomic
def end_all_sessions(*, user_id: UUID, reason: str, but: UUID | None = None) -> int:
    """All of a user's sessions, `but` one; answers how many ended."""
    live = Session.objects.select_for_update().filter(user_id=user_id, ended_at__isnull=True).order_by("id")
    sessions = [session for session in live if session.id != but]
    if sessions:
        _end(sessions, reason)
        told = {"reason": reason, "sessions": len(sessions)}
        record(action="user.sessions.end", subject_kind="user", subject_id=user_id, **told)
    return len(sessions)


def _end(sessions: list[Session], reason: str) -> None:
    for session in sessions:
        session.end(reason)
    Session.objects.bulk_update(sessions, ["ended_at", "end_reason"])
    ids = tuple(session.id for session in sessions)
    publish(SessionsEnded(user_id=sessions[0].user_id, session_ids=ids, reason=reason))
    transaction.on_commit(lambda: _mark_at_once(ids))


def _mark_at_once(session_ids: tuple[UUID, ...]) -> None:
    """The quick way. If it fails, the event does the same a moment later."""
    try:
        marks.mark(session_ids)
    except RedisError as error:
        log.warning("ended sessions will be marked by their event: %s", error)


def mark_ended(message: SessionsEnded) -> None:
    """The sure way: a crash between the commit and the quick way loses nothing."""
    marks.mark(message.session_ids)


def keep_marks_complete() -> bool:
    """Write all marks anew when Redis was flushed or is another one; answers whether that was needed."""
    if marks.complete():
        return False
    since = timezone.now() - marks.window()
    ended = Session.objects.filter(ended_at__gt=since).values_list("id", flat=True)
    marks.rebuild(list(ended))
    log.warning("the marks of ended sessions were written anew")
    return True


def forget_expired_tokens(batch: int = 5_000) -> int:
    """Delete refresh tokens that nobody can use or reuse any more."""
    expired = RefreshToken.objects.filter(expires_at__lt=timezone.now()).order_by("expires_at")
    return RefreshToken.objects.filter(id__in=list(expired.values_list("id", flat=True)[:batch])).delete()[0]


def forget_old_sessions(batch: int = 5_000) -> int:
    """Delete sessions that nobody has used for so long that they are of no interest to their owner either."""
    unused = max(settings.SESSION_KEEP, settings.REFRESH_TOKEN_LIFETIME)
    old = Session.objects.filter(last_seen_at__lt=timezone.now() - unused).order_by("last_seen_at")
    ids = list(old.values_list("id", flat=True)[:batch])
    Session.objects.filter(id__in=ids).delete()
    return len(ids)
