"""Sessions and their refresh tokens.

A session is a family of refresh tokens, one generation after the other. A token is random, kept only as its SHA-256,
and its successor is an HMAC of it: a client that lost the answer asks again and gets the same successor, although
nothing that could be stolen is stored.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from shared.context import new_id
from user_service.models.accounts import User
from user_service.models.devices import device_of


class Session(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    user_agent = models.CharField(max_length=300, blank=True)
    address = models.GenericIPAddressField(null=True)
    place = models.CharField(max_length=120, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "session"
        constraints = (
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="session_end_has_reason",
            ),
        )
        indexes = (
            models.Index(fields=["user", "-id"], name="session_live", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["ended_at"], name="session_ended", condition=Q(ended_at__isnull=False)),
            models.Index(fields=["last_seen_at"], name="session_seen"),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def device(self) -> str:
        return device_of(self.user_agent)

    @property
    def live(self) -> bool:
        return self.ended_at is None

    def end(self, reason: str) -> None:
        """Ending an ended session keeps the first end."""
        if self.live:
            self.ended_at, self.end_reason = timezone.now(), reason


class RefreshToken(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="refresh_tokens")
    generation = models.PositiveIntegerField(default=0)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "refresh_token"
        constraints = (models.UniqueConstraint(fields=["session", "generation"], name="refresh_token_one_successor"),)
        indexes = (models.Index(fields=["expires_at"], name="refresh_token_expiry"),)

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def first_of(cls, session: Session) -> tuple[Self, str]:
        """The row (not saved) and the token itself, which only the client will keep."""
        token = secrets.token_urlsafe(32)
        return cls._new(session, token, generation=0), token

    def successor(self, token: str) -> tuple[Self, str]:
        """The next generation of `token`, which is this row's token: always the same one."""
        following = successor_of(token)
        return self._new(self.session, following, generation=self.generation + 1), following

    @classmethod
    def _new(cls, session: Session, token: str, *, generation: int) -> Self:
        expires_at = timezone.now() + settings.REFRESH_TOKEN_LIFETIME
        return cls(session=session, digest=digest_of(token), generation=generation, expires_at=expires_at)

    @property
    def expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def may_be_retried(self) -> bool:
        """It was used a moment ago: rather a lost answer than a thief."""
        return self.used_at is not None and self.used_at > timezone.now() - settings.REFRESH_RETRY_WINDOW


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def successor_of(token: str) -> str:
    key = hashlib.sha256(b"refresh-token-successor:" + settings.SECRET_KEY.encode()).digest()
    return base64.urlsafe_b64encode(hmac.digest(key, token.encode(), "sha256")).decode().rstrip("=")
