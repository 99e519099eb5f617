"""A run that asks a provider for its records: started, read page by page, gone on with, given up, and one each day."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asking import ADMIN, PATH, ask, asked_and_read, found, in_pages_of, time_passes
from django.utils import timezone
from factories import asked, take

from payment_service.actions import reconciliations, simulator
from payment_service.actions.providers import PROVIDERS
from payment_service.clients import simulator as simulator_client
from payment_service.clients.port import Record, RecordPage
from payment_service.errors import ProviderAway, ReconciliationRunning
from payment_service.models import (
    Difference,
    Payout,
    Reconciliation,
    ReconciliationPage,
    Refund,
    SimulatedCharge,
    SimulatedTransfer,
)
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.money import Money
from shared.testing import body, client_as, clock_process, in_parallel, published, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


# ── The run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_starts_it_and_sees_how_far_it_is(happened: Any) -> None:
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


def test_every_cause_of_a_provider_s_difference_is_found(happened: Any) -> None:
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


def test_what_is_open_or_refused_here_and_was_done_there_is_told(happened: Any) -> None:
    Payout.objects.update(status="paid")
    refused = Payout.objects.create(id=new_id(), vendor_id=new_id(), minor=70, currency="USD", status="refused")
    open_ = Payout.objects.create(id=new_id(), vendor_id=new_id(), minor=80, currency="USD", status="pending")
    failed = Refund.objects.create(
        payment_id=happened.payment_id, minor=90, currency="USD", splits=[], status="failed", reason="x"
    )
    for payout in (refused, open_):
        simulator.pay_out(key=str(payout.id), minor=payout.minor, currency="USD")
    charge = SimulatedCharge.objects.get(key=str(happened.payment_id))
    simulator.refund(key=str(failed.id), charge_id=charge.id, minor=90, currency="USD")

    assert found(asked_and_read()) == [
        ("missing_here", "payout", "The payout is still open here"),
        ("missing_here", "payout", "The payout was refused here and made there"),
        ("missing_here", "refund", "The refund failed here and was made there"),
    ]


def test_what_happens_after_it_began_is_of_no_interest(happened: Any) -> None:
    answer = ask()
    asked(take())
    SimulatedCharge.objects.order_by("-created_at")[0].delete()

    reconciliations.run_reconciliations()

    assert body(ADMIN.get(answer["Location"]))["agrees"]


def test_a_record_that_is_told_twice_counts_once(happened: Any, monkeypatch: Any) -> None:
    whole = PROVIDERS["simulator"].records  # type: ignore[attr-defined]

    def twice(*, since: Any, until: Any, after: str) -> RecordPage:
        page = whole(since=since, until=until, after=after)
        return RecordPage([*page.records, *page.records], page.next)

    monkeypatch.setattr(PROVIDERS["simulator"], "records", twice, raising=False)

    answer = asked_and_read()
    assert (answer["records"], answer["differing"]) == (4, 0)


def test_one_of_a_provider_runs_at_a_time(happened: Any) -> None:
    answers = in_parallel(8, lambda _number: ask().status_code)

    assert sorted(answers) == [202] + [409] * 7
    assert body(ask())["code"] == "reconciliation_running"
    reconciliations.run_reconciliations()
    assert ask().status_code == 202


def test_two_clocks_read_each_page_once(happened: Any, monkeypatch: Any) -> None:
    answer = ask()
    with in_pages_of(1, monkeypatch):
        read = in_parallel(4, lambda _number: reconciliations.run_reconciliations())

    ended = body(ADMIN.get(answer["Location"]))
    assert sum(read) == ended["pages"] == 4
    assert (ended["records"], ended["agrees"]) == (4, True)


def test_a_page_that_two_workers_bring_is_kept_once(happened: Any) -> None:
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
    happened: Any, monkeypatch: Any
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


def test_who_is_away_for_a_day_is_given_up(happened: Any, monkeypatch: Any) -> None:
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
def test_more_than_anybody_can_hold_is_given_up(happened: Any, monkeypatch: Any, name: str, most: int) -> None:
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


def test_those_to_look_into_can_be_listed(happened: Any) -> None:
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


def test_a_page_asks_the_database_little(happened: Any, django_assert_max_num_queries: Any) -> None:
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
