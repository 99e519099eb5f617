"""Refunds, misfits and payouts as transfers on the chain: prepared here, signed elsewhere (crypto_signing.py)."""

import logging
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from payment_service.actions.crypto_charges import coin_asset, token_asset, token_units
from payment_service.clients import Transfer
from payment_service.models import CryptoCharge, CryptoReceipt, CryptoTransfer, Misfit, PayoutAccount
from shared.money import Money

log = logging.getLogger("nexus.payments")
Kind = CryptoTransfer.Kind


@transaction.atomic
def prepare_refund(*, key: UUID, address: str, amount: Money) -> Transfer:
    """Of a payment, or of what came beside one; the same key twice is one transfer."""
    charge = CryptoCharge.objects.select_for_update(of=("self",)).select_related("payment").get(address=address)
    if known := CryptoTransfer.objects.filter(id=key).first():
        return _answer(known)
    misfit = Misfit.objects.filter(key=key, payment=charge.payment).first()
    what = _of_misfit(charge, misfit) if misfit else _of_payment(charge, amount)
    if not what["recipient"]:
        return Transfer("", False, "nobody_to_send_it_to")
    transfer = CryptoTransfer.objects.create(
        id=key, charge=charge, minor=amount.minor, currency=amount.currency, **what
    )
    return _answer(transfer)


def _of_payment(charge: CryptoCharge, amount: Money) -> dict[str, object]:
    return {
        "kind": Kind.REFUND,
        "token": charge.token,
        "symbol": charge.symbol,
        "decimals": charge.decimals,
        "recipient": charge.refund_to or _sender(charge),
        "value": _share(charge, amount.minor),
    }


def _share(charge: CryptoCharge, minor: int) -> int:
    """What of the coins came for so much of the payment; the parts of a whole are the whole."""
    before = charge.transfers.filter(kind=Kind.REFUND).aggregate(sum=Sum("minor"))["sum"] or 0
    whole, expected = charge.payment.to_charge.minor, int(charge.expected)
    return (before + minor) * expected // whole - before * expected // whole


def _sender(charge: CryptoCharge) -> str:
    """Whoever paid; of several, who paid more than half at once: nobody gets it by adding what is missing. Empty:
    nobody knows.
    """
    paid = _paid(charge)
    if len({sender for sender, _value in paid}) == 1:
        return paid[0][0]
    return next((sender for sender, value in paid if 2 * value > charge.expected), "")


def _paid(charge: CryptoCharge) -> list[tuple[str, int]]:
    """Who sent how much of what was asked for; before what came is sorted, as it will be."""
    rows = charge.receipts.filter(token=charge.token, confirmed=True).exclude(use=CryptoReceipt.Use.MISFIT)
    needed, paid = int(charge.expected), []
    for row in rows.order_by("-use", "block", "log", "id"):  # those that are the payment already come first
        if used := min(int(row.value), needed):
            paid.append((row.sender, used))
        needed -= used
    return paid


def _of_misfit(charge: CryptoCharge, misfit: Misfit) -> dict[str, object]:
    receipt = CryptoReceipt.objects.get(misfit=misfit)
    asset = token_asset() if receipt.token else coin_asset()
    recipient = charge.refund_to or receipt.sender
    return {"kind": Kind.MISFIT, "recipient": recipient, "value": receipt.returned, **asset}


@transaction.atomic
def prepare_payout(*, key: UUID, vendor_id: UUID, amount: Money) -> Transfer:
    """In the token, to the vendor's address."""
    if known := CryptoTransfer.objects.filter(id=key).first():
        return _answer(known)
    address = address_of(vendor_id)
    if not (settings.CRYPTO_TOKEN_ADDRESS and amount.currency == settings.CRYPTO_TOKEN_CURRENCY):
        return Transfer("", False, "currency_not_taken")
    if not address:
        return Transfer("", False, "no_account")
    transfer = CryptoTransfer.objects.create(
        id=key,
        kind=Kind.PAYOUT,
        recipient=address,
        value=token_units(amount),
        minor=amount.minor,
        currency=amount.currency,
        **token_asset(),
    )
    return _answer(transfer)


def withdraw(key: UUID) -> None:
    """A transfer that is not wanted any more, if there is one. Raises IllegalMove."""
    transfer = CryptoTransfer.objects.select_for_update().filter(id=key).first()
    if transfer:
        transfer.withdraw()
        transfer.save()


def address_of(vendor_id: UUID) -> str:
    """Where a vendor wants its coins, in small letters; empty: it wants money elsewhere, or has said so only just."""
    accounts = PayoutAccount.objects.filter(vendor_id=vendor_id, details__kind="evm")
    account = accounts.exclude(usable_from__gt=timezone.now()).first()
    return str(account.details["address"]).lower() if account and account.details else ""


def _answer(transfer: CryptoTransfer) -> Transfer:
    done = transfer.status == CryptoTransfer.Status.DONE
    if not done:
        log.info("%s %s waits to be signed", transfer.kind, transfer.id)
    return Transfer(transfer.hash, done, waits=not done)
