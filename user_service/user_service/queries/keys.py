"""Reads of keys."""

from typing import Any

from user_service.models import keys


def jwks() -> dict[str, list[dict[str, Any]]]:
    """Public keys that may have signed a token that still lives, or will sign soon."""
    return keys.public_jwks()
