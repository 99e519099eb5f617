"""What came on the chain, once its payment is decided: what is too much, too little or too late is told apart, and goes
back.
"""

import logging
from uuid import UUID

from django.conf import settings
from django.db import transaction

from payment_service.actions import misfits
from payment_service.actions.crypto_charges import coin_price
from payment_service.models import CryptoCharge, CryptoReceipt, Misfit, Payment
from shared.money import EXPONENTS, Money

log = logging.getLogger("nexus.payments")
Use = CryptoReceipt.Use


@transaction.atomic
def sort_receipts(payment_id: UUID) -> None:
    """Of a payment that is decided: what is beyond it, or came although it was declined, goes back."""
    payment = Payment.objects.select_for_update().get(id=payment_id)
    if payment.is_open:
        return
    charge = CryptoCharge.objects.select_related("payment").get(payment=payment)
    needed = int(charge.expected) if payment.status == Payment.Status.TAKEN else 0
    needed -= sum(int(one.value - one.returned) for one in charge.receipts.filter(use=Use.PAYMENT))
    for receipt in charge.receipts.filter(confirmed=True, use=Use.NONE).order_by("block", "log", "id"):
        used = max(min(int(receipt.value), needed), 0) if receipt.token == charge.token else 0
        needed -= used
        receipt.use = Use.PAYMENT if used else Use.MISFIT
        receipt.returned = int(receipt.value) - used
        if receipt.returned:
            receipt.misfit = _misfit(charge, receipt)
        receipt.save()


def _misfit(charge: CryptoCharge, receipt: CryptoReceipt) -> Misfit | None:
    """What is less than a cent, or worth nobody knows what, no book can hold: it is logged, and stays where it is."""
    minor = _worth(charge, receipt)
    if minor <= 0:
        log.error("payment %s: %s units came beside it and are not booked", charge.payment_id, receipt.returned)
        return None
    money = Money(minor, charge.payment.currency)
    return misfits.book(charge.payment, money, source=f"{receipt.hash}:{receipt.log}")


def _worth(charge: CryptoCharge, receipt: CryptoReceipt) -> int:
    """Of what is returned, in minor units. Another coin than was asked for is worth what it is today."""
    value, currency = int(receipt.returned), charge.payment.currency
    if receipt.token == charge.token:
        return charge.minor_of(value)
    if receipt.token:
        digits = settings.CRYPTO_TOKEN_DECIMALS - EXPONENTS[currency]
        return value // int(10**digits) if currency == settings.CRYPTO_TOKEN_CURRENCY else 0
    return value * (coin_price(currency) or 0) // int(10**settings.CRYPTO_COIN_DECIMALS)
