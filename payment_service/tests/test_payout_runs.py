"""Runs: everybody who has enough is paid once, after approval, never more than was planned or than there is."""

from typing import Any

import pytest
from factories import (
    LUMEN,
    NORTHWIND,
    account_of,
    asked,
    balances,
    hear,
    pay_out,
    refund_of,
    released,
    split,
    take,
    vendor_changed,
)
from running import ADA, GRACE, PAYOUTS, RUNS, USD, admin, approve, carry_out, items, make, paid_out

from payment_service.actions import payout_runs, payouts, refunds
from payment_service.clients import Transfer
from payment_service.models import Payout, PayoutItem, PayoutRun, Vendor
from payment_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.payment import PayoutPaid, PayoutRefused, PayoutStarted
from shared.contracts.user import RecordAudit
from shared.testing import body, client_as, in_parallel, operator_as, published

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_pays_everybody_once_it_is_approved(both_earned: Any) -> None:
    made = make()
    run = body(made)
    carry_out()
    assert (made.status_code, run["status"], run["count"], run["total"]["amount"]) == (201, "draft", 2, "76.00")
    assert not paid_out()

    approve(run["id"])
    carry_out()

    assert paid_out() == {NORTHWIND: 4_500, LUMEN: 3_100}
    assert body(admin().get(f"{RUNS}/{run['id']}"))["status"] == "done"
    assert [told.vendor_id for told in published(PayoutStarted)] == [NORTHWIND, LUMEN]
    assert balances()["in_transit"] == 0
    assert broken_rules() == []


def test_its_items_say_what_became_of_each(both_earned: Any) -> None:
    run = body(make())["id"]
    approve(run)
    carry_out()

    rows = body(admin().get(f"{RUNS}/{run}/items"))["results"]

    assert {(row["status"], row["payout"]["status"], row["amount"]["amount"]) for row in rows} == {
        ("started", "paid", "45.00"),
        ("started", "paid", "31.00"),
    }
    assert admin().get(f"{RUNS}/{new_id()}/items").status_code == 404


def test_a_cancelled_run_pays_nobody(both_earned: Any) -> None:
    run = body(make())["id"]
    approve(run)

    cancelled = admin().post(f"{RUNS}/{run}/cancel", {"reason": "Wrong day."})
    carry_out()

    assert (body(cancelled)["status"], paid_out()) == ("cancelled", {})
    assert approve(run).status_code == 409
    assert make().status_code == 201


def test_what_is_under_way_or_done_cannot_be_cancelled(both_earned: Any) -> None:
    run = body(make())["id"]
    approve(run)
    carry_out()

    assert body(admin().post(f"{RUNS}/{run}/cancel", {"reason": "Too late."}))["code"] == "illegal_transition"


def test_there_is_one_open_run_of_a_currency(both_earned: Any) -> None:
    assert [body(make()).get("code", ""), body(make()).get("code", "")] == ["", "payout_run_open"]


def test_of_runs_made_at_once_one_is(both_earned: Any) -> None:
    answers = in_parallel(4, lambda _number: make().status_code)

    assert sorted(answers) == [201, 409, 409, 409]
    assert PayoutItem.objects.count() == 2


def test_carried_out_by_many_workers_at_once_it_pays_each_once(both_earned: Any) -> None:
    approve(body(make())["id"])

    in_parallel(4, lambda _number: payout_runs.carry_out_runs())
    carry_out()

    assert (Payout.objects.count(), paid_out()) == (2, {NORTHWIND: 4_500, LUMEN: 3_100})
    assert PayoutRun.objects.get().status == "done"


def test_without_anything_to_pay_there_is_no_run(provider: Any) -> None:
    assert body(make())["code"] == "nothing_to_pay_out"


def test_less_than_the_minimum_stays(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_MINIMUM = {"USD": 3_101, "JPY": 1}

    run = body(make())

    assert items(run["id"]) == {str(NORTHWIND): ("planned", "")}


def test_who_is_below_nothing_is_paid_once_it_has_earned_it_back(both_earned: Any) -> None:
    hear(pay_out(4_500))
    payouts.ask_for_payouts()
    hear(refund_of(both_earned, both_earned.splits[0]))
    refunds.ask_for_refunds()
    assert balances(NORTHWIND)["vendor_available"] == -4_500

    first = body(make())
    assert items(first["id"]) == {str(LUMEN): ("planned", "")}
    admin().post(f"{RUNS}/{first['id']}/cancel", {"reason": "Later."})
    again = take(split(gross=12_000, tax=2_000, commission=1_000))
    asked(again)
    released(again)
    approve(body(make())["id"])
    carry_out()

    assert balances(NORTHWIND)["vendor_available"] == 0
    assert sorted(told.amount.minor for told in published(PayoutPaid)) == [3_100, 4_500, 4_500]


def test_what_was_refunded_since_the_draft_is_not_paid(both_earned: Any) -> None:
    run = body(make())["id"]
    hear(refund_of(both_earned, both_earned.splits[0]))
    refunds.ask_for_refunds()

    approve(run)
    carry_out()

    assert paid_out() == {LUMEN: 3_100}
    assert items(run)[str(NORTHWIND)] == ("skipped", "insufficient_balance")


def test_what_was_earned_since_the_draft_waits_for_the_next(both_earned: Any) -> None:
    run = body(make())["id"]
    again = take(split())
    asked(again)
    released(again)

    approve(run)
    carry_out()

    assert (paid_out()[NORTHWIND], balances(NORTHWIND)["vendor_available"]) == (4_500, 4_500)


def test_a_vendor_with_a_payout_on_its_way_gets_no_second(both_earned: Any) -> None:
    run = body(make())["id"]
    hear(pay_out(1_000))
    approve(run)

    payout_runs.carry_out_runs()
    hear(pay_out(1_000, LUMEN))

    assert items(run)[str(NORTHWIND)] == ("held", "payout_pending")
    assert [told.reason for told in published(PayoutRefused)] == ["payout_pending"]
    assert Payout.objects.filter(status="pending").count() == 2


def test_a_suspended_vendor_is_held_until_it_is_back(both_earned: Any) -> None:
    hear(vendor_changed(status="suspended", version=2))
    hear(vendor_changed(status="active", version=1))
    hear(pay_out(1_000))
    run = body(make())["id"]
    approve(run)
    carry_out()

    hear(vendor_changed(status="active", version=3))
    approve(body(make())["id"])
    carry_out()

    assert [told.reason for told in published(PayoutRefused)] == ["vendor_suspended"]
    assert items(run)[str(NORTHWIND)] == ("held", "vendor_suspended")
    assert paid_out() == {LUMEN: 3_100, NORTHWIND: 4_500}
    assert Vendor.objects.get().version == 3


def test_who_is_suspended_after_the_draft_is_held_too(both_earned: Any) -> None:
    run = body(make())["id"]
    hear(vendor_changed(status="suspended"))

    approve(run)
    carry_out()

    assert (items(run)[str(NORTHWIND)], paid_out()) == (("held", "vendor_suspended"), {LUMEN: 3_100})


def test_a_payout_that_the_provider_refuses_ends_the_run_and_is_available_again(both_earned: Any) -> None:
    run = body(make())["id"]
    approve(run)
    payout_runs.carry_out_runs()

    for payout in Payout.objects.all():
        payouts.settle_payout(payout_id=payout.id, transfer=Transfer("", False, "account_closed"))
    payout_runs.carry_out_runs()

    assert body(admin().get(f"{RUNS}/{run}"))["status"] == "done"
    assert balances(NORTHWIND)["vendor_available"] == 4_500


@pytest.mark.parametrize("role", ["customer", "vendor", "support"])
def test_only_admins_may(both_earned: Any, role: str) -> None:
    run = body(make())["id"]
    client = client_as(role)

    answers = [
        client.get(RUNS), client.post(RUNS, USD), client.get(f"{RUNS}/{run}"), client.get(f"{RUNS}/{run}/items"),
        client.post(f"{RUNS}/{run}/approve"), client.post(f"{RUNS}/{run}/cancel", {"reason": "No."}),
        client.post(f"{PAYOUTS}/{run}/approve"), client.post(f"{PAYOUTS}/{run}/reject", {"reason": "No."}),
    ]  # fmt: skip

    assert {answer.status_code for answer in answers} == {403}


@pytest.mark.parametrize("given", [{}, {"currency": "XXX"}, {"currency": "USD", "more": 1}, [], "USD"])
def test_odd_bodies_are_refused(provider: Any, given: Any) -> None:
    assert admin().post(RUNS, given).status_code == 400


def test_each_step_is_audited(both_earned: Any) -> None:
    first = body(make())["id"]
    admin().post(f"{RUNS}/{first}/cancel", {"reason": "Wrong day."})
    approve(body(make())["id"], by=GRACE)

    assert [(entry.action, entry.actor_id) for entry in published(RecordAudit)] == [
        ("payment.payout_run.make", ADA),
        ("payment.payout_run.cancel", ADA),
        ("payment.payout_run.make", ADA),
        ("payment.payout_run.approve", GRACE),
    ]


def test_operators_approve_and_cancel_on_their_pages(both_earned: Any) -> None:
    page = "/admin/payment/payment_service/payoutrun/"
    make()
    run = PayoutRun.objects.get()

    told = operator_as("admin", user_id=GRACE).press(page, "cancel_run", run, reason="Wrong day.")

    run.refresh_from_db()
    assert (told, run.status) == (["Cancel: 1"], "cancelled")


def test_lists_ask_the_database_no_more_for_more_rows(both_earned: Any, django_assert_max_num_queries: Any) -> None:
    run = body(make())["id"]
    approve(run)
    carry_out()

    with django_assert_max_num_queries(3):
        admin().get(f"{RUNS}/{run}/items")
    with django_assert_max_num_queries(2):
        admin().get(RUNS)


def test_where_no_provider_pays_the_schedule_makes_bank_files(both_earned: Any, settings: Any) -> None:
    settings.PAYOUT_PROVIDER, settings.PAYOUT_SCHEDULE = "", "daily"

    asked_for, scheduled = make(), payout_runs.make_scheduled_runs()
    settings.PAYOUT_DEBTOR_NAME, settings.PAYOUT_DEBTOR_IBAN = "Nexus", "GB82WEST12345698765432"
    hear(account_of())
    payout_runs.make_scheduled_runs()

    assert (body(asked_for)["code"], scheduled) == ("not_configured", 0)
    assert PayoutRun.objects.get().method == "bank_file"
