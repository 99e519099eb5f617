"""Balances as payment tells them, and payouts asked of it: the ledger has the last word on both."""

from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from shared.audit import record
from shared.contracts.payment import (
    PayOut,
    PayoutPaid,
    PayoutRefused,
    PayoutReturned,
    PayoutStarted,
    VendorBalanceChanged,
)
from shared.contracts.vendor import PayoutSettled
from shared.errors import Invalid
from shared.messages import MoneyData
from shared.money import Money
from shared.outbox import publish
from vendor_service.actions.vendors import locked
from vendor_service.errors import (
    InsufficientBalance,
    NothingAvailable,
    PayoutAccountNew,
    PayoutNotFound,
    PayoutPending,
    VendorSuspended,
)
from vendor_service.models import Balance, Payout, PayoutAccount, Vendor

_ENDS: dict[str, Literal["paid", "refused", "returned"]] = {
    Payout.Status.PAID: "paid",
    Payout.Status.REFUSED: "refused",
    Payout.Status.RETURNED: "returned",
}


def follow_balance(told: VendorBalanceChanged) -> None:
    """Keep the newest; what is older than it, or told twice, changes nothing."""
    figures = {"pending": told.pending, "available": told.available, "version": told.version}
    older = Balance.objects.filter(vendor_id=told.vendor_id, currency=told.currency, version__lt=told.version)
    if older.update(**figures):
        return
    _balance, made = Balance.objects.get_or_create(vendor_id=told.vendor_id, currency=told.currency, defaults=figures)
    if not made:  # by whoever was first, or it is the newer one
        older.update(**figures)


@transaction.atomic
def request_payout(*, vendor_id: UUID, member_id: UUID, amount: Money | None) -> Payout:
    """Ask payment to pay out; without an amount, all that is available in the payout currency.

    The vendor's lock makes parallel requests find each other. Raises VendorNotFound, VendorSuspended, Invalid,
    PayoutAccountNew, PayoutPending, NothingAvailable, InsufficientBalance.
    """
    if amount is not None and amount.minor <= 0:
        raise Invalid({"amount": ["Must be above zero."]})
    vendor = locked(vendor_id)
    if vendor.status == Vendor.Status.SUSPENDED:
        raise VendorSuspended()
    _check_account(vendor)
    currency = amount.currency if amount else vendor.payout_currency
    if vendor.payouts.filter(currency=currency, status=Payout.Status.REQUESTED).exists():
        raise PayoutPending()
    available = _available(vendor.id, currency)
    payout = Payout.objects.create(vendor=vendor, amount=_covered(amount or available, available), currency=currency)
    publish(PayOut(payout_id=payout.id, vendor_id=vendor.id, amount=_told(payout), member_id=member_id))
    told = {"vendor": vendor.id, "minor": payout.amount, "currency": currency}
    record(action="vendor.payout.request", subject_kind="payout", subject_id=payout.id, **told)
    return payout


def _check_account(vendor: Vendor) -> None:
    """Without one, payment's provider knows where to. Raises PayoutAccountNew."""
    account = PayoutAccount.objects.filter(vendor=vendor).first()
    if account and not account.is_usable(at=timezone.now()):
        raise PayoutAccountNew(f"Payouts go on {account.usable_from:%Y-%m-%d %H:%M} UTC.")


def _available(vendor_id: UUID, currency: str) -> Money:
    balance = Balance.objects.filter(vendor_id=vendor_id, currency=currency).first()
    return Money(balance.available if balance else 0, currency)


def _covered(wanted: Money, available: Money) -> int:
    """The minor units wanted. Raises NothingAvailable, InsufficientBalance."""
    if available.minor <= 0:
        raise NothingAvailable()
    if available < wanted:
        raise InsufficientBalance(f"{available} available.")
    return wanted.minor


def follow_run(told: PayoutStarted) -> None:
    """A run pays the vendor, which may have asked at the same moment: payment answers that it is on its way."""
    figures = {"amount": told.amount.minor, "currency": told.amount.currency, "by_run": True}
    Payout.objects.get_or_create(id=told.payout_id, defaults={"vendor_id": told.vendor_id, **figures})


def settle_paid(told: PayoutPaid) -> None:
    _settle(told.payout_id, Payout.Status.PAID)


def settle_refused(told: PayoutRefused) -> None:
    _settle(told.payout_id, Payout.Status.REFUSED, told.reason)


def settle_returned(told: PayoutReturned) -> None:
    _settle(told.payout_id, Payout.Status.RETURNED, told.reason)


def _settle(payout_id: UUID, status: Payout.Status, reason: str = "") -> None:
    """Once. Raises PayoutNotFound, PayoutSettledBefore."""
    payout = Payout.objects.select_for_update().filter(id=payout_id).first()
    if payout is None:
        raise PayoutNotFound()
    if not payout.settle(status, reason):
        return
    payout.save()
    publish(
        PayoutSettled(
            payout_id=payout.id,
            vendor_id=payout.vendor_id,
            amount=_told(payout),
            status=_ENDS[status],
            reason=reason,
        )
    )


def _told(payout: Payout) -> MoneyData:
    return MoneyData(minor=payout.amount, currency=payout.currency)
