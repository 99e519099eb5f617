"""The operators' pages: accounts, where they are signed in, what looked unusual, and the audit log of all services.

What proves who somebody is stands on none of them: no password, no secret of a second factor, no digest of a token or a
code.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join

from shared.admin import AdminRecords, Records, Rows, operation
from shared.auth import Caller
from shared.contracts import MODULES
from shared.errors import Invalid
from user_service.actions import accounts, claims, erasure
from user_service.models import (
    Address,
    AuditEntry,
    Familiar,
    Identity,
    LoginAttempt,
    Role,
    SecurityClaim,
    Session,
    User,
    Wallet,
    normalised,
)

# ── Accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("Disable")
def disable(user: User, by: Caller, _reason: str) -> None:
    accounts.disable(admin_id=by.id, user_id=user.id)


@operation("Enable")
def enable(user: User, _by: Caller, _reason: str) -> None:
    accounts.enable(user_id=user.id)


@operation("End all sessions")
def sign_out(user: User, _by: Caller, _reason: str) -> None:
    accounts.sign_out(user_id=user.id)


@operation("Erase", needs_reason=True)
def erase(user: User, by: Caller, reason: str) -> None:
    """It cannot be taken back, so a slip of the hand must not do it, least of all to a whole list."""
    if normalised(reason) != user.email:
        raise Invalid({"reason": ["Not its address."]}, "To erase an account, give its e-mail address as the reason.")
    erasure.delete(admin_id=by.id, user_id=user.id)


class OfRole(admin.SimpleListFilter):
    title = parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Role.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(roles__contains=[self.value()]) if self.value() else queryset


class AddressRows(Rows):
    model = Address
    fields = readonly_fields = ("kind", "default", "name", "line1", "city", "postal_code", "country")


class WalletRows(Rows):
    model = Wallet
    fields = readonly_fields = ("network", "address", "label", "created_at")


class IdentityRows(Rows):
    model = Identity
    fields = readonly_fields = ("provider", "subject", "created_at")


class FamiliarRows(Rows):
    model = Familiar
    fields = readonly_fields = ("kind", "value", "last_seen_at")


@admin.register(User)
class Users(Records):
    list_display = ("email", "first_name", "last_name", "roles", "active", "verified", "second_factor", "created_at")
    list_filter = (
        OfRole, "active", "must_reset_password", ("email_verified_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter), "created_at",
    )  # fmt: skip
    list_select_related = ("two_factor",)
    search_ids = ("id", "vendor_id")
    search_fields = ("email__icontains", "first_name__icontains", "last_name__icontains", "phone__exact")
    search_help_text = "Account or its vendor by id; parts of e-mail address and names; phone."
    ordering = ("-id",)
    fields = (
        "id", "email", "email_verified_at", "first_name", "last_name", "phone", "roles", "vendor_id", "active",
        "must_reset_password", "second_factor", "seen", "locale", "time_zone", "currency", "version", "created_at",
        "updated_at", "deleted_at",
    )  # fmt: skip
    readonly_fields = ("second_factor", "seen")
    inlines = (AddressRows, WalletRows, IdentityRows, FamiliarRows)
    actions = (disable, enable, sign_out, erase)

    @admin.display(boolean=True, ordering="email_verified_at")
    def verified(self, user: User) -> bool:
        return user.email_verified

    @admin.display(boolean=True)
    def second_factor(self, user: User) -> bool:
        return user.two_factor_on

    @admin.display
    def seen(self, user: User) -> str:
        """By way of lists, as there may be thousands."""
        lists = (("sessions", Session), ("logins", LoginAttempt), ("security claims", SecurityClaim))
        links = (
            (reverse(f"admin:user_service_{model._meta.model_name}_changelist"), user.id, label)
            for label, model in lists
        )
        return format_html_join(" · ", '<a href="{}?q={}">{}</a>', links)


@admin.register(Address)
class Addresses(Records):
    list_display = ("name", "user__email", "kind", "default", "city", "country", "created_at")
    list_filter = ("kind", "country", "created_at")
    list_select_related = ("user",)
    search_ids = ("id", "user_id")
    search_fields = ("user__email__iexact", "name__icontains", "postal_code__iexact")
    search_help_text = "Address or account by id; the account's e-mail address; name; postal code."
    ordering = ("-id",)
    fields = (
        "id", "user", "kind", "default", "name", "line1", "line2", "city", "region", "postal_code", "country", "phone",
        "created_at", "updated_at",
    )  # fmt: skip


@admin.register(Wallet)
class Wallets(Records):
    list_display = ("address", "network", "label", "user__email", "created_at")
    list_filter = ("network", "created_at")
    list_select_related = ("user",)
    search_ids = ("id", "user_id")
    search_fields = ("address__iexact", "user__email__iexact")
    search_help_text = "Wallet or account by id; the wallet's or the account's address."
    ordering = ("-id",)
    fields = ("id", "user", "network", "address", "label", "created_at", "updated_at")


# ── Signing in ───────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("End all sessions of the account")
def sign_out_owner(session: Session, _by: Caller, _reason: str) -> None:
    accounts.sign_out(user_id=session.user_id)


@operation("The owner says: not me")
def lock_out(claim: SecurityClaim, _by: Caller, _reason: str) -> None:
    """For an owner on the telephone, who cannot sign in to say so."""
    claims.resolve_claim(user_id=claim.user_id, claim_id=claim.id, was_me=False)


class SignIns(Records):
    """What an account was used from."""

    list_select_related = ("user",)
    search_ids: tuple[str, ...] = ("id", "user_id", "session_id")
    search_fields = ("user__email__iexact", "address__iexact")
    search_help_text = "By its own, the account's or the session's id; e-mail address; IP address."
    ordering = ("-id",)


@admin.register(Session)
class Sessions(SignIns):
    list_display = ("created_at", "user__email", "device", "place", "address", "last_seen_at", "ended_at", "end_reason")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "end_reason", "created_at")
    search_ids = ("id", "user_id")
    search_help_text = "Session or account by id; e-mail address; IP address."
    fields = (
        "id", "user", "device", "user_agent", "place", "address", "created_at", "last_seen_at", "ended_at",
        "end_reason",
    )  # fmt: skip
    readonly_fields = ("device",)
    actions = (sign_out_owner,)


@admin.register(LoginAttempt)
class LoginAttempts(SignIns):
    list_display = ("at", "user__email", "outcome", "device", "place", "address")
    list_filter = ("outcome", "country", "at")
    fields = (
        "id", "user", "session", "outcome", "device", "user_agent", "place", "country", "address", "at", "judged_at",
    )  # fmt: skip
    readonly_fields = ("device",)


@admin.register(SecurityClaim)
class SecurityClaims(SignIns):
    list_display = ("at", "user__email", "reasons", "device", "place", "address", "was_me", "resolved_at")
    list_filter = ("was_me", "country", "at")
    fields = (
        "id", "user", "session", "reasons", "device", "place", "country", "address", "at", "was_me", "resolved_at",
    )  # fmt: skip
    actions = (lock_out,)


# ── The audit log ────────────────────────────────────────────────────────────────────────────────────────────────────


class OfService(admin.SimpleListFilter):
    title = parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        names = sorted(module.__name__.rpartition(".")[2] for module in MODULES)
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action__startswith=f"{self.value()}.") if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntries(AdminRecords):
    list_display = ("position", "at", "action", "subject_kind", "subject_id", "actor_id", "address", "detail")
    list_filter = (OfService, "action", "at")
    search_ids = ("entry_id", "subject_id", "actor_id")
    search_fields = ("subject_id__exact", "action__startswith", "request_id__exact")
    search_help_text = "Whom or what it was done to, or who did it, by id; the beginning of an action; request id."
    ordering = ("-position",)
    fields = (
        "entry_id", "position", "at", "actor_id", "actor_roles", "action", "subject_kind", "subject_id", "detail",
        "address", "request_id", "previous_hash", "hash",
    )  # fmt: skip
