"""For the clock: what happened on the chain becomes payments, refunds and payouts."""

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from payment_service.actions import chain
from payment_service.actions.crypto_charges import state_of
from payment_service.actions.crypto_receipts import sort_receipts
from payment_service.actions.crypto_signing import confirm_transfers
from payment_service.actions.payments import settle
from payment_service.errors import ProviderAway
from payment_service.models import CryptoCharge, CryptoReceipt, Payment
from shared.context import Context, acting

log = logging.getLogger("nexus.payments")


def watch() -> int:
    """Answers how many charges and transfers there was news of. Without a node there is nothing to watch."""
    if not settings.CRYPTO_NODE_URL:
        return 0
    try:
        chain.catch_up()
        return follow_charges() + confirm_transfers()
    except ProviderAway as error:
        log.warning("the chain waits: %s", error)
        return 0


def follow_charges() -> int:
    """Payments that are open are told what has come; of the others, what is not decided about is."""
    charges = CryptoCharge.objects.all()
    told = Q(receipts__isnull=False) | ~Q(payment__next_action__crypto__seen="0")  # or what was seen is gone again
    waiting = charges.filter(told, payment__status=Payment.Status.ACTION_REQUIRED)
    undecided = charges.filter(receipts__confirmed=True, receipts__use=CryptoReceipt.Use.NONE)
    found = {charge.index for charge in [*waiting, *undecided]}
    for index in sorted(found):
        try:
            _follow(index)
        except Exception:  # one that cannot be followed keeps nobody else's waiting
            log.exception("the charge %s cannot be followed", index)
    return len(found)


@transaction.atomic
def _follow(index: int) -> None:
    """Looked at and decided under one lock: what another worker sends back meanwhile is not the payment any more."""
    payment = Payment.objects.select_for_update().get(crypto=index)
    charge = CryptoCharge.objects.select_related("payment").get(index=index)
    with acting(Context(payment.correlation_id)):
        state = state_of(charge)
        if not payment.cancel_reason or state.status == "succeeded":
            settle(payment_id=payment.id, charge=state)
        sort_receipts(payment.id)
