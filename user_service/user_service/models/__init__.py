"""State, constraints, and named transitions that refuse illegal moves."""

from user_service.models.accounts import Role, User, normalised
from user_service.models.addresses import Address
from user_service.models.sessions import RefreshToken, Session

__all__ = ["Address", "RefreshToken", "Role", "Session", "User", "normalised"]
