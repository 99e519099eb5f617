"""Security claims: raised by an unusual login, resolved by the account's owner."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from shared.audit import record
from shared.contracts.user import SecurityAlertRaised
from shared.errors import NotFound
from shared.outbox import publish
from user_service.actions.sessions import end_all_sessions
from user_service.models import Familiar, LoginAttempt, SecurityClaim, User


def raise_claim(attempt: LoginAttempt, reasons: Sequence[str]) -> SecurityClaim:
    """In the caller's transaction; its owner hears of it by mail."""
    same = ("user", "session", "device", "place", "country", "address", "at")
    claim = SecurityClaim.objects.create(reasons=list(reasons), **{name: getattr(attempt, name) for name in same})
    publish(
        SecurityAlertRaised(
            user_id=attempt.user_id,
            email=attempt.user.email,
            claim_id=claim.id,
            reasons=tuple(claim.reasons),
            device=claim.device,
            place=claim.place,
            address=claim.address,
            at=claim.at,
        )
    )
    return claim


@transaction.atomic
def resolve_claim(*, user_id: UUID, claim_id: UUID, was_me: bool) -> SecurityClaim:
    """ "It was not me" ends all sessions, asks for a new password before the next login, and makes the stranger's
    device and place strange again. Said twice it does nothing more. Raises NotFound, ClaimResolved.
    """
    user = User.objects.present().select_for_update().filter(id=user_id).first()
    claim = SecurityClaim.objects.select_for_update().filter(id=claim_id, user_id=user_id).first()
    if user is None or claim is None:
        raise NotFound()
    if claim.resolve(was_me=was_me):
        claim.save(update_fields=["was_me", "resolved_at"])
        record(action="user.claim.resolve", subject_kind="claim", subject_id=claim_id, was_me=was_me)
        if not was_me:
            _lock_out(user, claim)
    return claim


def _lock_out(user: User, claim: SecurityClaim) -> None:
    user.must_reset_password = True
    user.save(update_fields=["must_reset_password", "updated_at"])
    values = {"device": claim.device, "place": claim.country}
    for reason in claim.reasons:
        Familiar.objects.filter(user=user, kind=reason, value=values[reason]).delete()
    end_all_sessions(user_id=user.id, reason="not_me")
