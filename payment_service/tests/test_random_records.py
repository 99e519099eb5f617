"""Whatever happens in whatever order: what the other side tells of it agrees, and each thing it tells wrongly is found.

Longer: NEXUS_HISTORIES=1000.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from asking import asked_and_read, found
from django.db import transaction
from django.utils import timezone
from factories import asked, hear, refund_of, released
from histories import CURRENCIES, HISTORIES, VENDORS, History, Step
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from play import asks_the_buyer, cancel, order, paid
from tampering import TAMPERS, Tampering, tampered

from payment_service.actions import misfits, payments, payout_runs, payouts, refunds
from payment_service.actions.providers import PROVIDERS
from payment_service.clients.port import Record, RecordPage
from payment_service.errors import NothingToPayOut, PayoutRunOpen
from payment_service.models import Payout, PayoutAccount
from payment_service.queries.reconciliation import compare
from shared.context import new_id
from shared.messages import MoneyData

RUNS = int(os.environ.get("NEXUS_HISTORIES", "60"))
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
PLANS = st.lists(st.builds(Tampering, how=st.sampled_from(TAMPERS), which=st.integers(0, 10_000)), max_size=4)


# ── Providers, over HTTP ─────────────────────────────────────────────────────────────────────────────────────────────


class Play:
    """`sale`, `declined`, `stopped`, `misfit`, `back` (of the whole or a half), `payout`."""

    def __init__(self, stage: Any) -> None:
        self.stage, self.sales = stage, list[Any]()

    def act(self, verb: str, which: int) -> None:
        getattr(self, verb)(which)

    def sale(self, _which: int) -> None:
        self.sales.append(paid(self.stage))

    def declined(self, _which: int) -> None:
        asked(order(self.stage, self.stage.declined))

    def stopped(self, _which: int) -> None:
        message, _payment = asks_the_buyer(self.stage)
        cancel(message)
        payments.ask_providers()

    def misfit(self, which: int) -> None:
        message, payment = asks_the_buyer(self.stage)
        self.stage.takes_another(payment, minor=9_000 + which % 9, currency=self.stage.currency)
        self.stage.pays(payment)
        cancel(message)
        payments.ask_providers()
        misfits.return_misfits()

    def back(self, which: int) -> None:
        if self.sales:
            message = self.sales[which % len(self.sales)]
            part = message.splits[which % 2]
            amount = MoneyData(minor=part.gross, currency=self.stage.currency)
            hear(refund_of(message, part, amount=amount))
            refunds.ask_for_refunds()

    def payout(self, _which: int) -> None:
        """Of whatever the vendors have, by the provider of payouts, which is the simulator."""
        if self.sales and self.stage.method == "simulator":
            released(self.sales[-1])
            try:
                run = payout_runs.make_run(currency=self.stage.currency, by=new_id())
            except (NothingToPayOut, PayoutRunOpen):
                return
            payout_runs.approve_run(run_id=run.id, by=new_id())
            payout_runs.carry_out_runs()
            payouts.ask_for_payouts()
            payout_runs.carry_out_runs()


ACTS = st.tuples(
    st.sampled_from(["sale", "sale", "declined", "stopped", "misfit", "back", "payout"]), st.integers(0, 99)
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stage", ["simulator", "stripe", "chapa"], indirect=True)
def test_what_a_provider_tells_of_random_histories_agrees_and_what_it_tells_wrongly_is_found(stage: Any) -> None:
    play = Play(stage)

    @seed(20261121)
    @settings(max_examples=max(RUNS // 20, 2), deadline=None, suppress_health_check=QUIET, database=None)
    @given(acts=st.lists(ACTS, min_size=2, max_size=5), plan=PLANS)
    def all_of_it(acts: Sequence[tuple[str, int]], plan: Sequence[Tampering]) -> None:
        for verb, which in acts:
            play.act(verb, which)

        answer = asked_and_read(stage.method)
        assert (answer["agrees"], found(answer)) == (True, [])
        check_tampering(stage.method, plan)

    all_of_it()


def check_tampering(method: str, plan: Sequence[Tampering]) -> None:
    """Every wrong word is found, and nothing else."""
    provider: Any = PROVIDERS[method]
    expected: list[Any] = []
    whole = type(provider).records

    def told(self: Any, *, since: Any, until: Any, after: str) -> RecordPage:
        records, place = list[Record](), ""
        while place or not records:
            page = whole(self, since=since, until=until, after=place)
            records += page.records
            place = page.next
            if not place:
                break
        wrong, found_ = tampered(records, plan if records else [], forgotten="Booked in the last hour of these days")
        expected[:] = found_
        return RecordPage(wrong)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(provider), "records", told)
        answer = asked_and_read(method)
    assert found(answer) == expected
    assert answer["agrees"] is (not expected)


# ── The bank ─────────────────────────────────────────────────────────────────────────────────────────────────────────

IBAN = {
    "kind": "iban",
    "holder_name": "Nora",
    "iban": "NO9386011117947",
    "bic": "",
    "bank_code": "",
    "account_number": "",
}


@pytest.fixture
def _bank(settings: Any) -> None:
    settings.PAYOUT_DEBTOR_NAME, settings.PAYOUT_DEBTOR_IBAN = "Nexus", "GB82WEST12345698765432"
    settings.PAYOUT_HOLD = timedelta(0)


@pytest.mark.django_db
@pytest.mark.usefixtures("_bank")
@seed(20261121)
@settings(max_examples=RUNS, deadline=None, suppress_health_check=QUIET, database=None)
@given(currency=st.sampled_from(CURRENCIES), steps=HISTORIES, plan=PLANS, knows=st.booleans())
def test_what_a_bank_tells_of_random_histories_agrees_and_what_it_tells_wrongly_is_found(
    currency: str, steps: list[Step], plan: Sequence[Tampering], knows: bool
) -> None:
    with transaction.atomic():
        PayoutAccount.objects.bulk_create(
            PayoutAccount(vendor_id=vendor, details=IBAN, usable_from=timezone.now(), version=1) for vendor in VENDORS
        )
        for _step in History(currency).play([*steps, Step("run", 0, 1, True)]):
            pass
        sure, unsure = told_by_the_bank(knows)

        assert differences([*sure, *unsure]) == []
        wrong, expected = tampered(sure, plan if sure else [], forgotten="")
        assert unexplained(differences([*wrong, *unsure])) == expected
        check_what_nobody_booked([*sure, *unsure])
        transaction.set_rollback(True)


def told_by_the_bank(knows: bool) -> tuple[list[Record], list[Record]]:
    """What it carried out and took back; and what came back before it was marked, of which it may know nothing."""
    sure, unsure = list[Record](), list[Record]()
    for payout in Payout.objects.filter(item__run__method="bank_file", status__in=["paid", "returned"]).order_by("id"):
        kept = sure if payout.paid_at else unsure
        kept.append(_record("payout", payout))
        if payout.status == "returned":
            kept.append(_record("payout_return", payout))
    return sure, unsure if knows else []


def _record(kind: str, payout: Payout) -> Record:
    return Record(kind, str(payout.id), f"{kind}-{payout.id}", payout.amount, timezone.now())


def differences(records: Sequence[Record]) -> list[tuple[str, str, str]]:
    today = timezone.now().date()
    result = compare(records, provider="bank", since=today, until=today + timedelta(days=2))
    return sorted((one.kind, one.what, one.cause.split(":")[0]) for one in result.differences)


def unexplained(told: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Of what is missing there, the cause is another for what was sent and what came back."""
    causes = {
        "payout": "Marked as carried out here and unknown to the bank",
        "payout_return": "Booked as come back here and unknown there",
    }
    assert all(cause == causes[what] for kind, what, cause in told if kind == "missing_there")
    return sorted((kind, what, "" if kind == "missing_there" else cause) for kind, what, cause in told)


def check_what_nobody_booked(records: list[Record]) -> None:
    """The bank has carried out, or has back, what is still otherwise here."""
    for status, kind, cause in (
        ("in_transit", "payout", "The bank has carried it out and nobody has marked it here"),
        ("in_transit", "payout_return", "The payout came back and is still on its way here"),
        ("paid", "payout_return", "The payout came back and is still booked as paid here"),
    ):
        payout = Payout.objects.filter(item__run__method="bank_file", status=status).first()
        if payout:
            assert differences([*records, _record(kind, payout)]) == [("missing_here", kind, cause)]
