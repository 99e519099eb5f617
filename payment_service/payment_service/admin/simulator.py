"""The simulated provider's side."""

from typing import Any, ClassVar

from django.contrib import admin

from payment_service.admin.columns import the_amount, the_refunded
from payment_service.models import (
    SimulatedCharge,
    SimulatedTransfer,
    SimulatedWebhook,
)
from shared.admin import Records, Rows


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
