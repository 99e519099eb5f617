"""A provider is asked for its own records, a page at a time: what it did agrees with the books, or it is told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import fake_stripe
import pytest
from asking import ADMIN, PATH, ask, asked_and_read, found, in_pages_of, time_passes
from django.utils import timezone
from factories import asked, hear, pay_out, refund_of, released, split, take
from play import asks_the_buyer, cancel, order, paid, told

from payment_service.actions import payments, payouts, reconciliations, refunds, simulator
from payment_service.actions.providers import PROVIDERS, keeper_of
from payment_service.clients import simulator as simulator_client
from payment_service.clients.port import Record, RecordPage
from payment_service.errors import ProviderAway, ReconciliationRunning
from payment_service.models import (
    Difference,
    Payment,
    Payout,
    Reconciliation,
    ReconciliationPage,
    Refund,
    SimulatedCharge,
    SimulatedTransfer,
)
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import body, client_as, clock_process, in_parallel, published, wait_until

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


# ── The run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def busy_day(provider: Any) -> Any:
    """Two charges, a refund and a payout."""
    message, other = take(split()), take(split(gross=4_000, tax=600, commission=300))
    asked(message)
    asked(other)
    released(message)
    hear(refund_of(other))
    refunds.ask_for_refunds()
    hear(pay_out(2_000))
    payouts.ask_for_payouts()
    return message


def test_an_admin_starts_it_and_sees_how_far_it_is(busy_day: Any) -> None:
    answer = ask()

    begun = body(answer)
    assert (answer.status_code, begun["status"], begun["agrees"], begun["pages"]) == (202, "running", None, 0)
    reconciliations.run_reconciliations()
    ended = body(ADMIN.get(answer["Location"]))
    expected = {"status": "done", "agrees": True, "pages": 2, "records": 4, "matched": 4, "differing": 0}
    assert {name: ended[name] for name in expected} == expected
    assert ended["ended_at"]
    entry = published(RecordAudit)[-1]
    assert (entry.action, entry.detail["provider"]) == ("payment.reconciliation.start", "simulator")


def test_every_cause_of_a_provider_s_difference_is_found(busy_day: Any) -> None:
    sixty, _forty = SimulatedCharge.objects.order_by("-minor")
    SimulatedCharge.objects.filter(id=sixty.id).update(minor=5_900)
    SimulatedTransfer.objects.filter(kind="refund").delete()
    SimulatedTransfer.objects.filter(kind="payout").update(minor=2_100)
    SimulatedCharge.objects.create(key="strange", minor=1, status="succeeded")
    simulator.pay_out(key=str(new_id()), minor=70, currency="USD")

    answer = asked_and_read()

    assert (answer["agrees"], answer["matched"], answer["differing"]) == (False, 1, 5)
    assert found(answer) == [
        ("amount_differs", "charge", "Less there"),
        ("amount_differs", "payout", "More there"),
        ("missing_here", "charge", "Nobody here asked for it"),
        ("missing_here", "payout", "Nobody here asked for it"),
        ("missing_there", "refund", "Booked in the last hour of these days"),
    ]


def test_what_is_open_or_refused_here_and_was_done_there_is_told(busy_day: Any) -> None:
    Payout.objects.update(status="paid")
    refused = Payout.objects.create(id=new_id(), vendor_id=new_id(), minor=70, currency="USD", status="refused")
    open_ = Payout.objects.create(id=new_id(), vendor_id=new_id(), minor=80, currency="USD", status="pending")
    failed = Refund.objects.create(
        payment_id=busy_day.payment_id, minor=90, currency="USD", splits=[], status="failed", reason="x"
    )
    for payout in (refused, open_):
        simulator.pay_out(key=str(payout.id), minor=payout.minor, currency="USD")
    charge = SimulatedCharge.objects.get(key=str(busy_day.payment_id))
    simulator.refund(key=str(failed.id), charge_id=charge.id, minor=90, currency="USD")

    assert found(asked_and_read()) == [
        ("missing_here", "payout", "The payout is still open here"),
        ("missing_here", "payout", "The payout was refused here and made there"),
        ("missing_here", "refund", "The refund failed here and was made there"),
    ]


def test_what_happens_after_it_began_is_of_no_interest(busy_day: Any) -> None:
    answer = ask()
    asked(take())
    SimulatedCharge.objects.order_by("-created_at")[0].delete()

    reconciliations.run_reconciliations()

    assert body(ADMIN.get(answer["Location"]))["agrees"]


def test_a_record_that_is_told_twice_counts_once(busy_day: Any, monkeypatch: Any) -> None:
    whole = PROVIDERS["simulator"].records  # type: ignore[attr-defined]

    def twice(*, since: Any, until: Any, after: str) -> RecordPage:
        page = whole(since=since, until=until, after=after)
        return RecordPage([*page.records, *page.records], page.next)

    monkeypatch.setattr(PROVIDERS["simulator"], "records", twice, raising=False)

    answer = asked_and_read()
    assert (answer["records"], answer["differing"]) == (4, 0)


def test_one_of_a_provider_runs_at_a_time(busy_day: Any) -> None:
    answers = in_parallel(8, lambda _number: ask().status_code)

    assert sorted(answers) == [202] + [409] * 7
    assert body(ask())["code"] == "reconciliation_running"
    reconciliations.run_reconciliations()
    assert ask().status_code == 202


def test_two_clocks_read_each_page_once(busy_day: Any, monkeypatch: Any) -> None:
    answer = ask()
    with in_pages_of(1, monkeypatch):
        read = in_parallel(4, lambda _number: reconciliations.run_reconciliations())

    ended = body(ADMIN.get(answer["Location"]))
    assert sum(read) == ended["pages"] == 4
    assert (ended["records"], ended["agrees"]) == (4, True)


def test_a_page_that_two_workers_bring_is_kept_once(busy_day: Any) -> None:
    row = reconciliations.start_reconciliation(**today(), by=new_id())
    page = RecordPage([Record("charge", "k", "r", Money(1, "USD"), timezone.now())], "charge:")

    answers = in_parallel(6, lambda _number: reconciliations.keep_page(reconciliation_id=row.id, number=1, page=page))

    row.refresh_from_db()
    assert answers == [None] * 6
    assert (row.pages, row.records, ReconciliationPage.objects.count()) == (1, 1, 1)


def today() -> Any:
    now = timezone.now().date()
    return {"provider": "simulator", "since": now, "until": now}


def test_it_goes_on_where_a_killed_worker_left_it(provider: Any, monkeypatch: Any) -> None:
    SimulatedTransfer.objects.bulk_create(
        SimulatedTransfer(key=str(new_id()), kind="payout", minor=1, currency="USD", status="succeeded")
        for _number in range(3_000)
    )
    monkeypatch.setenv("SIMULATOR_URL", provider.SIMULATOR_URL)
    row = reconciliations.start_reconciliation(**today(), by=new_id())

    with clock_process():
        wait_until(lambda: pages_of(row) >= 3)
    left = pages_of(row)
    time_passes()
    with clock_process():
        wait_until(lambda: Reconciliation.objects.get(id=row.id).status == "done")

    row.refresh_from_db()
    assert 3 <= left < row.pages == 32
    assert (row.records, row.differing, Difference.objects.count()) == (3_000, 3_000, 3_000)


def pages_of(row: Reconciliation) -> int:
    return Reconciliation.objects.get(id=row.id).pages


def test_a_worker_that_dies_before_the_page_is_kept_leaves_it_to_be_asked_again(
    busy_day: Any, monkeypatch: Any
) -> None:
    answer = ask()
    with monkeypatch.context() as broken:
        broken.setattr(reconciliations, "keep_page", lambda **_fields: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reconciliations.run_reconciliations()
    assert reconciliations.run_reconciliations() == 0  # leased

    time_passes()
    reconciliations.run_reconciliations()

    assert body(ADMIN.get(answer["Location"]))["agrees"]


def test_who_is_away_for_a_day_is_given_up(busy_day: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(reconciliations, "MOST_TRIES", 2)
    monkeypatch.setattr(simulator_client, "_ask", away)
    answer = ask()

    for _time in range(3):
        reconciliations.run_reconciliations()
        time_passes()

    ended = body(ADMIN.get(answer["Location"]))
    assert (ended["status"], ended["failure"], ended["agrees"]) == ("failed", "provider_away", None)


def away(*_args: Any) -> Any:
    raise ProviderAway("nobody is there")


@pytest.mark.parametrize(("name", "most"), [("MOST_RECORDS", 2), ("MOST_PAGES", 1)])
def test_more_than_anybody_can_hold_is_given_up(busy_day: Any, monkeypatch: Any, name: str, most: int) -> None:
    monkeypatch.setattr(reconciliations, name, most)

    ended = asked_and_read()

    assert (ended["status"], ended["failure"]) == ("failed", "too_many_records")
    assert not ReconciliationPage.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"provider": "bank"}, {"provider": "mint"}, {"provider": "\0"}, {"since": "x"}, {"until": "2020-01-01"},
        {"since": "2090-01-01", "until": "2090-01-02"}, {"since": "2020-01-01"},
    ],
)  # fmt: skip
def test_odd_wishes_are_refused(provider: Any, changes: Any) -> None:
    assert ask(**changes).status_code == 400
    assert not Reconciliation.objects.exists()


def test_a_provider_without_a_list_needs_a_file(provider: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(PROVIDERS, "simulator", object())

    answer = ask()

    assert (answer.status_code, body(answer)["code"]) == (404, "records_not_kept")


@pytest.mark.parametrize("role", ["customer", "vendor", "support"])
def test_only_admins_start_one(provider: Any, role: str) -> None:
    assert client_as(role).post(f"{PATH}/from-provider", {}).status_code == 403


def test_the_same_request_twice_starts_one(provider: Any) -> None:
    wish = {**today(), "since": str(today()["since"]), "until": str(today()["until"])}
    answers = [ADMIN.post(f"{PATH}/from-provider", wish, headers={"Idempotency-Key": "once"}) for _time in range(2)]

    assert body(answers[0]) == body(answers[1])
    assert Reconciliation.objects.count() == 1


def test_those_to_look_into_can_be_listed(busy_day: Any) -> None:
    agreeing = asked_and_read()
    SimulatedCharge.objects.all().delete()
    differing = asked_and_read()
    running = body(ask())

    def ids(query: str) -> list[str]:
        return [row["id"] for row in body(ADMIN.get(f"{PATH}?{query}"))["results"]]

    assert ids("agrees=false") == [differing["id"]]
    assert ids("agrees=true&provider=simulator") == [agreeing["id"]]
    assert ids("status=running") == [running["id"]]
    assert ids("provider=chapa") == []
    assert ADMIN.get(f"{PATH}?agrees=maybe").status_code == 400


def test_a_page_asks_the_database_little(busy_day: Any, django_assert_max_num_queries: Any) -> None:
    row = reconciliations.start_reconciliation(**today(), by=new_id())

    with django_assert_max_num_queries(30):
        for number, following in ((1, "charge:"), (2, "")):
            told = [Record("charge", str(new_id()), "r", Money(1, "USD"), timezone.now()) for _one in range(100)]
            reconciliations.keep_page(reconciliation_id=row.id, number=number, page=RecordPage(told, following))


# ── Each day ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_day_yesterday_s_records_are_asked_for_once(provider: Any, settings: Any) -> None:
    settings.RECONCILE_DAILY = ["simulator", "chapa"]

    started = in_parallel(4, lambda _number: reconciliations.start_daily_reconciliations())

    yesterday = (timezone.now() - timedelta(hours=1)).date() - timedelta(days=1)
    assert sum(started) == 2
    rows = Reconciliation.objects.order_by("provider")
    assert [(row.provider, row.since, row.until, row.made_by) for row in rows] == [
        ("chapa", yesterday, yesterday, None),
        ("simulator", yesterday, yesterday, None),
    ]
    assert body(ADMIN.get(PATH))["results"][0]["made_by"] is None


def test_one_that_runs_is_waited_for(provider: Any, settings: Any) -> None:
    settings.RECONCILE_DAILY = ["simulator"]
    ask()
    assert reconciliations.start_daily_reconciliations() == 0

    reconciliations.run_reconciliations()

    assert reconciliations.start_daily_reconciliations() == 1


def test_nobody_is_asked_unless_it_is_set(provider: Any) -> None:
    assert reconciliations.start_daily_reconciliations() == 0
    with pytest.raises(ReconciliationRunning):
        for _time in range(2):
            reconciliations.start_reconciliation(**today(), by=UUID(int=1))
