"""Payment, asked for what its ledger says of a vendor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from shared.calls import call

FIGURES = ("opening", "sales", "refunds", "commissions", "commission_tax", "tax", "payouts", "other", "closing")


@dataclass(frozen=True, slots=True)
class Statement:
    """Minor units of one currency, signed as they move the balance: all but the last sum to it."""

    currency: str
    opening: int
    sales: int
    refunds: int
    commissions: int
    commission_tax: int
    tax: int
    payouts: int
    other: int
    closing: int


def statements_of(*, vendor_id: UUID, since: datetime, until: datetime) -> list[Statement]:
    """One for each currency. Raises Unavailable when payment does not answer."""
    params = {"vendor_id": str(vendor_id), "since": since.isoformat(), "until": until.isoformat()}
    response = call("payment", settings.PAYMENT_URL, "GET", "/internal/statements", params=params)
    response.raise_for_status()
    return [_statement(one) for one in response.json()["statements"]]


def _statement(one: dict[str, Any]) -> Statement:
    return Statement(one["currency"], *(one.get(name, 0) for name in FIGURES))
