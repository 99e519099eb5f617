"""The operators' pages: who wants to sell here and who does, and what they are owed and were paid."""

from typing import Any, ClassVar

from django.contrib import admin

from shared.admin import Records, Rows, amount, operation
from shared.auth import Caller
from vendor_service.actions import applications, vendors
from vendor_service.models import Application, Balance, Payout, PayoutAccount, Vendor

# ── Applications ─────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("Approve")
def approve(application: Application, by: Caller, _reason: str) -> None:
    applications.approve(application_id=application.id, admin_id=by.id)


@operation("Reject", needs_reason=True)
def reject(application: Application, by: Caller, reason: str) -> None:
    applications.reject(application_id=application.id, admin_id=by.id, reason=reason)


class VendorRows(Rows):
    model = Vendor
    fields = readonly_fields = ("name", "slug", "status", "created_at")


@admin.register(Application)
class Applications(Records):
    list_display = ("business_name", "contact_email", "country", "status", "created_at", "decided_at", "decided_by")
    list_filter = ("status", "country", "created_at")
    search_ids = ("id", "user_id", "decided_by")
    search_fields = ("business_name__icontains", "contact_email__iexact")
    search_help_text = "Application, applicant or who decided by id; a part of the name; e-mail address."
    ordering = ("-id",)
    fields = (
        "id", "user_id", "business_name", "contact_email", "phone", "website", "country", "payout_currency",
        "description", "status", "reason", "decided_by", "decided_at", "created_at", "updated_at",
    )  # fmt: skip
    inlines = (VendorRows,)
    actions = (approve, reject)


# ── Vendors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("Suspend")
def suspend(vendor: Vendor, _by: Caller, _reason: str) -> None:
    vendors.change_vendor(vendor_id=vendor.id, changes={"status": Vendor.Status.SUSPENDED})


@operation("Reactivate")
def reactivate(vendor: Vendor, _by: Caller, _reason: str) -> None:
    vendors.change_vendor(vendor_id=vendor.id, changes={"status": Vendor.Status.ACTIVE})


@operation("Close")
def close(vendor: Vendor, _by: Caller, _reason: str) -> None:
    vendors.change_vendor(vendor_id=vendor.id, changes={"status": Vendor.Status.CLOSED})


@admin.display(description="commission", ordering="commission_basis_points")
def commission(vendor: Vendor) -> str:
    whole, hundredths = divmod(vendor.commission_basis_points, 100)
    return f"{whole}.{hundredths:02} %"


@admin.register(Vendor)
class Vendors(Records):
    list_display = ("slug", "name", "status", "country", commission, "contact_email", "owner_id", "created_at")
    list_filter = ("status", "country", "payout_currency", "created_at")
    search_ids = ("id", "owner_id", "application_id")
    search_fields = ("slug__startswith", "name__icontains", "contact_email__iexact")
    search_help_text = "Vendor, owner or application by id; a part of the name; e-mail address."
    ordering = ("slug",)
    # Django's stubs know functions as columns only, not as fields.
    fields: ClassVar[Any] = (
        "id", "name", "slug", "owner_id", "application", "status", commission, "payout_currency", "contact_email",
        "country", "description", "version", "created_at", "updated_at",
    )  # fmt: skip
    actions = (suspend, reactivate, close)


# ── Money ────────────────────────────────────────────────────────────────────────────────────────────────────────────


the_amount, the_available, the_pending = amount("amount"), amount("available"), amount("pending")


@admin.register(Payout)
class Payouts(Records):
    list_display = ("id", "vendor", the_amount, "status", "reason", "created_at", "settled_at")
    list_filter = ("status", "currency", "created_at")
    search_ids = ("id", "vendor_id")
    search_fields = ("vendor__slug__iexact",)
    search_help_text = "Payout or vendor by id; the vendor's slug."
    ordering = ("-id",)
    fields: ClassVar[Any] = ("id", "vendor", the_amount, "status", "reason", "created_at", "settled_at", "updated_at")


@admin.register(PayoutAccount)
class PayoutAccounts(Records):
    """Without the number."""

    list_display = ("vendor", "kind", "holder_name", "ending", "usable_from", "changed_at")
    list_filter = ("kind", "changed_at")
    list_select_related = ("vendor",)
    search_ids = ("vendor_id",)
    search_fields = ("vendor__slug__iexact",)
    search_help_text = "Vendor by id or slug."
    ordering = ("-changed_at", "vendor")
    fields: ClassVar[Any] = ("vendor", "kind", "holder_name", "ending", "bic", "bank_code", "usable_from", "changed_at")


@admin.register(Balance)
class Balances(Records):
    """As payment last told; its ledger has the last word."""

    list_display = ("vendor_id", the_available, the_pending, "version", "updated_at")
    list_filter = ("currency", "updated_at")
    search_ids = ("vendor_id",)
    search_help_text = "Vendor by id."
    ordering = ("vendor_id", "currency")
    fields: ClassVar[Any] = list_display
