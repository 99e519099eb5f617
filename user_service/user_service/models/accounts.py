"""Accounts. The e-mail address is the user name; roles say what an account may do; nothing is ever really deleted."""

import unicodedata
from datetime import datetime
from functools import lru_cache
from typing import ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from shared.context import new_id
from user_service.errors import AlreadyVendor
from user_service.models.hashing import hashed


class Role(models.TextChoices):
    CUSTOMER = "customer"
    VENDOR = "vendor"
    ADMIN = "admin"
    SUPPORT = "support"


def normalised(email: str) -> str:
    """The one spelling of an address: NFKC, lower case, no blanks around it."""
    return unicodedata.normalize("NFKC", email).strip().lower()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return make_password("the password of nobody")


class Accounts(BaseUserManager["User"]):
    def present(self) -> models.QuerySet["User"]:
        return self.filter(deleted_at__isnull=True)

    def by_email(self, email: str) -> "User | None":
        return self.present().select_related("two_factor").filter(email=normalised(email)).first()


class User(AbstractBaseUser):
    """An account. `version` counts its changes, so that other services can drop what is older."""

    last_login = None
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    roles = ArrayField(models.CharField(max_length=16, choices=Role.choices), default=list)
    vendor_id = models.UUIDField(null=True)
    vendor_role = models.CharField(max_length=16, blank=True, default="", db_default="")
    """As what, where vendor_service said so."""
    vendor_decided_at = models.DateTimeField(null=True)
    """When vendor_service decided whom the account sells for; what it decided before that comes too late."""
    locale = models.CharField(max_length=12, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    avatar = models.CharField(max_length=200, null=True)
    phone = models.CharField(max_length=16, null=True)
    """E.164, and only once it is proved."""
    email_verified_at = models.DateTimeField(null=True)
    active = models.BooleanField(default=True)
    deleted_at = models.DateTimeField(null=True)
    must_reset_password = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["first_name", "last_name"]
    objects: ClassVar[Accounts] = Accounts()

    class Meta:
        db_table = "account"
        constraints = (
            models.CheckConstraint(condition=Q(email=Lower("email")), name="account_email_lower_case"),
            models.CheckConstraint(
                condition=Q(roles__contained_by=[role.value for role in Role]), name="account_roles_known"
            ),
            models.CheckConstraint(
                condition=~Q(roles__contains=["vendor"]) | Q(vendor_id__isnull=False), name="account_vendor_has_id"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(active=False), name="account_deleted_inactive"
            ),
            models.CheckConstraint(condition=Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"), name="account_phone_e164"),
        )
        indexes = (
            models.Index(fields=["-id"], name="account_newest", condition=Q(deleted_at__isnull=True)),
            models.Index(
                fields=["created_at"],
                name="account_unproved",
                condition=Q(email_verified_at__isnull=True, deleted_at__isnull=True),
            ),
            models.Index(fields=["vendor_id"], name="account_vendor", condition=Q(vendor_id__isnull=False)),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.active

    @property
    def email_verified(self) -> bool:
        return self.email_verified_at is not None

    @property
    def two_factor_on(self) -> bool:
        """Without a question to the database if the row was read together with the account's."""
        factor = getattr(self, "two_factor", None)
        return factor is not None and factor.on

    # ── Passwords ────────────────────────────────────────────────────────────────────────────────────────────────────

    def set_password(self, raw_password: str | None) -> None:
        """Raises Busy."""
        hashed(lambda: super(User, self).set_password(raw_password))

    def has_password(self, password: str) -> bool:
        """Takes as long for a right password as for a wrong one. Raises Busy."""
        return hashed(lambda: check_password(password, self.password))

    # ── Transitions ──────────────────────────────────────────────────────────────────────────────────────────────────

    def verify_email(self) -> bool:
        """False when it had been verified before."""
        if self.email_verified:
            return False
        self.email_verified_at = timezone.now()
        return True

    def grant(self, role: Role, vendor_id: UUID, at: datetime | None = None, *, vendor_role: str = "") -> bool:
        """False when it comes late, or the account has the role already. Without a time, which those who ask did not
        tell once, nobody knows which of two vendors is the later. Raises AlreadyVendor.
        """
        if at is None and self.vendor_id not in (None, vendor_id):
            raise AlreadyVendor()
        if self._decided_later(at) or (at is None and role in self.roles and self.vendor_id == vendor_id):
            return False
        self.vendor_id, self.vendor_role, self.vendor_decided_at = vendor_id, vendor_role, at
        self.roles = sorted({*self.roles, role.value})
        return True

    def revoke(self, role: Role, vendor_id: UUID, at: datetime) -> bool:
        """False when it comes late. What is taken back before it was given is noted, and not given any more."""
        if self._decided_later(at):
            return False
        self.vendor_decided_at = at
        if self.vendor_id == vendor_id:
            self.vendor_id, self.vendor_role = None, ""
            self.roles = [held for held in self.roles if held != role]
        return True

    def _decided_later(self, at: datetime | None) -> bool:
        return at is not None and self.vendor_decided_at is not None and at <= self.vendor_decided_at

    def disable(self) -> None:
        self.active = False

    def enable(self) -> None:
        self.active = True

    def delete_softly(self) -> None:
        """The row stays for what points at it; what names the person goes, and the address is free again."""
        self.active = False
        self.deleted_at = timezone.now()
        self.email = f"deleted-{self.id}@deleted.invalid"
        self.first_name = self.last_name = "deleted"
        self.avatar = self.phone = None
        self.set_unusable_password()


def waste_a_password_check(password: str) -> None:
    """The same work as `has_password`, for an address nobody has. Raises Busy."""
    hashed(lambda: check_password(password, _nobodys_hash()))
