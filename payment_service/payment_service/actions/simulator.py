"""The simulated provider: what a real one would do on its own computers.

Tokens: `ok`, `decline`, `insufficient_funds`, `requires_action` (the buyer decides on the hosted page), `slow` (decides
after some seconds), `timeout` (takes the money, and its answer never arrives), `duplicate_webhook` (tells it thrice).
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from payment_service.clients import chapa, simulator
from payment_service.errors import IllegalMove
from payment_service.models import SimulatedCharge, SimulatedTransfer, SimulatedWebhook
from shared.due import take_one
from shared.errors import NotFound
from shared.money import Money

Status = SimulatedCharge.Status
_FIRST = {
    "decline": (Status.DECLINED, "declined"),
    "insufficient_funds": (Status.DECLINED, "insufficient_funds"),
    "requires_action": (Status.REQUIRES_ACTION, ""),
    "slow": (Status.PENDING, ""),
}
_TOLD_TIMES = {"duplicate_webhook": 3}
_ANSWER_IS_LOST = {"timeout"}
WEBHOOK_ATTEMPTS = 12


@transaction.atomic
def charge(
    *, key: str, minor: int, currency: str, token: str, description: str, expires_at: datetime
) -> SimulatedCharge:
    """Decide about a charge; the same key twice is one charge."""
    status, code = _FIRST.get(token, (Status.SUCCEEDED, ""))
    settles_at = timezone.now() + timedelta(seconds=settings.SIMULATOR_SLOW_SECONDS)
    fields = {
        "minor": minor,
        "currency": currency,
        "token": token,
        "description": description,
        "status": status,
        "decline_code": code,
        "expires_at": expires_at,
        "settles_at": settles_at if status == Status.PENDING else None,
    }
    made, new = SimulatedCharge.objects.get_or_create(key=key, defaults=fields)
    if new and not made.is_open:
        _announce(made)
    made.answer_is_lost = new and made.token in _ANSWER_IS_LOST
    return made


@transaction.atomic
def cancel(*, key: str) -> SimulatedCharge:
    """Stop an open charge; a key never seen is stopped before it begins."""
    SimulatedCharge.objects.get_or_create(key=key, defaults={"status": Status.CANCELLED})
    made = SimulatedCharge.objects.select_for_update().get(key=key)
    if made.is_open:
        made.status, made.settles_at = Status.CANCELLED, None
        made.save()
    return made


@transaction.atomic
def decide(*, charge_id: UUID, pays: bool) -> SimulatedCharge:
    """The buyer decides on the hosted page. Raises NotFound, IllegalMove when it is decided or too late."""
    made = SimulatedCharge.objects.select_for_update().filter(id=charge_id).first()
    if made is None:
        raise NotFound()
    if made.status != Status.REQUIRES_ACTION:
        raise IllegalMove("This payment has been decided already.")
    if made.expires_at and made.expires_at <= timezone.now():
        raise IllegalMove("The time to pay is over.")
    made.status, made.decline_code = (Status.SUCCEEDED, "") if pays else (Status.DECLINED, "declined")
    made.save()
    _announce(made)
    return made


def settle_slow_ones() -> int:
    """The slow ones are decided now; answers how many."""
    keys = SimulatedCharge.objects.filter(settles_at__lte=timezone.now()).values_list("id", flat=True)
    return sum(_settle(key) for key in list(keys))


@transaction.atomic
def _settle(charge_id: UUID) -> bool:
    made = SimulatedCharge.objects.select_for_update().get(id=charge_id)
    if made.status != Status.PENDING:
        return False
    made.status, made.settles_at = Status.SUCCEEDED, None
    made.save()
    _announce(made)
    return True


@transaction.atomic
def refund(*, key: str, charge_id: UUID, minor: int, currency: str) -> SimulatedTransfer:
    """Send back some of a charge. Raises NotFound."""
    made = SimulatedCharge.objects.select_for_update().filter(id=charge_id).first()
    if made is None:
        raise NotFound()
    known = SimulatedTransfer.objects.filter(key=key).first()
    if known:
        return known
    fits = made.status == Status.SUCCEEDED and currency == made.currency and made.refunded + minor <= made.minor
    if fits:
        made.refunded += minor
        made.save()
    return _transfer("refund", key, minor, currency, "" if fits else "more_than_was_charged", made.provider)


def pay_out(*, key: str, minor: int, currency: str) -> SimulatedTransfer:
    """Send money to a vendor."""
    return _transfer("payout", key, minor, currency, "")


def _transfer(
    kind: str, key: str, minor: int, currency: str, reason: str, provider: str = SimulatedCharge.Provider.SIMULATOR
) -> SimulatedTransfer:
    fields = {"kind": kind, "provider": provider, "minor": minor, "currency": currency, "reason": reason}
    fields["status"] = "failed" if reason else "succeeded"
    return SimulatedTransfer.objects.get_or_create(key=key, defaults=fields)[0]


# ── Webhooks out ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _announce(made: SimulatedCharge) -> None:
    times = _TOLD_TIMES.get(made.token, 1)
    SimulatedWebhook.objects.create(charge=made, kind=f"charge.{made.status}", times=times, due_at=timezone.now())


def send_webhooks() -> int:
    """Tell the merchant what is due, again and again until it answers 2xx; answers how many were told."""
    told = 0
    while webhook := _claim():
        told += _send(webhook)
    return told


def _claim() -> SimulatedWebhook | None:
    return take_one(SimulatedWebhook.objects.all(), lease=timedelta(seconds=2), grows=2)


def _send(webhook: SimulatedWebhook) -> bool:
    answers = [_tell(webhook) for _time in range(webhook.times)]
    answered = all(answers)
    if answered or webhook.attempts >= WEBHOOK_ATTEMPTS:
        SimulatedWebhook.objects.filter(id=webhook.id).update(due_at=None)
    return answered


def _tell(webhook: SimulatedWebhook) -> bool:
    if webhook.charge.provider == SimulatedCharge.Provider.CHAPA:
        return chapa.tell(_as_chapa(webhook))
    return simulator.tell(_event(webhook))


def _event(webhook: SimulatedWebhook) -> dict[str, str]:
    return {"id": str(webhook.id), "type": webhook.kind, "charge": str(webhook.charge_id)}


def _as_chapa(webhook: SimulatedWebhook) -> dict[str, Any]:
    made = webhook.charge
    paid = made.status == Status.SUCCEEDED
    return {
        "event": "charge.success" if paid else "charge.failed/cancelled",
        "type": "API",
        "status": "success" if paid else "failed/cancelled",
        "mode": "test",
        "tx_ref": made.key,
        "reference": made.id.hex,
        "amount": Money(made.minor, made.currency).amount,
        "currency": made.currency,
        "created_at": made.created_at.isoformat(),
    }
