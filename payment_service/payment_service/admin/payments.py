"""Payments and what goes back of them, gift cards, and what providers told."""

from typing import Any, ClassVar

from django.contrib import admin

from payment_service.actions import gift_cards, misfits, refunds
from payment_service.admin.columns import the_amount, the_credit, the_refunded
from payment_service.models import (
    Cancellation,
    GiftCard,
    Misfit,
    Payment,
    Refund,
    Release,
    WebhookEvent,
)
from shared.admin import AdminRecords, Records, Rows, operation
from shared.auth import Caller


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
