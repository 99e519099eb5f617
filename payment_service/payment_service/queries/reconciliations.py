"""Reconciliations, as admins read them."""

from uuid import UUID

from django.db.models import QuerySet

from payment_service.models import Difference, Reconciliation
from shared.errors import NotFound


def reconciliations() -> QuerySet[Reconciliation]:
    return Reconciliation.objects.all()


def reconciliation(reconciliation_id: UUID) -> Reconciliation:
    """Raises NotFound."""
    row = Reconciliation.objects.filter(id=reconciliation_id).first()
    if row is None:
        raise NotFound()
    return row


def differences(reconciliation_id: UUID) -> QuerySet[Difference]:
    """Raises NotFound."""
    return reconciliation(reconciliation_id).differences.all()
