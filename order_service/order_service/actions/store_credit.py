"""The projection of buyers' store credit."""

from order_service.models import StoreCredit
from shared.contracts.payment import StoreCreditChanged


def keep_credit(message: StoreCreditChanged) -> None:
    """Take the present balance, unless a newer one is here already, or comes at this moment."""
    whose = {"user_id": message.user_id, "currency": message.currency}
    told = {"available": message.available, "version": message.version}
    _row, new = StoreCredit.objects.get_or_create(**whose, defaults=told)
    if not new:
        StoreCredit.objects.filter(**whose, version__lt=message.version).update(**told)
