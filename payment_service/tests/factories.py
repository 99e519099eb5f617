"""Payments of two vendors' orders, with memorable figures."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from payment_service.actions import payments, payouts
from payment_service.models import Account, Payment
from payment_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.order import Buyer, OrderCompleted, VendorOrderDelivered
from shared.contracts.payment import KeepPayoutAccount, PayOut, PayoutAccountData, RefundPayment, Split, TakePayment
from shared.contracts.vendor import VendorChanged
from shared.messages import Message, MoneyData
from shared.testing import deliver

NORTHWIND, LUMEN = UUID(int=0xA), UUID(int=0xB)


def usd(minor: int) -> MoneyData:
    return MoneyData(minor=minor, currency="USD")


def split(
    vendor_id: UUID = NORTHWIND, *, gross: int = 6_000, tax: int = 1_000, commission: int = 500, commission_tax: int = 0
) -> Split:
    """60.00, of which 45.00 are the vendor's."""
    ours = {"commission": commission, "commission_tax": commission_tax}
    return Split(vendor_order_id=new_id(), vendor_id=vendor_id, gross=gross, tax=tax, **ours)


def take(*splits: Split, token: str = "ok", **changes: Any) -> TakePayment:
    splits = splits or (split(), split(LUMEN, gross=4_000, tax=600, commission=300))
    plain: dict[str, Any] = {
        "payment_id": new_id(),
        "order_id": new_id(),
        "order_number": "N-1001",
        "user_id": new_id(),
        "amount": usd(sum(one.gross for one in splits)),
        "method": "simulator",
        "token": token,
        "splits": splits,
        "expires_at": timezone.now() + timedelta(minutes=15),
    }
    return TakePayment(**{**plain, **changes})


def hear(message: Message) -> bool:
    return deliver(message, SUBSCRIPTIONS)


def asked(message: TakePayment) -> Payment:
    """The provider has been asked about it, once."""
    hear(message)
    payments.ask_providers()
    return Payment.objects.get(id=message.payment_id)


def due_now() -> None:
    """Time passes until everything waits no longer."""
    Payment.objects.exclude(due_at=None).update(due_at=timezone.now())


def refund_of(message: TakePayment, *splits: Split, **changes: Any) -> RefundPayment:
    splits = splits or message.splits
    plain: dict[str, Any] = {
        "refund_id": new_id(),
        "payment_id": message.payment_id,
        "order_id": message.order_id,
        "reason": "returned",
        "amount": usd(sum(one.gross for one in splits)),
        "splits": splits,
    }
    return RefundPayment(**{**plain, **changes})


def part_of(whole: Split, share: int) -> Split:
    """A `share`th of it."""
    figures = {name: getattr(whole, name) // share for name in ("gross", "tax", "commission", "commission_tax")}
    return whole.model_copy(update=figures)


def delivered(message: TakePayment, part: Split) -> VendorOrderDelivered:
    return VendorOrderDelivered(
        order_id=message.order_id,
        number=message.order_number,
        buyer=Buyer(email="ada@example.com", name="Ada"),
        vendor_order_id=part.vendor_order_id,
        vendor_id=part.vendor_id,
        product_ids=(),
        delivered_at=timezone.now(),
    )


def completed(message: TakePayment) -> OrderCompleted:
    return OrderCompleted(
        order_id=message.order_id,
        number=message.order_number,
        buyer=Buyer(email="ada@example.com", name="Ada"),
        vendor_order_ids=tuple(part.vendor_order_id for part in message.splits),
        completed_at=timezone.now(),
    )


def released(message: TakePayment) -> None:
    for part in message.splits:
        hear(delivered(message, part))
    payouts.release_due()


def pay_out(minor: int, vendor_id: UUID = NORTHWIND, member_id: UUID | None = None) -> PayOut:
    return PayOut(payout_id=new_id(), vendor_id=vendor_id, amount=usd(minor), member_id=member_id)


def vendor_changed(vendor_id: UUID = NORTHWIND, **changes: Any) -> VendorChanged:
    plain: dict[str, Any] = {
        "vendor_id": vendor_id,
        "owner_id": UUID(int=0x0E),
        "name": "Northwind Lamps",
        "slug": "northwind-lamps",
        "status": "active",
        "contact_email": "nora@northwind.example",
        "country": "GB",
        "payout_currency": "USD",
        "commission_basis_points": 1_000,
        "version": 1,
    }
    return VendorChanged(**{**plain, **changes})


def account_of(vendor_id: UUID = NORTHWIND, *, version: int = 1, days: int = 0, **details: Any) -> KeepPayoutAccount:
    """Usable so many days from now on."""
    iban = {"kind": "iban", "holder_name": "Nora Kvåle", "iban": "NO9386011117947", "bic": "DNBANOKK"}
    data = PayoutAccountData(**(details or iban))
    usable_from = timezone.now() + timedelta(days=days)
    return KeepPayoutAccount(vendor_id=vendor_id, account=data, usable_from=usable_from, version=version)


def balances(owner_id: UUID | None = None) -> dict[str, int]:
    """What is owed (or owned, for the provider's account), by kind of account, in cents."""
    rows = Account.objects.filter(owner_id=owner_id)
    return {row.kind: row.balance if row.kind == Account.Kind.PROVIDER else -row.balance for row in rows}
