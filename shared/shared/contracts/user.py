"""user_service: who people are, what they may do, and whether a session still lives."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.messages import Command, Event


class UserRegistered(Event):
    type = "user.user_registered.v1"
    key = "user_id"
    user_id: UUID
    email: str
    first_name: str
    last_name: str
    locale: str = "en"


class EmailRegisteredAgain(Event):
    """Somebody filled in the form with the address of an account; only its owner may learn that there is one."""

    type = "user.email_registered_again.v1"
    key = "user_id"
    user_id: UUID
    email: str


class UserChanged(Event):
    """Name, mail address, locale or roles changed; also told when an account is verified, disabled or deleted."""

    type = "user.user_changed.v1"
    key = "user_id"
    user_id: UUID
    email: str
    first_name: str
    last_name: str
    locale: str = "en"
    roles: tuple[str, ...] = ()
    active: bool = True
    version: int


class UserErased(Event):
    """The account is gone for good: whoever keeps something that leads to the person forgets it. UserChanged, told
    before it, names nobody any more.
    """

    type = "user.user_erased.v1"
    key = "user_id"
    user_id: UUID


class EmailCodeIssued(Event):
    """A code that proves control of an e-mail address; notification mails it."""

    type = "user.email_code_issued.v1"
    key = "user_id"
    sensitive = True
    user_id: UUID
    email: str
    purpose: Literal["verify_email", "password_reset", "erase_account"]
    code: str
    expires_at: datetime
    locale: str = "en"


class PhoneCodeIssued(Event):
    """A code that proves control of a phone; notification sends it as a text message."""

    type = "user.phone_code_issued.v1"
    key = "user_id"
    sensitive = True
    user_id: UUID
    phone: str
    code: str
    expires_at: datetime
    locale: str = "en"


class PasswordChanged(Event):
    type = "user.password_changed.v1"
    key = "user_id"
    user_id: UUID
    email: str


class TwoFactorChanged(Event):
    """The second factor was turned on or off, or its recovery codes were renewed; `address` says from where."""

    type = "user.two_factor_changed.v1"
    key = "user_id"
    user_id: UUID
    email: str
    change: Literal["on", "off", "recovery_codes"]
    address: str | None = None
    at: AwareDatetime


class SecurityAlertRaised(Event):
    """A login from a device or a place that the account was not used from before; a claim waits for its owner."""

    type = "user.security_alert_raised.v1"
    key = "user_id"
    user_id: UUID
    email: str
    claim_id: UUID
    reasons: tuple[Literal["device", "place"], ...]
    device: str
    place: str | None = None
    address: str | None = None
    at: datetime


class SessionsEnded(Event):
    """Their tokens are refused from now on. user_service hears it itself, to mark them where the edge looks."""

    type = "user.sessions_ended.v1"
    key = "user_id"
    user_id: UUID
    session_ids: tuple[UUID, ...]
    reason: str


class GrantRole(Command):
    type = "user.grant_role.v1"
    key = "user_id"
    asked_by: ClassVar[tuple[str, ...]] = ("vendor",)
    user_id: UUID
    role: Literal["vendor"]
    vendor_id: UUID
    at: AwareDatetime | None = None
    """When it was decided: what was decided earlier and comes later changes nothing."""
    vendor_role: str = ""
    """As what the account sells for the vendor; empty: nobody said, and it may do all."""


class RevokeRole(Command):
    """The account no longer sells for this vendor: role and claim go, and its sessions end."""

    type = "user.revoke_role.v1"
    key = "user_id"
    asked_by: ClassVar[tuple[str, ...]] = ("vendor",)
    user_id: UUID
    role: Literal["vendor"]
    vendor_id: UUID
    at: AwareDatetime


class RoleGranted(Event):
    type = "user.role_granted.v1"
    key = "user_id"
    unheard = True
    user_id: UUID
    role: str
    vendor_id: UUID | None = None


class RecordAudit(Command):
    """Keep an entry of who did what. `action` reads `service.noun.verb`; without an actor it was no signed-in user."""

    type = "user.record_audit.v1"
    key = "entry_id"
    asked_by: ClassVar[tuple[str, ...]] = ("user", "catalog", "cart", "order", "vendor", "payment", "notification")
    entry_id: UUID
    at: AwareDatetime
    actor_id: UUID | None = None
    actor_roles: tuple[str, ...] = ()
    action: str = Field(max_length=100)
    subject_kind: str = Field(max_length=40)
    subject_id: str = Field(max_length=100)
    address: str | None = Field(default=None, max_length=45)
    request_id: str = Field(max_length=64)
    detail: dict[str, str] = Field(default_factory=dict)
