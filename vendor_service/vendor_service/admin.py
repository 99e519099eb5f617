"""The operators' pages: who wants to sell here and who does, and what they are owed and were paid."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin

from shared.admin import Records, Rows, amount, operation
from shared.auth import Caller
from vendor_service.actions import applications, checklists, documents, vendors
from vendor_service.models import (
    Application,
    Balance,
    ChecklistAnswer,
    ChecklistItem,
    CommissionRule,
    Document,
    Invitation,
    Member,
    Payout,
    PayoutAccount,
    ReturnCase,
    ReviewNote,
    Sale,
    ScarceVariant,
    Vendor,
)

# ── Applications ─────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("Approve")
def approve(application: Application, by: Caller, reason: str) -> None:
    """The reason is needed where something required is not done."""
    applications.approve(application_id=application.id, admin_id=by.id, override=reason)


@operation("Reject", needs_reason=True)
def reject(application: Application, by: Caller, reason: str) -> None:
    applications.reject(application_id=application.id, admin_id=by.id, reason=reason)


class VendorRows(Rows):
    model = Vendor
    fields = readonly_fields = ("name", "slug", "status", "created_at")


class DocumentRows(Rows):
    model = Document
    fields = readonly_fields = ("title", "content_type", "size", "status", "reason", "created_at")


class AnswerRows(Rows):
    model = ChecklistAnswer
    fields = readonly_fields = ("item", "status", "reason", "said_by", "said_at")
    show_change_link = False


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
        "description", "status", "reason", "override", "decided_by", "decided_at", "created_at", "updated_at",
    )  # fmt: skip
    inlines = (DocumentRows, AnswerRows, VendorRows)
    actions = (approve, reject)


@operation("Accept")
def accept_document(document: Document, by: Caller, _reason: str) -> None:
    documents.accept(application_id=document.application_id, document_id=document.id, admin_id=by.id)


@operation("Refuse", needs_reason=True)
def refuse_document(document: Document, by: Caller, reason: str) -> None:
    documents.refuse(application_id=document.application_id, document_id=document.id, admin_id=by.id, reason=reason)


@admin.register(Document)
class Documents(Records):
    """What was given, and what became of it. The files are downloaded over the API, by admins, on record."""

    list_display = ("title", "application", "content_type", "size", "status", "created_at", "decided_at")
    list_filter = ("status", "content_type", "created_at")
    list_select_related = ("application",)
    search_ids = ("id", "application_id", "uploaded_by", "decided_by")
    search_help_text = "Document, application, or who uploaded or decided, by id."
    ordering = ("-id",)
    fields = (
        "id", "application", "title", "content_type", "size", "uploaded_by", "status", "reason", "decided_by",
        "decided_at", "created_at",
    )  # fmt: skip
    actions = (accept_document, refuse_document)


@operation("Require")
def require(item: ChecklistItem, _by: Caller, _reason: str) -> None:
    checklists.change_item(item_id=item.id, changes={"required": True})


@operation("Do not require")
def do_not_require(item: ChecklistItem, _by: Caller, _reason: str) -> None:
    checklists.change_item(item_id=item.id, changes={"required": False})


@operation("Ask")
def ask(item: ChecklistItem, _by: Caller, _reason: str) -> None:
    checklists.change_item(item_id=item.id, changes={"active": True})


@operation("Ask no more")
def ask_no_more(item: ChecklistItem, _by: Caller, _reason: str) -> None:
    checklists.change_item(item_id=item.id, changes={"active": False})


@admin.register(ChecklistItem)
class ChecklistItems(Records):
    """What is asked of who wants to sell here. New ones are made over the API."""

    list_display = ("title", "kind", "rule", "required", "active", "position", "updated_at")
    list_filter = ("kind", "required", "active")
    search_ids = ("id",)
    search_fields = ("title__icontains",)
    search_help_text = "Item by id; a part of the title."
    ordering = ("position", "id")
    actions = (require, do_not_require, ask, ask_no_more)


# ── Vendors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("Suspend", needs_reason=True)
def suspend(vendor: Vendor, _by: Caller, reason: str) -> None:
    vendors.change_vendor(vendor_id=vendor.id, changes={"status": Vendor.Status.SUSPENDED}, reason=reason)


@operation("Reactivate")
def reactivate(vendor: Vendor, _by: Caller, reason: str) -> None:
    vendors.change_vendor(vendor_id=vendor.id, changes={"status": Vendor.Status.ACTIVE}, reason=reason)


@operation("Close")
def close(vendor: Vendor, _by: Caller, reason: str) -> None:
    vendors.change_vendor(vendor_id=vendor.id, changes={"status": Vendor.Status.CLOSED}, reason=reason)


@admin.display(description="commission", ordering="commission_basis_points")
def commission(vendor: Vendor) -> str:
    whole, hundredths = divmod(vendor.commission_basis_points, 100)
    return f"{whole}.{hundredths:02} %"


class MemberRows(Rows):
    model = Member
    fields = readonly_fields = ("user_id", "role", "email", "invited_by", "created_at")


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
        "id", "name", "slug", "owner_id", "application", "status", "status_reason", commission, "payout_currency",
        "contact_email",
        "country", "description", "logo", "banner", "shipping_policy", "returns_policy", "privacy_policy", "version",
        "created_at", "updated_at",
    )  # fmt: skip
    inlines = (MemberRows,)
    actions = (suspend, reactivate, close)


@admin.register(Member)
class Members(Records):
    list_display = ("user_id", "vendor", "role", "email", "created_at")
    list_filter = ("role", "created_at")
    list_select_related = ("vendor",)
    search_ids = ("id", "user_id", "vendor_id")
    search_fields = ("vendor__slug__iexact", "email__iexact")
    search_help_text = "Member, account or vendor by id; the vendor's slug; e-mail address."
    ordering = ("-id",)
    fields = ("id", "vendor", "user_id", "role", "email", "invited_by", "created_at", "updated_at")


@admin.register(Invitation)
class Invitations(Records):
    list_display = ("email", "vendor", "role", "invited_by", "created_at", "expires_at", "ended_at")
    list_filter = ("role", "created_at", "ended_at")
    list_select_related = ("vendor",)
    search_ids = ("id", "vendor_id", "invited_by")
    search_fields = ("vendor__slug__iexact", "email__iexact")
    search_help_text = "Invitation, vendor or who invited by id; the vendor's slug; e-mail address."
    ordering = ("-id",)
    fields = ("id", "vendor", "email", "role", "invited_by", "created_at", "expires_at", "ended_at")


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


# ── What the dashboard counts ────────────────────────────────────────────────────────────────────────────────────────


the_total, the_refund = amount("total"), amount("refunded")


@admin.register(CommissionRule)
class CommissionRules(Records):
    """Looked at here, changed through the API."""

    list_display = (
        "position", "name", "vendor", "category_id", "product_id", "basis_points", "fees_per_unit", "starts_at",
        "ends_at",
    )  # fmt: skip
    list_select_related = ("vendor",)
    search_ids = ("id", "vendor_id", "category_id", "product_id")
    search_fields = ("name__icontains", "vendor__slug__iexact")
    search_help_text = "Rule, vendor, category or product by id; the rule's name, the vendor's slug."
    ordering = ("position",)
    fields: ClassVar[Any] = ("id", *list_display, "version", "created_at", "updated_at")


def known(shown: Callable[[Any], str]) -> Any:
    """An event that came first may not have told the currency."""

    @admin.display(description=getattr(shown, "short_description", ""))
    def column(record: Any) -> str:
        return shown(record) if record.currency else ""

    return column


@admin.register(Sale)
class Sales(Records):
    list_display = ("order_id", "vendor_id", known(the_total), "confirmed_at", "shipped_at", "cancelled_at")
    list_filter = ("currency", "confirmed_at")
    search_ids = ("order_id", "vendor_id")
    search_help_text = "Order or vendor by id."
    ordering = ("-id",)
    fields: ClassVar[Any] = (*list_display, "heard_at")


@admin.register(ReturnCase)
class ReturnCases(Records):
    list_display = (
        "return_id", "vendor_id", "requested_at", "approved", "received_at", known(the_refund), "refunded_at",
    )  # fmt: skip
    list_filter = ("approved", "requested_at")
    search_ids = ("return_id", "vendor_id")
    search_help_text = "Return or vendor by id."
    ordering = ("-heard_at", "return_id")
    fields: ClassVar[Any] = (*list_display, "heard_at")


@admin.register(ReviewNote)
class ReviewNotes(Records):
    list_display = ("review_id", "vendor_id", "rating", "heard_at")
    list_filter = ("rating", "heard_at")
    search_ids = ("review_id", "vendor_id")
    search_help_text = "Review or vendor by id."
    ordering = ("-heard_at", "review_id")


@admin.register(ScarceVariant)
class ScarceVariants(Records):
    list_display = ("sku", "vendor_id", "state", "heard_at")
    list_filter = ("state", "heard_at")
    search_ids = ("variant_id", "vendor_id")
    search_fields = ("sku__iexact",)
    search_help_text = "Variant or vendor by id; SKU."
    ordering = ("-heard_at", "variant_id")
