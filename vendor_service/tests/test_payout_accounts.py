"""Where a vendor is paid: checked, told to payment alone, shown by its last digits, held while it is new."""

import json
import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from factories import earn, hear, make_vendor

from shared.contracts.payment import KeepPayoutAccount
from shared.contracts.user import RecordAudit, UserErased
from shared.contracts.vendor import PayoutAccountChanged
from shared.models import IdempotencyKey
from shared.testing import body, client_as, operator_as, published
from vendor_service.models import PayoutAccount, Vendor

pytestmark = pytest.mark.django_db
PATH = "/api/v1/vendors/me/payout-account"
IBAN = {"kind": "iban", "holder_name": "Nora Kvåle", "iban": "NO93 8601 1117 947", "bic": "DNBANOKK"}
LOCAL = {"kind": "local", "holder_name": "Lumen PLC", "account_number": "1000123456789", "bank_code": "CBETETAA"}
EVM = {"kind": "evm", "address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}


def me(vendor: Vendor) -> Any:
    return client_as("customer", "vendor", user_id=vendor.owner_id, vendor_id=vendor.id)


def put(vendor: Vendor, form: Any) -> Any:
    return me(vendor).put(PATH, form)


def test_an_account_is_kept_whole_and_read_back_by_its_end() -> None:
    vendor = make_vendor()

    answer = put(vendor, IBAN)

    assert answer.status_code == 200
    assert {name: body(answer)[name] for name in ("kind", "holder_name", "ending", "bic")} == {
        "kind": "iban", "holder_name": "Nora Kvåle", "ending": "7947", "bic": "DNBANOKK",
    }  # fmt: skip
    assert body(me(vendor).get(PATH)) == body(answer)
    assert PayoutAccount.objects.get().iban == "NO9386011117947"


@pytest.mark.parametrize(("form", "ending"), [(IBAN, "7947"), (LOCAL, "6789"), (EVM, "eAed")])
def test_payment_alone_is_told_the_whole_of_it(form: Any, ending: str) -> None:
    vendor = make_vendor()

    put(vendor, form)

    (asked,), (told,) = published(KeepPayoutAccount), published(PayoutAccountChanged)
    assert (asked.account.kind, asked.version, KeepPayoutAccount.sensitive) == (form["kind"], 1, True)
    assert (told.vendor_id, told.ending) == (vendor.id, ending)


def test_nobody_has_one_before_it_is_set() -> None:
    put(make_vendor(), IBAN)

    assert me(make_vendor()).get(PATH).status_code == 404
    assert client_as().get(PATH).status_code == 401
    assert client_as("customer").get(PATH).status_code == 403


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({**IBAN, "iban": "NO9386011117948"}, {"iban"}),
        ({**IBAN, "iban": "N\0"}, {"iban"}),
        ({**IBAN, "bic": "NO"}, {"bic"}),
        ({"kind": "iban"}, {"holder_name", "iban"}),
        ({**LOCAL, "iban": IBAN["iban"]}, {"iban"}),
        ({**LOCAL, "account_number": "12 34"}, {"account_number"}),
        ({**LOCAL, "bank_code": "1 2"}, {"bank_code"}),
        ({**EVM, "address": "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}, {"address"}),
        ({**EVM, "address": "0x12"}, {"address"}),
        ({**IBAN, "holder_name": "Nora\u202e"}, {"holder_name"}),
        ({**IBAN, "kind": "cash"}, {"kind"}),
        ({**IBAN, "more": 1}, {"more"}),
    ],
)
def test_what_is_no_account_is_refused(form: Any, wrong: set[str]) -> None:
    answer = put(make_vendor(), form)

    assert (answer.status_code, set(body(answer)["errors"])) == (400, wrong)
    assert not PayoutAccount.objects.exists()


def test_the_first_is_used_at_once_and_the_next_after_its_cool_down() -> None:
    vendor = make_vendor()
    earn(vendor)
    put(vendor, IBAN)
    first = PayoutAccount.objects.get().usable_from

    put(vendor, LOCAL)
    asked = me(vendor).post("/api/v1/vendors/me/payouts", {})

    assert first <= timezone.now()
    assert PayoutAccount.objects.get().usable_from > timezone.now() + timedelta(hours=47)
    assert body(asked)["code"] == "payout_account_new"
    assert [(one.account.kind, one.version) for one in published(KeepPayoutAccount)] == [("iban", 1), ("local", 2)]

    PayoutAccount.objects.update(usable_from=timezone.now())
    assert me(vendor).post("/api/v1/vendors/me/payouts", {}).status_code == 201


def test_the_same_again_is_no_change() -> None:
    vendor = make_vendor()
    put(vendor, IBAN)

    put(vendor, {**IBAN, "iban": "NO9386011117947"})

    assert len(published(KeepPayoutAccount)) == 1


def test_it_is_audited_and_neither_logged_nor_shown(caplog: Any) -> None:
    vendor = make_vendor()
    caplog.set_level(logging.DEBUG)

    me(vendor).put(PATH, IBAN, headers={"Idempotency-Key": str(uuid4())})
    page = operator_as("admin").get(f"/admin/vendor/vendor_service/payoutaccount/{vendor.id}/change/")

    entry = published(RecordAudit)[-1]
    kept = bytes(IdempotencyKey.objects.get().body).decode()
    assert (entry.action, entry.detail) == ("vendor.payout_account.set", {"kind": "iban"})
    assert "8601111" not in caplog.text + kept + page.content.decode() + json.dumps(entry.model_dump(mode="json"))
    assert "7947" in page.content.decode()


def test_an_erased_owners_account_is_forgotten_here_and_in_payment() -> None:
    vendor = make_vendor()
    put(vendor, IBAN)
    put(make_vendor(), LOCAL)

    hear(UserErased(user_id=vendor.owner_id))

    assert (PayoutAccount.objects.get().kind, published(KeepPayoutAccount)[-1].account) == ("local", None)
