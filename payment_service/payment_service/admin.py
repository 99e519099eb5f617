"""The operators' pages: payments and what goes back of them, payouts, and the books, which nobody acts upon."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from payment_service.actions import bank_files, gift_cards, misfits, payout_runs, payouts, refunds
from payment_service.models import (
    Account,
    Cancellation,
    ChainCursor,
    CoinPrice,
    CryptoCharge,
    CryptoReceipt,
    CryptoTransfer,
    Difference,
    Entry,
    GiftCard,
    Misfit,
    Payment,
    Payout,
    PayoutAccount,
    PayoutItem,
    PayoutRun,
    Posting,
    RateTable,
    Reconciliation,
    Refund,
    Release,
    SimulatedCharge,
    SimulatedTransfer,
    SimulatedWebhook,
    Vendor,
    WebhookEvent,
)
from shared.admin import AdminRecords, Records, Rows, amount, operation
from shared.auth import Caller

# Columns and fields that are functions; Django's stubs know them as columns only, hence `ClassVar[Any]`.
the_amount = admin.display(description="amount")(amount("minor"))
the_refunded = amount("refunded")
the_balance = amount("balance")
the_credit = admin.display(description="of it store credit")(amount("credit"))


@operation("Refund what is left", needs_reason=True)
def refund(payment: Payment, _by: Caller, reason: str) -> None:
    refunds.start_refund(payment_id=payment.id, amount=None, reason=reason)


class RefundRows(Rows):
    model = Refund
    fields: ClassVar[Any] = ("id", the_amount, "status", "reason", "failure", "created_at", "done_at")
    readonly_fields = fields


@admin.register(Payment)
class Payments(Records):
    """Without the token that the provider charges, and without the page on which the buyer decides."""

    list_display = ("order_number", "status", the_amount, the_refunded, "method", "reason", "created_at")
    list_filter = ("status", ("due_at", admin.EmptyFieldListFilter), "created_at")
    search_ids = ("id", "order_id", "user_id")
    search_fields = ("order_number__exact", "provider_reference__exact", "correlation_id__exact")
    search_help_text = "Payment, order or buyer by id; order number; the provider's reference; request id."
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        "id", "order_number", "order_id", "user_id", "status", "reason", the_amount, the_credit, the_refunded, "method",
        "provider_reference", "splits", "attempts", "due_at", "cancel_reason", "expires_at", "created_at", "taken_at",
        "updated_at", "correlation_id",
    )  # fmt: skip
    inlines = (RefundRows,)
    actions = (refund,)


@admin.register(Refund)
class Refunds(Records):
    list_display = ("id", "payment", the_amount, "status", "reason", "failure", "created_at", "done_at")
    list_filter = ("status", "created_at")
    search_ids = ("id", "payment_id", "return_id")
    search_fields = ("payment__order_number__iexact", "correlation_id__exact")
    search_help_text = "Refund, payment or return by id; order number; request id."
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        "id", "payment", the_amount, the_credit, "splits", "return_id", "reason", "status", "failure", "attempts",
        "due_at", "created_at", "done_at", "correlation_id",
    )  # fmt: skip


@operation("Send back again")
def send_back_again(misfit: Misfit, _by: Caller, _reason: str) -> None:
    misfits.try_again(misfit_id=misfit.id)


@admin.register(Misfit)
class Misfits(Records):
    """Money that came instead of what was asked for."""

    list_display = ("id", "payment", the_amount, "status", "failure", "created_at", "closed_at")
    list_filter = ("status", "currency", "created_at")
    search_ids = ("id", "payment_id")
    search_fields = ("payment__order_number__iexact",)
    search_help_text = "Misfit or payment by id; order number."
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        "id", "payment", the_amount, "status", "failure", "attempts", "due_at", "created_at", "closed_at",
    )  # fmt: skip
    actions = (send_back_again,)


@operation("Disable", needs_reason=True, final=True)
def disable(card: GiftCard, _by: Caller, reason: str) -> None:
    gift_cards.disable_card(card_id=card.id, reason=reason)


@admin.register(GiftCard)
class GiftCards(AdminRecords):
    """Without what codes are recognised by."""

    list_display = ("ending", the_amount, "status", "note", "expires_at", "created_at", "closed_at")
    list_filter = ("status", "currency", "created_at")
    search_ids = ("id", "batch_id", "redeemed_by")
    search_fields = ("ending__iexact", "note__iexact")
    search_help_text = "Card, batch or redeemer by id; the code's last five; the note."
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        "id", "batch_id", "ending", the_amount, "status", "note", "expires_at", "redeemed_by", "created_at",
        "closed_at",
    )  # fmt: skip
    actions = (disable,)


@admin.register(Cancellation)
class Cancellations(Records):
    list_display = ("payment_id", "order_id", "created_at")
    search_ids = ("payment_id", "order_id")
    ordering = ("-payment_id",)


@admin.register(WebhookEvent)
class WebhookEvents(Records):
    list_display = ("event_id", "provider", "received_at", "handled_at", "attempts", "due_at")
    list_filter = (("handled_at", admin.EmptyFieldListFilter), "received_at")
    search_ids = ("event_id",)
    search_fields = ("event_id__exact",)
    search_help_text = "The provider's id of the event."
    ordering = ("-id",)


@admin.register(Release)
class Releases(Records):
    list_display = ("vendor_order_id", "vendor_id", "order_id", "due_at", "released_at")
    list_filter = (("released_at", admin.EmptyFieldListFilter), "due_at")
    search_ids = ("vendor_order_id", "vendor_id", "order_id")
    search_help_text = "Vendor order, vendor or order by id."
    ordering = ("-vendor_order_id",)


# ── The books ────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    list_display = ("id", "provider", "since", "until", "records", "matched", "differing", "created_at")
    list_filter = ("provider", "created_at")
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


# ── The chain ────────────────────────────────────────────────────────────────────────────────────────────────────────


class CryptoReceiptRows(Rows):
    model = CryptoReceipt
    fields: ClassVar[Any] = ("hash", "log", "block", "token", "sender", "value", "confirmed", "use", "returned")
    readonly_fields = fields


@admin.register(CryptoCharge)
class CryptoCharges(Records):
    list_display = ("index", "payment", "address", "symbol", "expected", "closed_at", "created_at")
    list_filter = ("symbol", ("closed_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("payment",)
    search_ids = ("payment_id",)
    search_fields = ("address__iexact", "receipts__hash__iexact", "payment__order_number__iexact")
    search_help_text = "Payment by id; its address; a transaction that came there; order number."
    ordering = ("-index",)
    inlines = (CryptoReceiptRows,)


@admin.register(CryptoReceipt)
class CryptoReceipts(Records):
    list_display = ("hash", "log", "charge", "block", "value", "token", "confirmed", "use", "returned", "misfit")
    list_filter = ("confirmed", "use", "seen_at")
    list_select_related = ("charge", "misfit")
    search_ids = ("charge__payment_id",)
    search_fields = ("hash__iexact", "sender__iexact", "charge__address__iexact")
    search_help_text = "Payment by id; transaction, sender or address."
    ordering = ("-id",)


@admin.register(CryptoTransfer)
class CryptoTransfers(AdminRecords):
    list_display = ("id", "kind", the_amount, "amount_text", "recipient", "status", "problem", "nonce", "created_at")
    list_filter = ("status", "kind", "created_at")
    search_ids = ("id", "charge__payment_id")
    search_fields = ("hash__iexact", "recipient__iexact")
    search_help_text = "Refund, payout or payment by id; transaction; recipient."
    ordering = ("-created_at", "-id")
    fields: ClassVar[Any] = (
        "id", "kind", "charge", the_amount, "amount_text", "value", "token", "recipient", "status", "problem", "nonce",
        "hash", "handed_in_by", "created_at", "done_at",
    )  # fmt: skip


@admin.register(CoinPrice)
class CoinPrices(AdminRecords):
    list_display = ("currency", "minor", "set_by", "set_at")
    search_ids = ("set_by",)
    search_fields = ("currency__iexact",)
    ordering = ("currency",)


@admin.register(ChainCursor)
class ChainCursors(Records):
    """How far the chain has been read, and when last."""

    list_display = ("chain_id", "number", "head_hash", "read_at")
    search_ids = ()
    ordering = ("chain_id",)


# ── The simulated provider's side ────────────────────────────────────────────────────────────────────────────────────


class SimulatedWebhookRows(Rows):
    model = SimulatedWebhook
    show_change_link = False
    fields: ClassVar[Any] = ("kind", "times", "attempts", "due_at")
    readonly_fields = fields


@admin.register(SimulatedCharge)
class SimulatedCharges(Records):
    list_display = ("id", "provider", "description", "status", the_amount, the_refunded, "decline_code", "created_at")
    list_filter = ("provider", "status", "created_at")
    search_ids = ("id", "key")
    search_fields = ("description__exact",)
    search_help_text = "Charge (the payment's provider reference) or payment by id; order number."
    ordering = ("-id",)
    fields: ClassVar[Any] = (
        "id", "provider", "key", "description", "status", the_amount, the_refunded, "decline_code", "settles_at",
        "expires_at", "created_at",
    )  # fmt: skip
    inlines = (SimulatedWebhookRows,)


@admin.register(SimulatedTransfer)
class SimulatedTransfers(Records):
    list_display = ("id", "kind", the_amount, "status", "reason", "created_at")
    list_filter = ("kind", "status", "created_at")
    search_ids = ("id", "key")
    search_help_text = "Transfer, refund or payout by id."
    ordering = ("-id",)
    fields: ClassVar[Any] = ("id", "key", *list_display[1:])
