"""Reconciliations, as admins read them."""

from uuid import UUID

from django.db.models import QuerySet

from payment_service.models import Difference, Reconciliation
from shared.errors import NotFound


def reconciliations(*, agrees: bool | None = None, **wanted: str) -> QuerySet[Reconciliation]:
    rows = Reconciliation.objects.filter(**wanted)
    if agrees is None:
        return rows
    differing = {"differing": 0, "status": Reconciliation.Status.DONE} if agrees else {"differing__gt": 0}
    return rows.filter(**differing)


def reconciliation(reconciliation_id: UUID) -> Reconciliation:
    """Raises NotFound."""
    row = Reconciliation.objects.filter(id=reconciliation_id).first()
    if row is None:
        raise NotFound()
    return row


def differences(reconciliation_id: UUID) -> QuerySet[Difference]:
    """Raises NotFound."""
    return reconciliation(reconciliation_id).differences.all()
