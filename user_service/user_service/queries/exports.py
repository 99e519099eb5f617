"""All rows about one person."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from user_service.models import Address, Identity, LoginAttempt, SecurityClaim, Session, TwoFactor, User, Wallet


@dataclass(frozen=True, slots=True)
class Held:
    """No secrets: neither passwords nor tokens, nor what a second factor is made of."""

    user: User
    addresses: QuerySet[Address]
    wallets: QuerySet[Wallet]
    identities: QuerySet[Identity]
    sessions: QuerySet[Session]
    login_attempts: QuerySet[LoginAttempt]
    security_claims: QuerySet[SecurityClaim]
    two_factor_since: datetime | None


def all_of(user: User) -> Held:
    """Sessions that ended are among them, as long as they are kept."""
    factor = TwoFactor.objects.filter(user=user).first()
    return Held(
        user=user,
        addresses=user.addresses.order_by("id"),
        wallets=user.wallets.order_by("id"),
        identities=user.identities.order_by("id"),
        sessions=user.sessions.order_by("id"),
        login_attempts=user.login_attempts.order_by("id"),
        security_claims=user.security_claims.order_by("id"),
        two_factor_since=factor.confirmed_at if factor else None,
    )
