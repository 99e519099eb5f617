"""Payouts and runs beyond the limit wait for another pair of eyes; the schedule waits for them, too."""

from datetime import UTC, datetime
from typing import Any

import pytest
from factories import (
    NORTHWIND,
    account_of,
    balances,
    hear,
    pay_out,
    vendor_changed,
)
from running import GRACE, PAYOUTS, admin, approve, carry_out, make, paid_out

from payment_service.actions import payout_runs, payouts
from payment_service.models import Payout, PayoutRun
from shared.context import new_id
from shared.contracts.payment import PayoutRefused
from shared.testing import body, published

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_beyond_the_limit_needs_another_admin(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_APPROVAL_OVER = {"USD": 7_599}
    run = body(make())

    own, others = approve(run["id"]), approve(run["id"], by=GRACE)
    carry_out()

    assert (run["needs_another"], body(own)["code"]) == (True, "needs_another_admin")
    assert (body(others)["approved_by"], len(paid_out())) == (str(GRACE), 2)


def test_a_run_at_the_limit_does_not(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_APPROVAL_OVER = {"USD": 7_600}

    assert approve(body(make())["id"]).status_code == 200


def test_who_asked_for_a_payout_does_not_approve_it(both_earned: Any, settings: Any) -> None:
    """An admin may be a member of the vendor, without being its owner."""
    settings.PAYOUT_APPROVAL_OVER = {"USD": 999}
    hear(pay_out(1_000, member_id=GRACE))
    payout = Payout.objects.get()

    own, others = [admin(by).post(f"{PAYOUTS}/{payout.id}/approve") for by in (GRACE, new_id())]

    assert (body(own)["code"], body(others)["status"]) == ("needs_another_admin", "pending")


def test_a_payout_beyond_the_limit_waits_for_an_admin(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_APPROVAL_OVER = {"USD": 999}
    hear(vendor_changed(owner_id=GRACE))
    hear(pay_out(1_000))
    payouts.ask_for_payouts()
    payout = Payout.objects.get()
    assert (payout.status, balances()["in_transit"]) == ("awaiting_approval", 1_000)

    owners = admin(GRACE).post(f"{PAYOUTS}/{payout.id}/approve")
    others = admin().post(f"{PAYOUTS}/{payout.id}/approve")
    payouts.ask_for_payouts()

    assert (body(owners)["code"], body(others)["status"], paid_out()) == (
        "needs_another_admin", "pending", {NORTHWIND: 1_000},
    )  # fmt: skip
    assert admin().post(f"{PAYOUTS}/{payout.id}/approve").status_code == 409


def test_nobody_approves_a_payout_whose_account_was_changed_meanwhile(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_APPROVAL_OVER = {"USD": 999}
    hear(pay_out(1_000))
    payout = Payout.objects.get()
    hear(account_of(version=9, days=2))

    refused = admin().post(f"{PAYOUTS}/{payout.id}/approve")

    assert (refused.status_code, body(refused)["code"]) == (409, "illegal_transition")
    assert Payout.objects.get().status == "awaiting_approval"


def test_a_rejected_payout_is_available_again(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_APPROVAL_OVER = {"USD": 999}
    hear(pay_out(1_000))
    payout = Payout.objects.get()

    rejected = admin().post(f"{PAYOUTS}/{payout.id}/reject", {"reason": "Looks odd."})

    assert (body(rejected)["status"], balances(NORTHWIND)["vendor_available"]) == ("refused", 4_500)
    assert [told.reason for told in published(PayoutRefused)] == ["rejected"]
    assert admin().post(f"{PAYOUTS}/{payout.id}/reject", {"reason": "Again."}).status_code == 409
    assert admin().post(f"{PAYOUTS}/{new_id()}/approve").status_code == 404


def test_the_schedule_is_off_unless_it_is_set(both_earned: Any) -> None:
    assert (payout_runs.make_scheduled_runs(), PayoutRun.objects.count()) == (0, 0)


def test_on_its_day_a_run_is_made_once_and_begins(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_SCHEDULE = f"{datetime.now(UTC):%A}".lower()

    made = [payout_runs.make_scheduled_runs(), payout_runs.make_scheduled_runs()]
    carry_out()

    assert (made, len(paid_out()), PayoutRun.objects.get().made_by) == ([1, 0], 2, None)


def test_beyond_the_limit_a_scheduled_run_waits_for_an_admin(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_SCHEDULE, settings.PAYOUT_APPROVAL_OVER = "daily", {"USD": 1}
    payout_runs.make_scheduled_runs()
    run = PayoutRun.objects.get()
    assert run.status == "draft"

    approve(str(run.id))
    carry_out()

    assert len(paid_out()) == 2
