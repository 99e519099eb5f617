"""The projection of customers."""

from order_service.models import Customer
from shared.contracts.user import UserChanged


def keep_customer(message: UserChanged) -> None:
    """Take the user's present truth, unless a newer one is here already."""
    known = Customer.objects.select_for_update().filter(user_id=message.user_id).first()
    if known and known.version >= message.version:
        return
    told = {"email": message.email, "locale": message.locale, "version": message.version}
    Customer.objects.update_or_create(user_id=message.user_id, defaults=told)
