"""What Chapa does on its own computers, as its documentation tells it: for development, where CHAPA_FAKE is set.

A transaction is a charge of the simulator's, and its page to pay on is the simulator's. `tx_ref` is its key, and its id
is Chapa's own reference.
"""

from uuid import UUID

from django.db import transaction

from payment_service.actions import simulator
from payment_service.errors import IllegalMove
from payment_service.models import SimulatedCharge, SimulatedTransfer
from shared.errors import NotFound
from shared.money import Money

Status = SimulatedCharge.Status
CHAPA = SimulatedCharge.Provider.CHAPA


@transaction.atomic
def initialize(*, tx_ref: str, amount: Money, description: str) -> SimulatedCharge:
    """Open a page to pay on. Raises IllegalMove when the reference was used before."""
    fields = {
        "provider": CHAPA,
        "minor": amount.minor,
        "currency": amount.currency,
        "description": description,
        "status": Status.REQUIRES_ACTION,
    }
    made, new = SimulatedCharge.objects.get_or_create(key=tx_ref, defaults=fields)
    if not new:
        raise IllegalMove("Transaction reference has been used before")
    return made


def found(*, tx_ref: str) -> SimulatedCharge:
    """Raises NotFound."""
    made = SimulatedCharge.objects.filter(provider=CHAPA, key=tx_ref).first()
    if made is None:
        raise NotFound()
    return made


@transaction.atomic
def cancel(*, tx_ref: str) -> SimulatedCharge:
    """Close the page. Raises NotFound, IllegalMove when it is not active any more."""
    made = SimulatedCharge.objects.select_for_update().filter(provider=CHAPA, key=tx_ref).first()
    if made is None:
        raise NotFound()
    if not made.is_open:
        raise IllegalMove("Only active transactions can be cancelled")
    made.status = Status.CANCELLED
    made.save()
    return made


@transaction.atomic
def refund(*, reference: UUID, amount: str, key: str) -> SimulatedTransfer:
    """Give back some of it; all of it if no amount is named. Raises NotFound, IllegalMove, MoneyError."""
    made = SimulatedCharge.objects.select_for_update().filter(provider=CHAPA, id=reference).first()
    if made is None:
        raise NotFound()
    if key and SimulatedTransfer.objects.filter(key=key).exists():
        raise IllegalMove("Refund reference has been used before")
    minor = Money.parse(amount, made.currency).minor if amount else made.minor
    sent = simulator.refund(key=key or f"{made.id}-refund", charge_id=made.id, minor=minor, currency=made.currency)
    if sent.reason:
        raise IllegalMove("The amount is more than what is left of the transaction")
    return sent
