"""What the auditor may have mended: told again what others have missed. Each may be asked twice."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from payment_service.actions.ledger import Kind, tell_balances, tell_credit
from payment_service.actions.payments import tell_taken
from payment_service.actions.refunds import tell_failure, tell_refunded
from payment_service.models import Account, Payment, Refund, Vendor
from shared.evidence import Repairs


@transaction.atomic
def tell_payments(order_ids: Sequence[UUID]) -> int:
    """An order that is open becomes confirmed by it, and the money of one that is cancelled goes back."""
    taken = Payment.objects.filter(order_id__in=order_ids, status=Payment.Status.TAKEN)
    for payment in (rows := taken.select_for_update().order_by("id")):
        tell_taken(payment)
    return len(rows)


@transaction.atomic
def tell_refunds(order_ids: Sequence[UUID]) -> int:
    done = Refund.objects.filter(payment__order_id__in=order_ids, status=Refund.Status.DONE)
    for refund in (rows := done.select_related("payment").order_by("id")):
        tell_refunded(refund)
    return len(rows)


@transaction.atomic
def tell_failed_refunds(order_ids: Sequence[UUID]) -> int:
    failed = Refund.objects.filter(payment__order_id__in=order_ids, status=Refund.Status.FAILED)
    for refund in (rows := failed.select_related("payment").order_by("id")):
        tell_failure(refund.id, refund.payment, refund.failure)
    return len(rows)


@transaction.atomic
def retell_balances(vendor_ids: Sequence[UUID]) -> int:
    accounts = Account.objects.filter(owner_id__in=vendor_ids, kind__in=(Kind.VENDOR_PENDING, Kind.VENDOR_AVAILABLE))
    rows = list(accounts.select_for_update().order_by("id"))
    for currency in sorted({row.currency for row in rows}):
        tell_balances(sorted({row.owner_id for row in rows if row.owner_id and row.currency == currency}), currency)
    return len({row.owner_id for row in rows})


@transaction.atomic
def retell_credits(user_ids: Sequence[UUID]) -> int:
    accounts = Account.objects.filter(owner_id__in=user_ids, kind=Kind.STORE_CREDIT).select_for_update()
    rows = list(accounts.order_by("id"))
    for row in rows:
        assert row.owner_id is not None
        tell_credit(user_id=row.owner_id, currency=row.currency)
    return len(rows)


def doubt_vendors(vendor_ids: Sequence[UUID]) -> int:
    """Whatever vendor tells of them next is newer."""
    return Vendor.objects.filter(id__in=vendor_ids).update(version=-1)


REPAIRS: Repairs = {
    "payments": tell_payments,
    "refunds": tell_refunds,
    "failed_refunds": tell_failed_refunds,
    "balances": retell_balances,
    "credits": retell_credits,
    "vendors": doubt_vendors,
}
