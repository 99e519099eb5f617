from uuid import UUID

from vendor_service.errors import PayoutAccountNotFound
from vendor_service.models import PayoutAccount


def payout_account(vendor_id: UUID) -> PayoutAccount:
    """Raises PayoutAccountNotFound."""
    account = PayoutAccount.objects.filter(vendor_id=vendor_id).first()
    if account is None:
        raise PayoutAccountNotFound()
    return account
