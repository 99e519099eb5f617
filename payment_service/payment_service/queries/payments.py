"""Payments as their buyers and admins see them, and the simulator's charges as a buyer sees them."""

from uuid import UUID

from django.db.models import QuerySet

from payment_service.models import Payment, SimulatedCharge
from shared.errors import NotFound


def payments_of(user_id: UUID | None) -> QuerySet[Payment]:
    """One buyer's; None: everybody's."""
    rows = Payment.objects.prefetch_related("refunds")
    return rows.filter(user_id=user_id) if user_id else rows.all()


def payment_for(payment_id: UUID, *, user_id: UUID | None) -> Payment:
    """Raises NotFound for one that is absent or somebody else's."""
    payment = payments_of(user_id).filter(id=payment_id).first()
    if payment is None:
        raise NotFound()
    return payment


def simulated_charge(charge_id: UUID) -> SimulatedCharge:
    charge = SimulatedCharge.objects.filter(id=charge_id).first()
    if charge is None:
        raise NotFound()
    return charge
