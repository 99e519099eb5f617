"""What the auditor compares with other services: who was told of which order, and the copies that are kept here."""

from django.db.models import Count

from notification_service.models import Delivery, Notification, Recipient, VendorContact
from shared.evidence import Checks, Page, Row, Topics, digest, kept_of

CONFIRMATION = "order_confirmed"


def confirmations(page: Page) -> list[Row]:
    """By order: in how many mails, and to how many inboxes, its buyer was told that it is confirmed."""
    mails = Delivery.objects.filter(kind=CONFIRMATION)
    inboxes = Notification.objects.filter(kind=CONFIRMATION)
    ids = sorted({*page.keys(mails, "fact"), *page.keys(inboxes, "fact")})
    ids = ids if page.ids is not None else ids[: page.limit]
    mailed = dict(mails.filter(fact__in=ids).values_list("fact").annotate(n=Count("*")).order_by())
    noted = dict(inboxes.filter(fact__in=ids).values_list("fact").annotate(n=Count("*")).order_by())
    return [{"id": order_id, "mails": mailed.get(order_id, 0), "inboxes": noted.get(order_id, 0)} for order_id in ids]


def vendors(page: Page) -> list[Row]:
    rows = page.of(VendorContact.objects.all(), "vendor_id")
    return [{"id": row.vendor_id, "version": row.version, "name": row.name, "owner": row.owner_id} for row in rows]


def recipients(page: Page) -> list[Row]:
    rows = page.of(Recipient.objects.all(), "user_id")
    return [
        {"id": row.user_id, "version": row.version, "active": row.active, "knows": digest(row.email, row.locale)}
        for row in rows
    ]


def people(page: Page) -> list[Row]:
    """Of those who were erased."""
    return kept_of(page, {"recipients": Recipient.objects.all(), "notifications": Notification.objects.all()})


TOPICS: Topics = {"confirmations": confirmations, "vendors": vendors, "recipients": recipients, "people": people}
CHECKS: Checks = {}
