"""State, constraints, and named transitions that refuse illegal moves."""

from user_service.models.accounts import Role, User, normalised
from user_service.models.addresses import Address
from user_service.models.audit import AuditEntry
from user_service.models.claims import SecurityClaim
from user_service.models.identities import Identity
from user_service.models.logins import Familiar, LoginAttempt
from user_service.models.sessions import RefreshToken, Session
from user_service.models.two_factor import RecoveryCode, TwoFactor
from user_service.models.wallets import Wallet

__all__ = [
    "Address",
    "AuditEntry",
    "Familiar",
    "Identity",
    "LoginAttempt",
    "RecoveryCode",
    "RefreshToken",
    "Role",
    "SecurityClaim",
    "Session",
    "TwoFactor",
    "User",
    "Wallet",
    "normalised",
]
