"""Crypto payments and transfers, as buyers and admins read them."""

from typing import Any
from uuid import UUID

from django.db.models import DecimalField, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from payment_service.models import CoinPrice, CryptoCharge, CryptoTransfer
from shared.errors import NotFound

_NOTHING = Value(0, output_field=DecimalField(max_digits=78, decimal_places=0))


def _sum(condition: Q) -> Any:
    asked_for = Q(receipts__token=F("token"))
    return Coalesce(Sum("receipts__value", filter=asked_for & condition), _NOTHING)


def charges() -> QuerySet[CryptoCharge]:
    """With `confirmed` and `seen`, what has come for good and what is on top of it, of the coin or token that was
    asked for; in the smallest units.
    """
    sums = {"confirmed": _sum(Q(receipts__confirmed=True)), "seen": _sum(Q(receipts__confirmed=False))}
    return CryptoCharge.objects.select_related("payment").annotate(**sums)


def charge_of(payment_id: UUID) -> CryptoCharge:
    """Raises NotFound."""
    charge = CryptoCharge.objects.select_related("payment").filter(payment_id=payment_id).first()
    if charge is None:
        raise NotFound()
    return charge


def transfers() -> QuerySet[CryptoTransfer]:
    return CryptoTransfer.objects.all()


def transfer(transfer_id: UUID) -> CryptoTransfer:
    """Raises NotFound."""
    found = CryptoTransfer.objects.filter(id=transfer_id).first()
    if found is None:
        raise NotFound()
    return found


def prices() -> QuerySet[CoinPrice]:
    return CoinPrice.objects.order_by("currency")
