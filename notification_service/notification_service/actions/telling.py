"""Telling somebody something: into the inbox and by mail, once for each fact. The texts are in templates/."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from notification_service.actions.deliveries import send_mails
from notification_service.models import Delivery, Notification, Preference, Recipient, VendorContact
from notification_service.models.notifications import ASKED_FOR, Group
from shared import clock
from shared.context import current
from shared.contracts.order import Buyer
from shared.errors import Retry
from shared.messages import MoneyData
from shared.money import Money

_THIS_MESSAGE = UUID("4c5d1c86-5f0b-4b0e-9f3e-8f3b5b0a6d11")


@dataclass(frozen=True)
class Person:
    """Whom to tell. Without a user id there is no inbox, without an address no mail."""

    user_id: UUID | None
    email: str
    name: str


def buyer(told: Buyer) -> Person:
    return Person(told.user_id, told.email, told.name)


def vendor(vendor_id: UUID) -> Person:
    """Raises Retry while VendorChanged is still on its way."""
    contact = VendorContact.objects.filter(vendor_id=vendor_id).first()
    if contact is None:
        raise Retry(f"vendor {vendor_id} is not known yet")
    return Person(contact.owner_id, contact.email, contact.name)


def user(user_id: UUID, email: str) -> Person:
    known = Recipient.objects.filter(user_id=user_id).first()
    return Person(user_id, email, known.first_name if known else "")


def users(user_ids: Collection[UUID]) -> list[Person]:
    """Those of them who are known and whose accounts live."""
    rows = Recipient.objects.filter(user_id__in=user_ids, active=True).order_by("user_id")
    return [Person(row.user_id, row.email, row.first_name) for row in rows]


def admins() -> list[Person]:
    """Their inboxes only: nobody wants a mail for each of a thousand products."""
    rows = Recipient.objects.filter(roles__contains=["admin"], active=True).order_by("user_id")
    return [Person(row.user_id, "", row.first_name) for row in rows]


def tell(
    person: Person,
    *,
    kind: str,
    group: Group,
    fact: UUID | None = None,
    data: Mapping[str, Any] | None = None,
    shown: Mapping[str, Any] | None = None,
) -> None:
    """Write `kind`'s text with `data` (kept with the notification) and `shown` (for the text only).

    Without a fact it is about the message in hand: each one tells anew.
    """
    told = {"person": person, "public_url": settings.PUBLIC_URL, **(data or {}), **(shown or {})}
    subject, body = _text(kind, told)
    about = fact or this_message()
    if person.user_id:
        row = Notification(
            user_id=person.user_id, kind=kind, fact=about, title=subject, body=body, data=dict(data or {})
        )
        Notification.objects.bulk_create([row], ignore_conflicts=True)
    if person.email and _wants_mail(person, group):
        _queue(
            Delivery(kind=kind, fact=about, user_id=person.user_id, address=person.email, subject=subject, body=body)
        )


def mail_secret(person: Person, *, kind: str, shown: Mapping[str, Any], expires_at: datetime) -> None:
    """A mail whose body is a secret: never in an inbox, erased when sent, not sent when it is too late."""
    subject, body = _text(kind, {"person": person, "public_url": settings.PUBLIC_URL, **shown})
    _queue(
        Delivery(
            kind=kind,
            fact=this_message(),
            user_id=person.user_id,
            address=person.email,
            subject=subject,
            body=body,
            sensitive=True,
            expires_at=expires_at,
        )
    )


def text_secret(phone: str, *, user_id: UUID, kind: str, shown: Mapping[str, Any], expires_at: datetime) -> None:
    """A text message whose body is a secret, as in `mail_secret`; its template has no line for a subject."""
    _queue(
        Delivery(
            channel=Delivery.Channel.SMS,
            kind=kind,
            fact=this_message(),
            user_id=user_id,
            address=phone,
            body=render_to_string(f"notification_service/{kind}.txt", dict(shown)).strip(),
            sensitive=True,
            expires_at=expires_at,
        )
    )


def _queue(delivery: Delivery) -> None:
    delivery.due_at = timezone.now()
    Delivery.objects.bulk_create([delivery], ignore_conflicts=True)
    clock.wake(send_mails)


def _wants_mail(person: Person, group: Group) -> bool:
    if person.user_id is None or group == Group.ACCOUNT:
        return True
    said = Preference.objects.filter(user_id=person.user_id, group=group).values_list("email", flat=True).first()
    return group not in ASKED_FOR if said is None else said


def _text(kind: str, told: Mapping[str, Any]) -> tuple[str, str]:
    """A template's first line is the subject."""
    text = render_to_string(f"notification_service/{kind}.txt", dict(told)).strip()
    subject, _newline, body = text.partition("\n")
    return " ".join(subject.split())[:250], body.strip()


def this_message() -> UUID:
    """A fact as old as the message in hand: delivered again it is the same."""
    return uuid5(_THIS_MESSAGE, current().causation_id or current().correlation_id)


def shown_money(value: MoneyData) -> str:
    return str(Money(value.minor, value.currency))
