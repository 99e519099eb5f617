"""Payout runs as admins make, approve and carry them out."""

from typing import Any
from uuid import UUID

from payment_service.actions import payout_runs, payouts
from shared.contracts.payment import PayoutPaid
from shared.testing import body, client_as, published

RUNS, PAYOUTS = "/api/v1/admin/payout-runs", "/api/v1/admin/payouts"
ADA, GRACE = UUID(int=0xADA), UUID(int=0x6ACE)
USD = {"currency": "USD"}


def admin(user_id: UUID = ADA) -> Any:
    return client_as("admin", user_id=user_id)


def make(by: UUID = ADA) -> Any:
    return admin(by).post(RUNS, USD)


def approve(run: str, by: UUID = ADA) -> Any:
    return admin(by).post(f"{RUNS}/{run}/approve")


def carry_out() -> None:
    payout_runs.carry_out_runs()
    payouts.ask_for_payouts()
    payout_runs.carry_out_runs()


def paid_out() -> dict[UUID, int]:
    return {told.vendor_id: told.amount.minor for told in published(PayoutPaid)}


def items(run: str) -> dict[str, tuple[str, str]]:
    rows = body(admin().get(f"{RUNS}/{run}/items"))["results"]
    return {row["vendor_id"]: (row["status"], row["reason"]) for row in rows}
