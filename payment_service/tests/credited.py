"""Ada's store credit, and what she buys with it."""

from typing import Any
from uuid import UUID

from factories import balances, hear, refund_of, take

from payment_service.actions import refunds
from payment_service.actions.store_credit import grant_credit
from payment_service.models import Refund, SimulatedCharge
from shared.contracts.payment import TakePayment
from shared.money import Money

ADA = UUID(int=0xADA)
WHOLE = 10_000
"""What `take()` is about, in cents."""


def grant(minor: int, user_id: UUID = ADA, currency: str = "USD") -> None:
    grant_credit(user_id=user_id, amount=Money(minor, currency), reason="sorry")


def buy(credit: int = WHOLE, *, exact: bool = False, **changes: Any) -> TakePayment:
    return take(user_id=ADA, **{"store_credit": credit, "store_credit_exact": exact, **changes})


def mine() -> tuple[int, int]:
    """Ada's: available and held."""
    owned = balances(ADA)
    return owned.get("store_credit", 0), owned.get("store_credit_held", 0)


def charged() -> list[int]:
    return list(SimulatedCharge.objects.filter(status="succeeded").values_list("minor", flat=True))


def refunded(message: TakePayment, *splits: Any) -> Refund:
    command = refund_of(message, *splits)
    hear(command)
    refunds.ask_for_refunds()
    return Refund.objects.get(id=command.refund_id)
