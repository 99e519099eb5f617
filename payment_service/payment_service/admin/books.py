"""The ledger and what it is held against; nobody acts upon it."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from payment_service.admin.columns import the_amount, the_balance
from payment_service.models import (
    Account,
    Difference,
    Entry,
    Posting,
    RateTable,
    Reconciliation,
)
from shared.admin import AdminRecords, Records, Rows


@admin.register(Account)
class Accounts(AdminRecords):
    """A debit is positive, so what somebody is owed is negative."""

    list_display = ("kind", "owner_id", the_balance, "version")
    list_filter = ("kind", "currency")
    search_ids = ("id", "owner_id")
    search_help_text = "Account, vendor or buyer by id."
    ordering = ("kind", "owner_id", "currency")
    fields: ClassVar[Any] = ("id", *list_display)


class PostingRows(Rows):
    model = Posting
    fields: ClassVar[Any] = ("account", the_amount, "vendor_order_id")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        return super().get_queryset(request).select_related("account")


@admin.register(Entry)
class Entries(AdminRecords):
    list_display = ("id", "kind", "reference", "memo", "recorded_at")
    list_filter = ("kind", "recorded_at")
    search_ids = ("id", "reference")
    search_fields = ("memo__startswith",)
    search_help_text = "Entry by id, or by the payment, refund, vendor order or payout it is about; its memo."
    ordering = ("-id",)
    inlines = (PostingRows,)


@admin.register(Posting)
class Postings(AdminRecords):
    list_display = ("id", "entry", "account", the_amount, "vendor_order_id")
    list_filter = ("account__kind",)
    search_ids = ("id", "entry_id", "account_id", "vendor_order_id")
    search_fields = ("entry__memo__startswith",)
    search_help_text = "Posting, entry, account or vendor order by id; the entry's memo."
    ordering = ("-id",)
    fields: ClassVar[Any] = list_display


@admin.register(Reconciliation)
class Reconciliations(AdminRecords):
    list_display = (
        "id", "provider", "origin", "status", "since", "until", "records", "matched", "differing", "failure",
        "created_at",
    )  # fmt: skip
    list_filter = ("provider", "origin", "status", "created_at")
    search_ids = ("id", "made_by")
    search_help_text = "Reconciliation or who made it by id."
    ordering = ("-id",)


@admin.register(Difference)
class Differences(AdminRecords):
    list_display = ("id", "reconciliation", "kind", "what", "key", "reference", "cause")
    list_filter = ("kind", "what")
    list_select_related = ("reconciliation",)
    search_ids = ("id", "reconciliation_id")
    search_fields = ("key__exact", "reference__exact")
    search_help_text = "Difference or reconciliation by id; the payment, refund or payout; the provider's reference."
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        "id", "reconciliation", "kind", "what", "key", "reference", "ours", "our_currency", "theirs", "their_currency",
        "cause",
    )  # fmt: skip


@admin.register(RateTable)
class RateTables(Records):
    list_display = ("day", "base", "version", "updated_at")
    list_filter = ("day",)
    search_ids = ()
    search_fields = ("day__startswith",)
    ordering = ("-day",)
