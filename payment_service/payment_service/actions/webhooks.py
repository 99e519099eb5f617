"""What providers tell us: stored and answered at once, acted on afterwards from the stored row.

A webhook is only a hint. What became of the charge is read from the provider, so that order and repetition of
webhooks do not matter.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone

from payment_service.actions.payments import settle
from payment_service.actions.providers import PROVIDERS
from payment_service.actions.waiting import claim, wait_before
from payment_service.errors import ProviderAway
from payment_service.models import Payment, WebhookEvent
from shared.context import Context, acting
from shared.errors import NotFound

log = logging.getLogger("nexus.payments")
ATTEMPTS = 10
KEEP = timedelta(days=90)


def receive_webhook(*, provider: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Check and store an event; one that is known already is answered the same. Raises NotFound, BadSignature."""
    if provider not in PROVIDERS:
        raise NotFound()
    event_id, payload = PROVIDERS[provider].event_of(body=body, headers=headers)
    event = WebhookEvent(provider=provider, event_id=event_id, payload=payload, due_at=timezone.now())
    WebhookEvent.objects.bulk_create([event], ignore_conflicts=True)


def act_on_webhooks() -> int:
    """Act on every stored event that is due; answers how many."""
    acted = 0
    while event := claim(WebhookEvent.objects.filter(handled_at__isnull=True)):
        done = _act(event)
        again = {"handled_at": timezone.now()} if done else {"due_at": timezone.now() + wait_before(event.attempts)}
        WebhookEvent.objects.filter(id=event.id).update(**again)
        acted += 1
    return acted


def _act(event: WebhookEvent) -> bool:
    """False: not yet. A charge nobody here knows is given up after a while: it is not ours."""
    provider = PROVIDERS[event.provider]
    reference = provider.charge_in(event.payload)
    payment = Payment.objects.filter(method=event.provider, provider_reference=reference).first() if reference else None
    if payment is None:
        return not reference or event.attempts >= ATTEMPTS
    if payment.status == Payment.Status.TAKEN:  # whatever the provider says of the charge now, it stays taken
        return True
    try:
        charge = provider.look_up(reference)
    except ProviderAway as error:
        log.warning("webhook %s waits: %s", event.event_id, error)
        return False
    with acting(Context(payment.correlation_id)):
        settle(payment_id=payment.id, charge=charge)
    return True


def forget_old_webhooks() -> int:
    """Delete events that were acted on long ago; answers how many."""
    return WebhookEvent.objects.filter(handled_at__lt=timezone.now() - KEEP).delete()[0]
