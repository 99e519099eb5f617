"""The bank's records of payouts against the ledger, both ways: missing, unknown, otherwise, and what came back."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asking import ADMIN, PATH, found
from django.core.management import call_command
from django.utils import timezone
from factories import LUMEN, NORTHWIND, account_of, asked, hear, released, split, take

from payment_service.actions import bank_files, payout_runs, payouts
from payment_service.models import Account, Difference, Payout, PayoutRun, Reconciliation
from payment_service.queries import camt, provider_records
from shared.context import new_id
from shared.testing import body

pytestmark = pytest.mark.django_db(transaction=True)
Rows = list[dict[str, str]]


@pytest.fixture
def run(both_earned: Any, settings: Any) -> PayoutRun:
    """45.00 to Northwind and 31.00 to Lumen are in a bank's file."""
    settings.PAYOUT_DEBTOR_NAME, settings.PAYOUT_DEBTOR_IBAN = "Nexus", "GB82WEST12345698765432"
    hear(account_of(NORTHWIND))
    hear(account_of(LUMEN))
    return sent()


def sent() -> PayoutRun:
    made = payout_runs.make_run(currency="USD", by=new_id(), method="bank_file")
    payout_runs.approve_run(run_id=made.id, by=new_id())
    payout_runs.carry_out_runs()
    return made


def payout(vendor: UUID = NORTHWIND) -> Payout:
    return Payout.objects.get(vendor_id=vendor)


def executed(run: PayoutRun) -> None:
    bank_files.mark_executed(run_id=run.id)


def row(one: Payout, kind: str = "payout", **changes: str) -> dict[str, str]:
    """As the bank writes it: with the end-to-end id of the file."""
    plain = {"kind": kind, "key": one.id.hex, "reference": f"B-{kind}-{one.id}", "amount": one.amount.amount}
    return {**plain, "currency": one.currency, "at": timezone.now().isoformat(), **changes}


def csv_of(rows: Rows) -> str:
    header = "kind,key,reference,amount,currency,at"
    return "\n".join([header, *(",".join(one[name] for name in header.split(",")) for one in rows)])


def entry(one: dict[str, str]) -> str:
    """Of camt.053.001.08."""
    back = one["kind"] == "payout_return"
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if back else ""
    amount = f'<Amt Ccy="{one["currency"]}">{one["amount"]}</Amt>'
    return (
        f"<Ntry>{amount}<CdtDbtInd>{'CRDT' if back else 'DBIT'}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{one['at'][:10]}</Dt></BookgDt><NtryDtls><TxDtls><Refs><AcctSvcrRef>{one['reference']}"
        f"</AcctSvcrRef><EndToEndId>{one['key']}</EndToEndId></Refs>{amount}{reason}</TxDtls></NtryDtls></Ntry>"
    )


def statement(entries: str) -> str:
    space = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<Document xmlns="{space}"><BkToCstmrStmt><Stmt>{entries}</Stmt></BkToCstmrStmt></Document>'


def camt_of(rows: Rows) -> str:
    return statement("".join(entry(one) for one in rows))


def send(content: str, **changes: Any) -> Any:
    today = timezone.now().date()
    form = {"file": io.BytesIO(content.encode()), "provider": "bank", "since": str(today), "until": str(today)}
    return ADMIN.post(PATH, {**form, **changes}, format="multipart")


def compared(rows: Rows, write: Callable[[Rows], str] = csv_of, **changes: Any) -> list[tuple[str, str, str]]:
    answer = send(write(rows), **changes)
    assert answer.status_code == 201, answer.content
    return found(body(answer))


BOTH_WAYS = pytest.mark.parametrize("write", [csv_of, camt_of])


# ── What agrees ──────────────────────────────────────────────────────────────────────────────────────────────────────


@BOTH_WAYS
def test_what_the_bank_carried_out_and_what_came_back_agrees(run: Any, write: Any) -> None:
    executed(run)
    bank_files.return_payout(payout_id=payout(LUMEN).id, reason="account closed")
    rows = [row(payout()), row(payout(LUMEN)), row(payout(LUMEN), "payout_return")]

    told = body(send(write(rows)))

    assert (told["agrees"], told["matched"], told["records"]) == (True, 3, 3)


def test_a_file_that_the_bank_has_not_carried_out_is_no_difference(run: Any) -> None:
    assert compared([]) == []


@pytest.mark.parametrize("rows", [[], ["payout", "payout_return"]])
def test_what_came_back_before_it_was_marked_may_be_known_to_the_bank_or_not(run: Any, rows: list[str]) -> None:
    bank_files.return_payout(payout_id=payout().id, reason="account closed")

    assert compared([row(payout(), kind) for kind in rows]) == []


def test_a_bank_may_take_some_days(run: Any) -> None:
    executed(run)
    monday = (timezone.now() + timedelta(days=4)).isoformat()

    assert compared([row(payout(), at=monday), row(payout(LUMEN), at=monday)]) == []


def test_a_provider_s_payouts_are_none_of_the_bank_s(provider: Any, run: Any) -> None:
    executed(run)
    rows = [row(payout()), row(payout(LUMEN))]
    payout_runs.carry_out_runs()
    message = take(split())
    asked(message)
    released(message)
    made = payout_runs.make_run(currency="USD", by=new_id())
    payout_runs.approve_run(run_id=made.id, by=new_id())
    payout_runs.carry_out_runs()

    assert payouts.ask_for_payouts() == 1
    assert compared(rows) == []


# ── What differs ─────────────────────────────────────────────────────────────────────────────────────────────────────


@BOTH_WAYS
def test_what_the_bank_never_sent_is_missing_there(run: Any, write: Any) -> None:
    executed(run)

    assert compared([row(payout())], write) == [
        ("missing_there", "payout", "Booked on the last of these days"),
    ]
    missing = Difference.objects.get()
    assert (missing.key, missing.ours, missing.theirs) == (str(payout(LUMEN).id), 3_100, None)


def test_what_the_bank_never_sent_in_days_that_are_over_is_told_so(run: Any) -> None:
    executed(run)
    now = timezone.now()
    until = str(now.date() + timedelta(days=1))

    assert compared([row(payout())], until=until) == [
        ("missing_there", "payout", "Marked as carried out here and unknown to the bank"),
    ]


@BOTH_WAYS
def test_what_the_bank_sent_and_nobody_marked_is_told(run: Any, write: Any) -> None:
    assert compared([row(payout())], write) == [
        ("missing_here", "payout", "The bank has carried it out and nobody has marked it here"),
    ]


@BOTH_WAYS
def test_what_came_back_and_is_still_booked_as_paid_is_told(run: Any, write: Any) -> None:
    executed(run)
    rows = [row(payout()), row(payout(LUMEN)), row(payout(), "payout_return")]

    assert compared(rows, write) == [
        ("missing_here", "payout_return", "The payout came back and is still booked as paid here"),
    ]


def test_what_came_back_and_is_still_on_its_way_here_is_told(run: Any) -> None:
    assert compared([row(payout(), "payout_return")]) == [
        ("missing_here", "payout_return", "The payout came back and is still on its way here"),
    ]


@pytest.mark.parametrize("marked", [True, False])
def test_what_came_back_here_and_not_at_the_bank_may_be_paid_twice(run: Any, marked: bool) -> None:
    if marked:
        executed(run)
    bank_files.return_payout(payout_id=payout().id, reason="account closed")
    rows = [row(payout()), *([row(payout(LUMEN))] if marked else [])]

    assert compared(rows, until=str(timezone.now().date() + timedelta(days=1))) == [
        ("missing_there", "payout_return", "Booked as come back here and unknown there"),
    ]


@BOTH_WAYS
@pytest.mark.parametrize("kind", ["payout", "payout_return"])
def test_what_nobody_knows_is_told(run: Any, kind: str, write: Any) -> None:
    stranger = Payout(id=new_id(), vendor_id=new_id(), minor=100, currency="USD")

    assert compared([row(stranger, kind)], write) == [("missing_here", kind, "Nobody here asked for it")]


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        ("refused", "payout", "The payout was refused here and made there"),
        ("awaiting_approval", "payout", "The payout still waits for approval here and was made there"),
        ("pending", "payout", "The payout is still open here"),
        ("refused", "payout_return", "The payout was refused here, made there and came back"),
        ("awaiting_approval", "payout_return", "It came back and still waits for approval here"),
        ("pending", "payout_return", "The payout came back, and is still open here"),
        ("returned", "payout", "It is booked on other days here"),
    ],
)
def test_what_the_bank_did_and_is_otherwise_here_is_told(run: Any, status: str, kind: str, cause: str) -> None:
    one = Payout.objects.create(id=new_id(), vendor_id=new_id(), minor=100, currency="USD", status=status)

    assert compared([row(one, kind)]) == [("missing_here", kind, cause)]


@BOTH_WAYS
@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"amount": "44.00"}, "Less there"),
        ({"amount": "45.01"}, "More there"),
        ({"currency": "EUR"}, "Another currency"),
    ],
)
def test_another_amount_is_told(run: Any, changes: Any, cause: str, write: Any) -> None:
    executed(run)

    assert compared([row(payout(), **changes), row(payout(LUMEN))], write) == [("amount_differs", "payout", cause)]


@BOTH_WAYS
def test_what_was_sent_twice_is_told(run: Any, write: Any) -> None:
    executed(run)
    rows = [row(payout()), row(payout(), reference="B-again"), row(payout(LUMEN))]

    cause = "It was moved twice there, under two references"
    assert compared(rows, write) == [("duplicate", "payout", cause)]


# ── Statements as banks write them ───────────────────────────────────────────────────────────────────────────────────


def test_a_notification_of_a_batch_names_each_of_its_transactions(run: Any) -> None:
    """camt.054.001.02, where the status and the amounts stand elsewhere; and other people's money comes in."""
    executed(run)
    details = "".join(
        f"<TxDtls><Refs><EndToEndId>{one.id.hex.upper()}</EndToEndId></Refs><AmtDtls><TxAmt>"
        f'<Amt Ccy="USD">{one.amount.amount}</Amt></TxAmt></AmtDtls></TxDtls>'
        for one in Payout.objects.all()
    )
    batch = f"<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>{details}</NtryDtls>"
    at = f"<BookgDt><DtTm>{timezone.now():%Y-%m-%dT%H:%M:%S}</DtTm></BookgDt>"
    head = f'<Amt Ccy="USD">76.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>{at}<AcctSvcrRef>B-1</AcctSvcrRef>'
    came_in = f'<Ntry><Amt Ccy="USD">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>{at}</Ntry>'
    pending = f'<Ntry><Amt Ccy="USD">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>PDNG</Sts>{at}</Ntry>'
    space = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"
    inside = (
        f"<BkToCstmrDbtCdtNtfctn><Ntfctn><Ntry>{head}{batch}</Ntry>{came_in}{pending}</Ntfctn></BkToCstmrDbtCdtNtfctn>"
    )

    told = body(send(f'<Document xmlns="{space}">{inside}</Document>'))

    assert (told["agrees"], told["matched"], told["records"]) == (True, 2, 2)


def test_a_reversal_of_a_debit_is_a_return(run: Any) -> None:
    executed(run)
    debits = "".join(entry(row(one)) for one in Payout.objects.all())
    back = entry(row(payout())).replace("DBIT", "CRDT").replace("<Sts>", "<RvslInd>true</RvslInd><Sts>")

    assert found(body(send(statement(debits + back)))) == [
        ("missing_here", "payout_return", "The payout came back and is still booked as paid here"),
    ]


def test_an_entry_without_details_is_known_by_its_own_reference(run: Any) -> None:
    now = timezone.now()
    fee = (
        '<Ntry><NtryRef>FEE-1</NtryRef><Amt Ccy="USD">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>'
        f"<Sts>BOOK</Sts><BookgDt><Dt>{now:%Y-%m-%d}</Dt></BookgDt></Ntry>"
    )

    assert found(body(send(statement(fee)))) == [("missing_here", "payout", "Nobody here asked for it")]
    assert Difference.objects.get().reference == "FEE-1"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
OUTSIDE = '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'
BATCH = "<Ntry><NtryDtls><Btch><NbOfTxs>9</NbOfTxs></Btch></NtryDtls></Ntry>"


@pytest.mark.parametrize(
    "content",
    [
        "<", "<x/>", "<a><b></a>", BOMB, OUTSIDE, statement(BATCH), statement("<Ntry/>"),
        "<?xml version='1.0' encoding='x'?><x/>",
        statement('<Ntry><Amt Ccy="USD">x</Amt><CdtDbtInd>DBIT</CdtDbtInd></Ntry>'), "<" * 100_000, "<a>" * 100_000,
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_statement_is_refused(provider: Any, content: str) -> None:
    answer = send(content)

    assert (answer.status_code, set(body(answer)["errors"])) == (400, {"file"}), answer.content
    assert not Reconciliation.objects.exists()


def test_a_statement_with_nothing_in_it_is_one() -> None:
    assert list(camt.entries(statement("").encode())) == []


def test_only_where_the_standard_has_entries_they_are_looked_for(run: Any) -> None:
    """One within another within another: each would be searched as often as it is deep."""
    outer = entry(row(payout()))
    nested = outer.replace("</Ntry>", "<Ntry>" * 300 + entry(row(payout(LUMEN))) + "</Ntry>" * 300 + "</Ntry>")

    assert list(camt.entries(statement(nested).encode())) == list(camt.entries(statement(outer).encode()))


def test_no_more_of_a_file_is_read_than_would_be_taken(run: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(provider_records, "MOST_RECORDS", 1)

    answers = [send(write([row(payout()), row(payout(LUMEN)), row(payout())])) for write in (csv_of, camt_of)]

    assert [body(answer)["errors"]["file"] for answer in answers] == [["At most 1 records; ask for fewer days."]] * 2


def test_the_command_reads_statements_too(run: Any, tmp_path: Any, capsys: Any) -> None:
    executed(run)
    file, today = tmp_path / "statement.xml", str(timezone.now().date())
    file.write_text(camt_of([row(payout()), row(payout(LUMEN))]))
    capsys.readouterr()

    call_command("reconcile", str(file), "--provider", "bank", "--since", today, "--until", today)

    assert capsys.readouterr().out == "payment: all 2 records agree with the ledger\n"


def test_nothing_is_booked_by_it(run: Any) -> None:
    before = list(Account.objects.order_by("id").values_list("id", "balance"))

    send(csv_of([row(payout()), row(payout(), "payout_return")]))

    assert list(Account.objects.order_by("id").values_list("id", "balance")) == before
