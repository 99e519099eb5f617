"""A second factor: a TOTP secret (RFC 6238) and recovery codes.

The secret is sealed with a key made of SECRET_KEY; one of SECRET_KEY_FALLBACKS still opens it, and the clock seals it
anew. Recovery codes are random enough (80 bits) for a plain SHA-256 to keep them.
"""

import base64
import hashlib
import secrets
import time
from typing import ClassVar

import pyotp
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models
from django.utils import timezone
from pyotp.exceptions import OTPVerificationError

from shared.context import new_id
from user_service.errors import TwoFactorOff, TwoFactorOn
from user_service.models.accounts import User

RECOVERY_CODES = 10
_ISSUER = "Nexus"
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_WINDOW = 1


class TwoFactor(models.Model):
    """Of one account. On since `confirmed_at`; `last_step` is the time step of the last code that was taken."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="two_factor")
    sealed_secret = models.TextField()
    sealed_with = models.CharField(max_length=16, db_index=True)
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "two_factor"

    def __str__(self) -> str:
        return str(self.user_id)

    @property
    def on(self) -> bool:
        return self.confirmed_at is not None

    @property
    def secret(self) -> str:
        return _seal().decrypt(self.sealed_secret.encode()).decode()

    def provisioning_uri(self) -> str:
        """What an authenticator reads, usually as a QR code: `otpauth://totp/…`."""
        return pyotp.TOTP(self.secret).provisioning_uri(name=self.user.email, issuer_name=_ISSUER)

    def takes(self, code: str) -> bool:
        """A code of this half minute or its neighbours, later than the last one taken. Only under the row's lock."""
        totp = pyotp.TOTP(self.secret)
        try:
            step = totp.verify_and_get_timecode(code, for_time=int(time.time()), valid_window=_WINDOW)
        except OTPVerificationError:
            return False
        if step <= self.last_step:
            return False
        self.last_step = step
        return True

    # ── Transitions ──────────────────────────────────────────────────────────────────────────────────────────────────

    def renew_secret(self) -> None:
        """Raises TwoFactorOn: the secret in use is not replaced behind its owner's back."""
        if self.on:
            raise TwoFactorOn()
        self.seal(pyotp.random_base32())
        self.last_step = 0

    def confirm(self) -> None:
        """Raises TwoFactorOn."""
        if self.on:
            raise TwoFactorOn()
        self.confirmed_at = timezone.now()

    def demand_on(self) -> None:
        """Raises TwoFactorOff."""
        if not self.on:
            raise TwoFactorOff()

    def seal(self, secret: str) -> None:
        self.sealed_secret, self.sealed_with = _seal().encrypt(secret.encode()).decode(), present_key()


class RecoveryCode(models.Model):
    """Works once, instead of a code of the authenticator. Only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    two_factor = models.ForeignKey(TwoFactor, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recovery_code"
        constraints = (models.UniqueConstraint(fields=["two_factor", "digest"], name="recovery_code_once"),)

    def __str__(self) -> str:
        return str(self.id)

    LENGTH: ClassVar[int] = 16

    @classmethod
    def digest_of(cls, code: str) -> bytes:
        """However it is written: blanks, dashes and capitals do not count."""
        plain = "".join(letter for letter in code.lower() if letter in _LETTERS)
        return hashlib.sha256(b"recovery-code:" + plain.encode()).digest()


def make_recovery_code() -> str:
    """Four times four letters and digits that nobody confuses: `k3vd-9x2m-…`."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(RecoveryCode.LENGTH))
    return "-".join(code[start : start + 4] for start in range(0, RecoveryCode.LENGTH, 4))


# ── Sealing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _seal() -> MultiFernet:
    """The first one seals, any of them opens."""
    return MultiFernet([Fernet(_key(str(one))) for one in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"two-factor-secret:" + secret.encode()).digest())


def present_key() -> str:
    """A name for the key that seals now, from which it cannot be guessed."""
    return hashlib.sha256(_key(settings.SECRET_KEY)).hexdigest()[:16]
