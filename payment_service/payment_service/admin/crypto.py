"""What came on a chain, and what is to be sent there."""

from typing import Any, ClassVar

from django.contrib import admin

from payment_service.admin.columns import the_amount
from payment_service.models import (
    ChainCursor,
    CoinPrice,
    CryptoCharge,
    CryptoReceipt,
    CryptoTransfer,
)
from shared.admin import AdminRecords, Records, Rows


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
    search_fields = ("index__iexact", "address__iexact", "receipts__hash__iexact", "payment__order_number__iexact")
    search_help_text = "Payment by id; its address; a transaction that came there; order number."
    ordering = ("-index",)
    inlines = (CryptoReceiptRows,)


@admin.register(CryptoReceipt)
class CryptoReceipts(Records):
    list_display = ("hash", "log", "charge", "block", "value", "token", "confirmed", "use", "returned", "misfit")
    list_filter = ("confirmed", "use", "seen_at")
    list_select_related = ("charge", "misfit")
    search_ids = ("charge__payment_id",)
    search_fields = ("id__iexact", "hash__iexact", "sender__iexact", "charge__address__iexact")
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
    search_fields = ("chain_id__iexact",)
    ordering = ("chain_id",)
