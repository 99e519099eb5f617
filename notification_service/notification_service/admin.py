"""The operators' pages: what was sent to whom and what became of it, and what users read in their inboxes."""

from django.contrib import admin

from notification_service.actions import deliveries
from notification_service.models import Delivery, Notification, Preference, Recipient, VendorContact
from shared.admin import Records, operation
from shared.auth import Caller


@operation("Send again")
def resend(delivery: Delivery, _by: Caller, _reason: str) -> None:
    deliveries.resend(delivery_id=delivery.id)


@admin.register(Delivery)
class Deliveries(Records):
    list_display = ("created_at", "kind", "channel", "address", "status", "attempts", "error", "sent_at")
    list_display_links = ("created_at", "kind")
    list_filter = ("status", "channel", "sensitive", "created_at")
    search_ids = ("id", "user_id", "fact")
    search_fields = ("address__exact", "kind__exact")
    search_help_text = "Delivery, user, or what it is about by id; e-mail address or phone; kind."
    ordering = ("-id",)
    fields = (
        "id", "kind", "channel", "address", "user_id", "fact", "subject", "text", "status", "attempts", "error",
        "due_at", "expires_at", "created_at", "sent_at",
    )  # fmt: skip
    readonly_fields = ("text",)
    actions = (resend,)

    @admin.display
    def text(self, delivery: Delivery) -> str:
        return "A secret." if delivery.sensitive else delivery.body


@admin.register(Notification)
class Notifications(Records):
    list_display = ("created_at", "user_id", "kind", "title", "read_at")
    list_display_links = ("created_at", "title")
    list_filter = (("read_at", admin.EmptyFieldListFilter), "created_at")
    search_ids = ("id", "user_id", "fact")
    search_fields = ("kind__exact",)
    search_help_text = "Notification, user, or what it is about by id; kind."
    ordering = ("-id",)


@admin.register(Preference)
class Preferences(Records):
    list_display = ("user_id", "group", "email")
    list_filter = ("group", "email")
    search_ids = ("user_id",)
    search_help_text = "User by id."
    ordering = ("user_id", "group")


@admin.register(Recipient)
class Recipients(Records):
    """A projection: accounts are acted upon where they are kept."""

    list_display = ("email", "first_name", "user_id", "roles", "locale", "active", "version")
    list_filter = ("active", "locale")
    search_ids = ("user_id",)
    search_fields = ("email__iexact",)
    search_help_text = "User by id; e-mail address."
    ordering = ("-user_id",)


@admin.register(VendorContact)
class VendorContacts(Records):
    """A projection: vendors are acted upon where they are kept."""

    list_display = ("name", "email", "vendor_id", "owner_id", "version")
    search_ids = ("vendor_id", "owner_id")
    search_fields = ("name__icontains", "email__iexact")
    search_help_text = "Vendor or owner by id; a part of the name; e-mail address."
    ordering = ("-vendor_id",)
