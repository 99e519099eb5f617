"""A provider is asked for its own records, a page at a time: what it did agrees with the books, or it is told."""

from datetime import timedelta
from typing import Any

import fake_stripe
import pytest
from asking import ADMIN, ask, asked_and_read, found, in_pages_of, time_passes
from django.utils import timezone
from factories import asked, hear, refund_of
from play import asks_the_buyer, cancel, order, paid, told

from payment_service.actions import payments, reconciliations, refunds
from payment_service.actions.providers import PROVIDERS, keeper_of
from payment_service.clients.port import Record
from payment_service.errors import ProviderAway
from payment_service.models import (
    Payment,
    ReconciliationPage,
    SimulatedCharge,
)
from shared.context import new_id
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import body

pytestmark = pytest.mark.django_db(transaction=True)
KEEPERS = pytest.mark.parametrize("stage", ["simulator", "stripe", "chapa"], indirect=True)
"""Those that can be asked; a chain is its own record, which the watcher reads."""


def given_back(message: Any, stage: Any, share: int) -> None:
    part = message.splits[share]
    hear(refund_of(message, part, amount=MoneyData(minor=part.gross, currency=stage.currency)))
    refunds.ask_for_refunds()


# ── Every provider ───────────────────────────────────────────────────────────────────────────────────────────────────


@KEEPERS
def test_what_each_provider_did_agrees_with_the_books(stage: Any) -> None:
    messages = [paid(stage) for _number in range(3)]
    asked(order(stage, stage.declined))
    stopped, _payment = asks_the_buyer(stage)
    cancel(stopped)
    payments.ask_providers()
    given_back(messages[0], stage, 0)
    given_back(messages[0], stage, 1)

    answer = asked_and_read(stage.method)

    kinds = keeper_of(stage.method).listed  # type: ignore[union-attr]
    expected = {"status": "done", "agrees": True, "matched": 5 if "refund" in kinds else 3, "origin": "provider"}
    assert {name: answer[name] for name in expected} == expected
    assert set(answer["kinds"]) == set(kinds)


@KEEPERS
def test_each_provider_s_charge_that_nobody_asked_for_is_found(stage: Any) -> None:
    message = paid(stage)
    Payment.objects.filter(id=message.payment_id).update(provider_reference="lost", listed_as="lost")
    Payment.objects.filter(id=message.payment_id).update(method="none of them")

    assert found(asked_and_read(stage.method)) == [("missing_here", "charge", "Nobody here asked for it")]


@KEEPERS
def test_each_provider_s_charge_whose_answer_was_lost_is_told_as_open(stage: Any) -> None:
    _message, payment = asks_the_buyer(stage)
    Payment.objects.filter(id=payment.id).update(listed_as=listed_as(stage, payment))
    stage.pays(payment)

    cause = "The payment waits for the buyer here"
    assert found(asked_and_read(stage.method)) == [("missing_here", "charge", cause)]

    told(stage, stage.news())
    assert asked_and_read(stage.method)["agrees"]


def listed_as(stage: Any, payment: Payment) -> str:
    return stage.charge_of(payment).id.hex if stage.method == "chapa" else ""


@KEEPERS
def test_money_that_was_not_asked_for_and_went_back_agrees(stage: Any) -> None:
    _message, payment = asks_the_buyer(stage)
    stage.takes_another(payment, minor=9_000, currency=stage.currency)
    stage.pays(payment)
    told(stage, stage.news())

    assert asked_and_read(stage.method)["agrees"]


@KEEPERS
def test_each_provider_s_records_come_in_pages_from_where_it_was_left(stage: Any, monkeypatch: Any) -> None:
    for _number in range(5):
        paid(stage)

    with in_pages_of(2, monkeypatch):
        answer = asked_and_read(stage.method)

    assert (answer["pages"], answer["matched"], answer["differing"]) == (3, 5, 0)
    assert not ReconciliationPage.objects.exists()


@KEEPERS
def test_each_provider_may_be_away_for_a_while(stage: Any, monkeypatch: Any) -> None:
    for _number in range(4):
        paid(stage)
    stage.away()
    answer = ask(stage.method)
    for _time in range(3):
        reconciliations.run_reconciliations()
        time_passes()
    waits = body(ADMIN.get(answer["Location"]))
    assert (waits["status"], waits["agrees"], waits["pages"]) == ("running", None, 0)

    stage.back()
    reconciliations.run_reconciliations()

    ended = body(ADMIN.get(answer["Location"]))
    assert (ended["status"], ended["agrees"], ended["matched"]) == ("done", True, 4)


# ── What Stripe tells ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def stripe(settings: Any, stripe_url: str) -> Any:
    from stages import StripeStage

    settings.PAYMENT_METHODS = ["stripe"]
    return StripeStage(settings, stripe_url)


def records_of(provider: str, **changes: Any) -> list[Record]:
    """All pages of a day around now."""
    now = timezone.now()
    days = {"since": now - timedelta(days=1), "until": now + timedelta(days=1), **changes}
    records, after, keeper = [], "", keeper_of(provider)
    assert keeper
    while True:
        page = keeper.records(**days, after=after)
        records += page.records
        after = page.next
        if not after:
            return records


def test_stripe_is_read_to_its_last_page(stripe: Any) -> None:
    message = paid(stripe)
    charge = next(one for name, one in fake_stripe.resources.store.items() if name.startswith("charge:"))
    for _number in range(230):
        fake_stripe.resources.BalanceTransaction(
            amount=100, currency="usd", source=charge.id, type="charge", reporting_category="charge"
        )

    records = records_of("stripe")

    assert len(records) == 231
    assert {(one.kind, one.key, one.amount) for one in records} == {
        ("charge", Payment.objects.get(id=message.payment_id).provider_reference, Money(10_000, "USD"))
    }
    assert records_of("stripe", until=timezone.now() - timedelta(hours=1)) == []


def test_a_dispute_and_a_refund_that_failed_there_are_told(stripe: Any) -> None:
    message = paid(stripe)
    given_back(message, stripe, 0)
    refund = next(one for name, one in fake_stripe.resources.store.items() if name.startswith("refund:"))
    for category, minor in (("refund_failure", 6_000), ("dispute", -4_000), ("fee", -30), ("payout", -9_000)):
        line = fake_stripe.resources.BalanceTransaction(
            amount=minor, currency="usd", source=refund.id, type="refund", reporting_category="refund"
        )
        line.reporting_category = category

    assert found(asked_and_read("stripe")) == [
        ("missing_here", "dispute", "A buyer disputes the charge"),
        ("missing_here", "refund_return", "The refund failed there after it was booked here"),
    ]


def test_a_line_of_stripe_s_in_a_currency_that_nobody_trades_is_skipped_and_counted(
    stripe: Any, caplog: pytest.LogCaptureFixture
) -> None:
    paid(stripe)
    charge = next(one for name, one in fake_stripe.resources.store.items() if name.startswith("charge:"))
    line = fake_stripe.resources.BalanceTransaction(
        amount=100, currency="usd", source=charge.id, type="charge", reporting_category="charge"
    )
    line.reporting_category, line.currency = "dispute", "zzz"

    assert asked_and_read("stripe")["agrees"]
    assert "1 rows of Stripe's list are skipped" in caplog.text


# ── What Chapa tells ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def chapa(settings: Any, live_server: Any) -> Any:
    from stages import ChapaStage

    settings.PAYMENT_METHODS, settings.PUBLIC_URL = ["chapa"], live_server.url
    return ChapaStage(settings, live_server.url)


def chapas(number: int, **changes: Any) -> None:
    SimulatedCharge.objects.bulk_create(
        SimulatedCharge(provider="chapa", key=str(new_id()), minor=100, currency="ETB", status="succeeded", **changes)
        for _number in range(number)
    )


def test_chapa_is_read_back_to_the_days_that_are_asked_for_and_no_further(chapa: Any) -> None:
    chapas(450)
    SimulatedCharge.objects.update(created_at=timezone.now() - timedelta(days=9))
    chapas(130)
    asked_for: list[str] = []
    keeper: Any = PROVIDERS["chapa"]
    now = timezone.now()
    days = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}

    records, after = [], ""
    while after or not asked_for:
        page = keeper.records(**days, after=after)
        records += page.records
        after = page.next
        asked_for.append(after)

    assert (len(records), asked_for) == (130, ["2", ""])


def chapa_lists(monkeypatch: Any, *changes: dict[str, Any]) -> None:
    row = {"status": "success", "amount": "12.00", "currency": "ETB", "created_at": timezone.now().isoformat()}
    rows = [{**row, "ref_id": f"A{number}", **change} for number, change in enumerate(changes)]
    answer = {"data": {"transactions": rows, "pagination": {}}}
    monkeypatch.setattr("payment_service.clients.chapa._ask", lambda *_args: (True, answer))


@pytest.mark.parametrize("odd", [{"amount": str(10**30)}, {"created_at": "yesterday"}])
def test_what_chapa_lists_and_nobody_can_read_is_no_answer(chapa: Any, monkeypatch: Any, odd: Any) -> None:
    chapa_lists(monkeypatch, odd)

    with pytest.raises(ProviderAway, match="strange"):
        records_of("chapa")


def test_rows_of_chapa_s_that_cannot_be_ours_are_skipped_and_counted(
    chapa: Any, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    chapa_lists(monkeypatch, {"currency": "XXX"}, {"ref_id": None}, {})

    assert [one.reference for one in records_of("chapa")] == ["A2"]
    assert "2 rows of Chapa's list are skipped" in caplog.text


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {}}, {"data": {"transactions": [1]}}])
def test_a_list_of_chapa_s_that_is_none_is_no_answer(chapa: Any, monkeypatch: Any, answer: Any) -> None:
    monkeypatch.setattr("payment_service.clients.chapa._ask", lambda *_args: (True, answer))

    with pytest.raises(ProviderAway):
        records_of("chapa")
