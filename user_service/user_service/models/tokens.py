"""Access tokens: simplejwt's token with this house's claims, key id and type header."""

from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.tokens import AccessToken as SimpleAccessToken

from shared import auth
from user_service.models.accounts import User
from user_service.models.keys import signing_key
from user_service.models.sessions import Session


class SigningBackend(TokenBackend):
    """simplejwt's backend signs without a header; the edge finds the key by `kid` and refuses any other `typ`."""

    def __init__(self, kid: str, key: str) -> None:
        super().__init__(auth.ALGORITHM, key, audience=settings.JWT_AUDIENCE, issuer=settings.JWT_ISSUER)
        self.headers = {"kid": kid, "typ": auth.ACCESS_TYPE}

    def encode(self, payload: dict[str, Any]) -> str:
        claims = {**payload, "aud": self.audience, "iss": self.issuer}
        return jwt.encode(claims, self.prepared_signing_key, algorithm=self.algorithm, headers=self.headers)


class AccessToken(SimpleAccessToken):
    """`sub`, `sid`, `roles`, `vendor_id` and `vendor_role` (if any), `jti`, `iat`, `nbf`, `exp`, `iss`, `aud`."""

    def get_token_backend(self) -> TokenBackend:
        return _backend(*signing_key())

    @classmethod
    def of(cls, session: Session, user: User) -> "AccessToken":
        token = cls.for_user(user)
        token["sid"] = str(session.id)
        token["roles"] = list(user.roles)
        token["nbf"] = token["iat"]
        if user.vendor_id:
            token["vendor_id"] = str(user.vendor_id)
            if user.vendor_role:
                token["vendor_role"] = user.vendor_role
        return token


@lru_cache(maxsize=4)
def _backend(kid: str, key: str) -> SigningBackend:
    return SigningBackend(kid, key)
