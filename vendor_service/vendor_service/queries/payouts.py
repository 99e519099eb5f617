from uuid import UUID

from django.db.models import QuerySet

from vendor_service.errors import PayoutNotFound
from vendor_service.models import Balance, Payout


def balances(vendor_id: UUID) -> list[Balance]:
    return list(Balance.objects.filter(vendor_id=vendor_id).order_by("currency"))


def payouts(vendor_id: UUID) -> QuerySet[Payout]:
    return Payout.objects.filter(vendor_id=vendor_id)


def payout(*, vendor_id: UUID, payout_id: UUID) -> Payout:
    """Raises PayoutNotFound, also for another vendor's."""
    row = payouts(vendor_id).filter(id=payout_id).first()
    if row is None:
        raise PayoutNotFound()
    return row
