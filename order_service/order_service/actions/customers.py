"""The projection of customers, and forgetting them."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from order_service.models import Customer, Order
from shared.contracts.user import UserChanged, UserErased


def keep_customer(message: UserChanged) -> None:
    """Take the user's present truth, unless a newer one is here already, or the user is to be forgotten; also at this
    very moment.
    """
    told = {"email": message.email, "locale": message.locale, "version": message.version}
    _row, new = Customer.objects.get_or_create(user_id=message.user_id, defaults=told)
    if not new:
        kept = Customer.objects.filter(user_id=message.user_id, erased_at=None, version__lt=message.version)
        kept.update(**told)


ERASED = "erased@erased.invalid"
FINISHED = (Order.Status.DELIVERED, Order.Status.COMPLETED, Order.Status.CANCELLED, Order.Status.RETURNED)


def forget_user(message: UserErased) -> None:
    """Finished orders are nobody's from now on; those on their way still need an address, until they are finished."""
    told = {"email": ERASED, "erased_at": timezone.now()}
    _row, new = Customer.objects.get_or_create(user_id=message.user_id, defaults={**told, "version": 0})
    if not new:
        Customer.objects.filter(user_id=message.user_id, erased_at=None).update(**told)
    _forget(Order.objects.filter(user_id=message.user_id))


def forget_erased() -> int:
    """For the clock: orders that were finished after their buyer had been forgotten; answers how many."""
    gone = Customer.objects.filter(erased_at__isnull=False).values("user_id")
    return _forget(Order.objects.filter(user_id__in=gone))


@transaction.atomic
def _forget(orders: QuerySet[Order]) -> int:
    """What the books need stays: what was bought, for how much, and the country and region that it was taxed in."""
    rows = orders.filter(status__in=FINISHED).exclude(email=ERASED).select_for_update().order_by("id")
    for order in rows:
        order.email, order.buyer_name = ERASED, "erased"
        order.shipping_address = _place_of(order.shipping_address)
        order.billing_address = _place_of(order.billing_address)
        order.save(update_fields=["email", "buyer_name", "shipping_address", "billing_address", "updated_at"])
    return len(rows)


def _place_of(address: dict[str, str]) -> dict[str, str]:
    return {name: value if name in {"country", "region"} else "" for name, value in address.items()}
