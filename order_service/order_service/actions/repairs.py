"""What the auditor may have mended: told again what others have missed. Each may be asked twice."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from order_service.actions.customers import ERASED
from order_service.actions.orders import confirmation_of, tell
from order_service.actions.parts import tell_delivered
from order_service.actions.refunds import ask
from order_service.models import Customer, Order, Refund, StoreCredit, VendorOrder, VendorTerms
from shared.evidence import Repairs

_OPEN = (Order.Status.PLACED, Order.Status.AWAITING_PAYMENT)


@transaction.atomic
def tell_confirmations(order_ids: Sequence[UUID]) -> int:
    """To whoever has missed that these are confirmed: everybody else knows them by their id, or as too old."""
    confirmed = Order.objects.filter(id__in=order_ids, confirmed_at__isnull=False).exclude(email=ERASED)
    orders = _locked(confirmed.exclude(status=Order.Status.CANCELLED))
    for order in orders:
        tell(order, confirmation_of(order))
    return len(orders)


@transaction.atomic
def tell_deliveries(order_ids: Sequence[UUID]) -> int:
    told = 0
    for order in _locked(Order.objects.filter(id__in=order_ids)):
        for part in order.vendor_orders.filter(status=VendorOrder.Status.DELIVERED).order_by("id"):
            tell_delivered(part, order)
            told += 1
    return told


@transaction.atomic
def ask_refunds(order_ids: Sequence[UUID]) -> int:
    """Those that are asked for and not answered, under the same ids: payment answers each of them once."""
    orders = [order.id for order in _locked(Order.objects.filter(id__in=order_ids))]
    refunds = Refund.objects.filter(order_id__in=orders, status=Refund.Status.ASKED).select_related("order")
    for refund in refunds.order_by("id"):
        ask(refund)
    return len(refunds)


def end_endless(order_ids: Sequence[UUID]) -> int:
    """Open orders whose deadline is missing: it is now, and the saga ends them."""
    endless = Order.objects.filter(id__in=order_ids, status__in=_OPEN, deadline=None)
    return endless.update(deadline=timezone.now())


def doubt_credits(user_ids: Sequence[UUID]) -> int:
    """Whatever payment tells of their store credit next is newer."""
    return StoreCredit.objects.filter(user_id__in=user_ids).update(version=-1)


def doubt_vendors(vendor_ids: Sequence[UUID]) -> int:
    """Whatever vendor tells of their terms next is newer."""
    return VendorTerms.objects.filter(vendor_id__in=vendor_ids).update(version=-1)


def doubt_accounts(user_ids: Sequence[UUID]) -> int:
    """Whatever user tells of them next is newer, but for those who are to be forgotten."""
    return Customer.objects.filter(user_id__in=user_ids, erased_at=None).update(version=-1)


def _locked(orders: QuerySet[Order]) -> list[Order]:
    return list(orders.select_for_update().order_by("id"))


REPAIRS: Repairs = {
    "confirmations": tell_confirmations,
    "deliveries": tell_deliveries,
    "refunds": ask_refunds,
    "endless": end_endless,
    "credits": doubt_credits,
    "vendors": doubt_vendors,
    "accounts": doubt_accounts,
}
