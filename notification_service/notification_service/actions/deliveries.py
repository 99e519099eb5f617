"""Mails and text messages are sent by the worker's clock from stored rows: never inside the transaction that decided to
send them.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from notification_service.clients import Away, Undeliverable, send_mail, send_sms
from notification_service.models import Delivery
from shared.audit import record
from shared.due import take_one
from shared.errors import NotFound

log = logging.getLogger("nexus.mail")
LEASE = timedelta(seconds=60)
_OUTCOME = ("status", "body", "error", "due_at", "sent_at")


def send_mails() -> int:
    """Send all that are due; answers how many were tried. Safe beside another worker."""
    tried = 0
    while delivery := _claim():
        _send(delivery)
        tried += 1
    return tried


def _claim() -> Delivery | None:
    """Leased: whoever dies with it leaves it due again when the lease ends."""
    return take_one(Delivery.objects.all(), lease=LEASE, grows=1)


def _send(delivery: Delivery) -> None:
    lease, now = delivery.due_at, timezone.now()
    if delivery.expires_at and delivery.expires_at <= now:
        delivery.fail(error="too late to be of use")
    else:
        _hand_over(delivery)
    _note(delivery, lease)


def _note(delivery: Delivery, lease: datetime | None) -> None:
    """Write down what became of it, unless the lease ended and somebody else took it over.

    A sender that comes too late would bring an erased code back, and send what was sent.
    """
    outcome = {name: getattr(delivery, name) for name in _OUTCOME}
    Delivery.objects.filter(id=delivery.id, due_at=lease).update(**outcome)


def _hand_over(delivery: Delivery) -> None:
    try:
        _hand_to_channel(delivery)
    except Undeliverable as error:
        log.warning("delivery %s is refused: %s", delivery.id, error)
        delivery.fail(error=str(error))
    except Away as error:
        log.warning("delivery %s waits: %s", delivery.id, error)
        if delivery.attempts >= settings.MAIL_ATTEMPTS:
            delivery.fail(error=str(error))
        else:
            delivery.postpone(to=timezone.now() + delivery.wait, error=str(error))
    else:
        delivery.succeed(at=timezone.now())


def _hand_to_channel(delivery: Delivery) -> None:
    """Raises Away, Undeliverable."""
    if delivery.channel == Delivery.Channel.SMS:
        send_sms(phone=delivery.address, body=delivery.body)
    else:
        send_mail(delivery_id=delivery.id, address=delivery.address, subject=delivery.subject, body=delivery.body)


@transaction.atomic
def resend(*, delivery_id: UUID) -> Delivery:
    """An admin tries a failed one again. Raises NotFound, NotFailed."""
    delivery = Delivery.objects.select_for_update().filter(id=delivery_id).first()
    if delivery is None:
        raise NotFound()
    delivery.send_again(at=timezone.now())
    delivery.save()
    record(action="notification.delivery.resend", subject_kind="delivery", subject_id=delivery_id, kind=delivery.kind)
    return delivery
