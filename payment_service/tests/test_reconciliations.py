"""The provider's records against the ledger: what matches, what differs, and the likely cause in words."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from factories import NORTHWIND, account_of, asked, hear, take

from payment_service.actions import bank_files, payout_runs
from payment_service.models import Difference, Payment, Payout, Reconciliation, Refund
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/api/v1/admin/reconciliations"
ADMIN = client_as("admin", user_id=UUID(int=0xADA))


def record(kind: str, key: object, amount: str, **changes: Any) -> dict[str, str]:
    plain = {"kind": kind, "key": str(key), "reference": f"ref-{key}", "amount": amount, "currency": "USD"}
    return {**plain, "at": timezone.now().isoformat(), **changes}


def records() -> list[dict[str, str]]:
    """As a provider would tell them: the charges of 60.00 and 40.00, the refund, the payout."""
    charges = [
        record("charge", row.id, row.amount.amount, reference=row.provider_reference)
        for row in Payment.objects.order_by("-minor")
    ]
    back = [record("refund", row.id, row.to_send.amount) for row in Refund.objects.all()]
    return [*charges, *back, *(record("payout", row.id, row.amount.amount) for row in Payout.objects.all())]


def csv_of(rows: list[dict[str, str]]) -> str:
    header = "kind,key,reference,amount,currency,at"
    return "\n".join([header, *(",".join(row[name] for name in header.split(",")) for row in rows)])


def send(content: str, **changes: Any) -> Any:
    today = timezone.now().date()
    form = {"file": io.BytesIO(content.encode()), "since": str(today), "until": str(today), **changes}
    return ADMIN.post(PATH, form, format="multipart")


def differences(answer: Any) -> list[tuple[str, str]]:
    rows = body(ADMIN.get(f"{answer['Location']}/differences"))["results"]
    return [(row["kind"], row["cause"].split(":")[0]) for row in rows]


# ── What agrees ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("write", [csv_of, json.dumps])
def test_the_providers_own_records_agree(happened: Any, write: Any) -> None:
    answer = send(write(records()))

    told = body(answer)
    assert (answer.status_code, told["agrees"], told["matched"], told["differing"]) == (201, True, 4, 0)
    assert body(ADMIN.get(answer["Location"])) == told
    assert body(ADMIN.get(PATH))["results"][0] == told


def test_a_charge_is_found_by_the_providers_reference_alone(happened: Any) -> None:
    rows = [row if row["kind"] != "charge" else {**row, "key": ""} for row in records()]

    assert body(send(csv_of(rows)))["agrees"]


def test_what_the_provider_books_past_midnight_is_no_difference(happened: Any) -> None:
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()

    assert body(send(csv_of([{**row, "at": tomorrow} for row in records()])))["agrees"]


def test_payouts_by_bank_file_are_none_of_the_providers(happened: Any, settings: Any) -> None:
    settings.PAYOUT_DEBTOR_NAME, settings.PAYOUT_DEBTOR_IBAN = "Nexus", "GB82WEST12345698765432"
    before = records()
    hear(account_of(NORTHWIND))
    run = payout_runs.make_run(currency="USD", by=new_id(), method="bank_file")
    payout_runs.approve_run(run_id=run.id, by=new_id())
    payout_runs.carry_out_runs()
    assert bank_files.mark_executed(run_id=run.id) == 1

    assert body(send(csv_of(before)))["agrees"]


# ── What differs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_difference_is_told_with_its_likely_cause(happened: Any) -> None:
    sixty, forty, back, paid = records()
    strange = record("charge", new_id(), "9.00")
    rows = [{**sixty, "amount": "58.20"}, forty, {**forty, "reference": "another"}, paid, strange]

    answer = send(csv_of(rows))

    assert (body(answer)["agrees"], body(answer)["matched"]) == (False, 2)
    assert {kind for kind, _cause in differences(answer)} == set(Difference.Kind.values)
    assert {
        ("missing_here", "Nobody here asked for it"),
        ("amount_differs", "Less there"),
        ("duplicate", "It was moved twice there, under two references"),
    } < set(differences(answer))
    missing = Difference.objects.get(kind="missing_there")
    assert (missing.key, missing.ours, missing.theirs) == (back["key"], 4_000, None)


@pytest.mark.parametrize(
    ("changes", "cause"), [({"currency": "EUR"}, "Another currency"), ({"amount": "60.01"}, "More there")]
)
def test_an_amount_may_differ_in_many_ways(happened: Any, changes: Any, cause: str) -> None:
    first, *rest = records()

    assert differences(send(csv_of([{**first, **changes}, *rest]))) == [("amount_differs", cause)]


def test_a_line_repeated_is_told_from_money_moved_twice(happened: Any) -> None:
    first, *rest = records()

    assert differences(send(csv_of([first, first, *rest]))) == [
        ("duplicate", "The file lists it twice, under the same reference.")
    ]


def test_what_was_taken_there_and_declined_here_has_to_be_looked_at(happened: Any) -> None:
    known = records()
    declined = take(token="decline")
    asked(declined)

    answer = send(csv_of([*known, record("charge", declined.payment_id, "100.00")]))

    assert differences(answer) == [("missing_here", "The payment was declined here and taken there")]


def test_other_days_are_not_missed(happened: Any) -> None:
    long_ago = str(timezone.now().date() - timedelta(days=30))

    assert body(send(csv_of([]), since=long_ago, until=long_ago))["agrees"]
    assert body(send(csv_of([])))["differing"] == 4


# ── What cannot be read ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content",
    [
        "{}", "[1]", "[", "kind,key\ncharge,\0", '[{"kind": "charge"}]', "[" * 10_000,
        csv_of([record("gift", "k", "1.00")]), csv_of([record("charge", "k", "1.001")]),
        csv_of([record("charge", "k", "-1.00")]), csv_of([record("charge", "k", "1.00", currency="XXX")]),
        csv_of([record("charge", "k", "1.00", at="2026-11-21")]), csv_of([record("charge", "k" * 201, "1.00")]),
        csv_of([record("charge", "k", "1.00", at="2026-02-31T00:00:00Z")]),
        csv_of([record("charge", "", "1.00", reference="")]), json.dumps([record("charge", "\ud800", "1.00")]),
        json.dumps([record("charge", "k", "1.00", reference="\ud800")]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_record(provider: Any, content: str) -> None:
    answer = send(content)

    assert (answer.status_code, set(body(answer)["errors"])) == (400, {"file"})
    assert not Reconciliation.objects.exists()


@pytest.mark.parametrize(
    "days", [{"since": "x"}, {"until": "2020-01-01"}, {"since": "1000-01-01"}, {"provider": "mint"}]
)
def test_odd_days_and_providers_are_refused(provider: Any, days: Any) -> None:
    assert send(csv_of([]), **days).status_code == 400


@pytest.mark.parametrize("role", ["customer", "vendor", "support"])
def test_only_admins_may(provider: Any, role: str) -> None:
    client, one = client_as(role), f"{PATH}/{new_id()}"

    assert [client.get(path).status_code for path in (PATH, one, f"{one}/differences")] == [403, 403, 403]
    assert client.post(PATH, {}, format="multipart").status_code == 403
    assert [ADMIN.get(path).status_code for path in (one, f"{one}/differences")] == [404, 404]


def test_it_is_audited(happened: Any) -> None:
    send(csv_of([]))

    entry = published(RecordAudit)[-1]
    assert (entry.action, entry.detail["differing"]) == ("payment.reconciliation.make", "4")


def test_it_asks_the_database_no_more_for_more_records(happened: Any, django_assert_max_num_queries: Any) -> None:
    strange = [record("charge", new_id(), "1.00") for _record in range(50)]

    with django_assert_max_num_queries(16):
        send(csv_of([*records(), *strange]))


# ── On the command line ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_says_in_one_line_that_they_agree_or_fails(happened: Any, tmp_path: Path, capsys: Any) -> None:
    today, good, bad = str(timezone.now().date()), tmp_path / "good.csv", tmp_path / "bad.json"
    good.write_text(csv_of(records()))
    bad.write_text(json.dumps(records()[1:]))
    capsys.readouterr()

    call_command("reconcile", str(good), "--since", today, "--until", today)
    with pytest.raises(CommandError, match="1 differences, 3 matched; the first: missing_there charge") as failed:
        call_command("reconcile", str(bad), "--since", today, "--until", today)

    assert capsys.readouterr().out == "payment: all 4 records agree with the ledger\n"
    assert "\n" not in str(failed.value)
    assert not Reconciliation.objects.exists()


@pytest.mark.parametrize("content", [None, "nonsense\0"])
def test_the_command_says_what_it_cannot_read(provider: Any, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "file.csv"
    if content:
        file.write_text(content)

    with pytest.raises(CommandError):
        call_command("reconcile", str(file), "--since", "2026-11-01", "--until", "2026-11-02")
