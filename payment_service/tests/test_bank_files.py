"""Payouts by bank: a file that banks can read, the same every time; executed, or come back."""

from importlib.resources import files
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
import sepaxml
import xmlschema
from django.utils import timezone
from factories import LUMEN, NORTHWIND, account_of, asked, balances, hear, pay_out, released, split, take
from hypothesis import given, settings
from hypothesis import strategies as st

from payment_service.actions import payout_runs, payouts
from payment_service.models import Payout, PayoutAccount, PayoutItem, PayoutRun
from payment_service.queries.bank_files import SCHEMA, credit_transfer
from payment_service.queries.books import broken_rules
from payment_service.queries.ledger import financials
from shared.context import new_id
from shared.contracts.payment import KeepPayoutAccount, PayoutPaid, PayoutReturned
from shared.contracts.user import RecordAudit
from shared.messages import MoneyData
from shared.money import EXPONENTS, Money
from shared.testing import body, client_as, examples, operator_as, published

pytestmark = pytest.mark.django_db(transaction=True)
RUNS, PAYOUTS = "/api/v1/admin/payout-runs", "/api/v1/admin/payouts"
FORM = {"currency": "USD", "method": "bank_file"}
LOCAL = {"kind": "local", "holder_name": "ሉሜን ኃ.የተ.የግ.ማ", "account_number": "1000123456789", "bank_code": "CBETETAA"}
OFFICIAL = xmlschema.XMLSchema(str(files(sepaxml) / "schemas" / "pain.001.001.09.xsd"))
NAMES = {"": SCHEMA}
ADMIN = client_as("admin")


@pytest.fixture(autouse=True)
def _bank(settings: Any) -> None:
    settings.PAYOUT_DEBTOR_NAME = "Nexus Marketplace Ltd"
    settings.PAYOUT_DEBTOR_IBAN = "GB82WEST12345698765432"
    settings.PAYOUT_DEBTOR_BIC = ""


@pytest.fixture
def earned(provider: Any) -> Any:
    """45.00 USD of Northwind's, which has an IBAN, and 31.00 of Lumen's, which has a local account."""
    message = take()
    asked(message)
    released(message)
    hear(account_of())
    hear(account_of(LUMEN, **LOCAL))
    return message


def carried_out() -> str:
    run = str(body(ADMIN.post(RUNS, FORM))["id"])
    ADMIN.post(f"{RUNS}/{run}/approve")
    payout_runs.carry_out_runs()
    payouts.ask_for_payouts()
    return run


def file_of(run: str) -> bytes:
    return bytes(ADMIN.get(f"{RUNS}/{run}/bank-file").content)


def executed(run: str, **form: Any) -> Any:
    return ADMIN.post(f"{RUNS}/{run}/executed", form)


def come_back(payout: Payout) -> Any:
    return ADMIN.post(f"{PAYOUTS}/{payout.id}/return", {"reason": "Account closed."})


def of(vendor_id: UUID) -> Payout:
    return Payout.objects.get(vendor_id=vendor_id)


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_file_is_what_the_schema_says_with_sums_that_agree(earned: Any) -> None:
    content = file_of(carried_out())

    OFFICIAL.validate(content.decode())
    root = ET.fromstring(content)
    amounts = [one.text for one in root.iterfind(".//InstdAmt", NAMES)]
    assert amounts == ["45.00", "31.00"]
    assert {one.text for one in root.iterfind(".//CtrlSum", NAMES)} == {"76.00"}
    assert {one.text for one in root.iterfind(".//NbOfTxs", NAMES)} == {"2"}
    assert [one.text for one in root.iterfind(".//CdtrAcct/Id/IBAN", NAMES)] == ["NO9386011117947"]
    assert [one.text for one in root.iterfind(".//CdtrAcct/Id/Othr/Id", NAMES)] == ["1000123456789"]
    assert [one.text for one in root.iterfind(".//EndToEndId", NAMES)] == [of(NORTHWIND).id.hex, of(LUMEN).id.hex]


def test_it_is_the_same_file_every_time_also_after_an_account_has_changed(earned: Any) -> None:
    run = carried_out()
    first = file_of(run)

    hear(account_of(version=2, kind="iban", holder_name="Eve", iban="GB29NWBK60161331926819"))

    assert file_of(run) == first


@settings(max_examples=examples(100), deadline=None)
@given(data=st.data(), currency=st.sampled_from(sorted(EXPONENTS)))
def test_any_amounts_and_names_make_a_valid_file(data: st.DataObject, currency: str) -> None:
    names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=70)
    one = st.fixed_dictionaries(
        {
            "holder_name": names,
            "iban": st.sampled_from(["", "NO9386011117947"]),
            "bic": st.sampled_from(["", "DNBANOKK"]),
        }
    )
    details = data.draw(st.lists(one, min_size=1, max_size=5))
    minors = data.draw(st.lists(st.integers(1, 10**12), min_size=len(details), max_size=len(details)))
    run = PayoutRun(currency=currency, approved_at=timezone.now())
    rows = [
        Payout(
            id=new_id(), minor=minor, currency=currency,
            item=PayoutItem(run=run, destination={**detail, "account_number": "0123456789", "bank_code": "021000021"}),
        )
        for minor, detail in zip(minors, details, strict=True)
    ]  # fmt: skip

    content = credit_transfer(run, rows)

    OFFICIAL.validate(content.decode())
    root = ET.fromstring(content)
    read = [Money.parse(str(one.text), currency).minor for one in root.iterfind(".//InstdAmt", NAMES)]
    assert read == minors
    assert Money.parse(str(root.findtext(".//GrpHdr/CtrlSum", "", NAMES)), currency).minor == sum(minors)


@pytest.mark.parametrize("status", ["draft", "approved", "cancelled"])
def test_there_is_no_file_before_the_run_is_executing(earned: Any, status: str) -> None:
    run = body(ADMIN.post(RUNS, FORM))["id"]
    PayoutRun.objects.update(status=status)

    assert body(ADMIN.get(f"{RUNS}/{run}/bank-file"))["code"] == "illegal_transition"


def test_a_run_of_the_provider_has_no_file(earned: Any) -> None:
    run = body(ADMIN.post(RUNS, {"currency": "USD"}))["id"]

    assert [ADMIN.get(f"{RUNS}/{run}/bank-file").status_code, executed(run).status_code] == [409, 409]
    assert ADMIN.get(f"{RUNS}/{new_id()}/bank-file").status_code == 404


def test_without_an_account_to_pay_from_there_are_no_runs_by_file(earned: Any, settings: Any) -> None:
    settings.PAYOUT_DEBTOR_IBAN = ""

    assert body(ADMIN.post(RUNS, FORM))["code"] == "not_configured"


# ── Who is paid by it ────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_bank_account_a_vendor_is_held(earned: Any) -> None:
    hear(KeepPayoutAccount(vendor_id=LUMEN, account=None, usable_from=timezone.now(), version=2))

    carried_out()

    held = PayoutItem.objects.get(vendor_id=LUMEN)
    assert (held.status, held.reason, Payout.objects.count()) == ("held", "no_account", 1)


def test_a_changed_account_holds_payouts_of_all_kinds_until_its_cool_down_is_over(earned: Any) -> None:
    hear(account_of(version=2, days=2))
    hear(account_of(version=1))

    hear(pay_out(1_000))
    carried_out()

    assert of(NORTHWIND).reason == "payout_account_new"
    assert PayoutItem.objects.get(vendor_id=NORTHWIND).reason == "payout_account_new"
    assert PayoutAccount.objects.get(vendor_id=NORTHWIND).version == 2


# ── What becomes of it ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_in_a_file_is_in_transit_until_the_bank_has_carried_it_out(earned: Any) -> None:
    run = carried_out()
    assert (of(NORTHWIND).status, balances()["in_transit"], published(PayoutPaid)) == ("in_transit", 7_600, [])
    assert ADMIN.post(RUNS, FORM).status_code == 409

    executed(run)
    payout_runs.carry_out_runs()

    assert {told.vendor_id: told.amount.minor for told in published(PayoutPaid)} == {NORTHWIND: 4_500, LUMEN: 3_100}
    assert (balances()["in_transit"], balances()["provider"]) == (0, 2_400)
    assert body(ADMIN.get(f"{RUNS}/{run}"))["status"] == "done"
    assert broken_rules() == []


def test_a_part_of_the_file_can_be_marked_and_once(earned: Any) -> None:
    run, mine = carried_out(), str(of(NORTHWIND).id)

    answers = [executed(run, payouts=[mine]), executed(run, payouts=[mine]), executed(run, payouts=[str(new_id())])]
    payout_runs.carry_out_runs()

    assert [answer.status_code for answer in answers] == [200, 404, 404]
    assert (of(NORTHWIND).status, of(LUMEN).status) == ("paid", "in_transit")
    assert body(ADMIN.get(f"{RUNS}/{run}"))["status"] == "executing"


@pytest.mark.parametrize("marked", [False, True])
def test_what_comes_back_is_available_again_and_told(earned: Any, marked: bool) -> None:
    run = carried_out()
    if marked:
        executed(run)

    first, again = come_back(of(NORTHWIND)), come_back(of(NORTHWIND))

    (told,) = published(PayoutReturned)
    assert (body(first)["status"], again.status_code, told.reason) == ("returned", 409, "Account closed.")
    assert balances(NORTHWIND)["vendor_available"] == 4_500
    (summary,) = financials()
    assert summary.taken - summary.refunded - summary.paid_out == summary.at_provider
    assert broken_rules() == []


def test_what_came_back_is_paid_by_the_next_run(earned: Any) -> None:
    run = carried_out()
    come_back(of(NORTHWIND))
    executed(run)
    payout_runs.carry_out_runs()

    executed(carried_out())

    assert balances(NORTHWIND)["vendor_available"] == 0
    assert sorted(told.amount.minor for told in published(PayoutPaid)) == [3_100, 4_500]


def test_what_is_not_sent_cannot_come_back(earned: Any) -> None:
    hear(pay_out(1_000))

    assert come_back(of(NORTHWIND)).status_code == 409
    assert ADMIN.post(f"{PAYOUTS}/{new_id()}/return", {"reason": "x"}).status_code == 404


# ── Who may, and what is remembered ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ["customer", "vendor", "support"])
def test_only_admins_may(earned: Any, role: str) -> None:
    run, client = carried_out(), client_as(role)

    answers = [
        client.get(f"{RUNS}/{run}/bank-file"), client.post(f"{RUNS}/{run}/executed", {}),
        client.post(f"{PAYOUTS}/{of(LUMEN).id}/return", {"reason": "No."}),
    ]  # fmt: skip

    assert {answer.status_code for answer in answers} == {403}


def test_taking_the_file_and_each_step_after_it_is_audited_without_accounts(earned: Any) -> None:
    run = carried_out()
    file_of(run)
    executed(run)
    come_back(of(NORTHWIND))

    entries = published(RecordAudit)
    assert [entry.action for entry in entries][-3:] == [
        "payment.payout_run.bank_file", "payment.payout_run.executed", "payment.payout.return",
    ]  # fmt: skip
    assert "NO93" not in "".join(str(entry.detail) for entry in entries)


def test_no_operators_page_shows_an_account(earned: Any) -> None:
    carried_out()
    client, root = operator_as("admin"), "/admin/payment/payment_service"
    pages = [
        f"{root}/payoutaccount/{NORTHWIND}/change/",
        f"{root}/payoutrun/{PayoutRun.objects.get().id}/change/",
        f"{root}/payout/{of(NORTHWIND).id}/change/",
    ]

    assert not any("8601111" in client.get(page).content.decode() for page in pages)


def test_what_another_currency_is_paid_is_no_matter(earned: Any) -> None:
    yen = take(split(gross=6_000, tax=0, commission=0), amount=MoneyData(minor=6_000, currency="JPY"))
    asked(yen)
    released(yen)

    run = body(ADMIN.post(RUNS, {**FORM, "currency": "JPY"}))

    assert (run["total"], run["count"]) == ({"amount": "6000", "currency": "JPY"}, 1)
