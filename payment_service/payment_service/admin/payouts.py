"""Payouts, runs, and whom they pay."""

from typing import Any, ClassVar

from django.contrib import admin

from payment_service.actions import bank_files, payout_runs, payouts
from payment_service.admin.columns import the_amount
from payment_service.models import (
    Payout,
    PayoutAccount,
    PayoutItem,
    PayoutRun,
    Vendor,
)
from shared.admin import AdminRecords, Records, Rows, operation
from shared.auth import Caller


@operation("Approve")
def approve(payout: Payout, by: Caller, _reason: str) -> None:
    payouts.approve_payout(payout_id=payout.id, by=by.id)


@operation("Reject", needs_reason=True)
def reject(payout: Payout, _by: Caller, reason: str) -> None:
    payouts.reject_payout(payout_id=payout.id, reason=reason)


@operation("Came back from the bank", needs_reason=True, final=True)
def came_back(payout: Payout, _by: Caller, reason: str) -> None:
    bank_files.return_payout(payout_id=payout.id, reason=reason)


@admin.register(Payout)
class Payouts(AdminRecords):
    list_display = ("id", "vendor_id", the_amount, "status", "reason", "attempts", "created_at", "paid_at")
    list_filter = ("status", "created_at")
    search_ids = ("id", "vendor_id")
    search_fields = ("provider_reference__exact", "correlation_id__exact")
    search_help_text = "Payout or vendor by id; the provider's reference; request id."
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        "id", "vendor_id", the_amount, "status", "reason", "item", "approved_by", "provider_reference", "attempts",
        "due_at", "created_at", "paid_at", "correlation_id",
    )  # fmt: skip
    actions = (approve, reject, came_back)


@operation("Approve")
def approve_run(run: PayoutRun, by: Caller, _reason: str) -> None:
    payout_runs.approve_run(run_id=run.id, by=by.id)


@operation("Cancel", needs_reason=True)
def cancel_run(run: PayoutRun, _by: Caller, reason: str) -> None:
    payout_runs.cancel_run(run_id=run.id, reason=reason)


@operation("The bank has carried it out", final=True)
def executed(run: PayoutRun, _by: Caller, _reason: str) -> None:
    bank_files.mark_executed(run_id=run.id)


class PayoutItemRows(Rows):
    model = PayoutItem
    show_change_link = False
    fields: ClassVar[Any] = ("vendor_id", the_amount, "status", "reason")
    readonly_fields = fields


@admin.register(PayoutRun)
class PayoutRuns(AdminRecords):
    list_display = (
        "id",
        "currency",
        "method",
        "status",
        "needs_another",
        "made_by",
        "approved_by",
        "created_at",
        "ended_at",
    )
    list_filter = ("status", "currency", "created_at")
    search_ids = ("id", "made_by", "approved_by", "items__vendor_id")
    search_fields = ("correlation_id__exact",)
    search_help_text = "Run, admin or vendor by id; request id."
    ordering = ("-id",)
    inlines = (PayoutItemRows,)
    actions = (approve_run, cancel_run, executed)


@admin.register(PayoutAccount)
class PayoutAccounts(AdminRecords):
    """Without the account: vendor_service shows its last digits."""

    list_display = ("vendor_id", "usable_from", "version")
    list_filter = ("usable_from",)
    search_ids = ("vendor_id",)
    search_help_text = "Vendor by id."
    ordering = ("vendor_id",)
    fields: ClassVar[Any] = list_display


@admin.register(Vendor)
class Vendors(Records):
    """As vendor_service last told."""

    list_display = ("id", "name", "status", "version")
    list_filter = ("status",)
    search_ids = ("id", "owner_id")
    search_fields = ("name__icontains",)
    search_help_text = "Vendor or owner by id; a part of the name."
    ordering = ("name", "id")
