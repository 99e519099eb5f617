"""The projection of buyers' store credit."""

from order_service.models import StoreCredit
from shared.contracts.payment import StoreCreditChanged


def keep_credit(message: StoreCreditChanged) -> None:
    """Take the present balance, unless a newer one is here already."""
    rows = StoreCredit.objects.select_for_update()
    known = rows.filter(user_id=message.user_id, currency=message.currency).first()
    if known and known.version >= message.version:
        return
    told = {"available": message.available, "version": message.version}
    StoreCredit.objects.update_or_create(user_id=message.user_id, currency=message.currency, defaults=told)
