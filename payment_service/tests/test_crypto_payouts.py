"""What vendors are paid on a chain."""

import pytest
from coins import confirmed, hand_in, sent, unsigned
from dev_chain import CENT
from factories import LUMEN, NORTHWIND, account_of, asked, balances, hear, pay_out, released, take
from running import PAYOUTS, RUNS, admin, approve, items
from stages import CryptoStage

from payment_service.actions import crypto_watch, payout_runs, payouts
from payment_service.models import CryptoTransfer, Payout, PayoutRun
from payment_service.models.addresses import checksummed
from shared.context import new_id
from shared.contracts.payment import PayoutPaid, PayoutReturned
from shared.testing import body, published

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("stage"),
    pytest.mark.parametrize("stage", ["crypto"], indirect=True),
]
CRYPTO = {"currency": "USD", "method": "crypto"}


@pytest.fixture
def earned(stage: CryptoStage) -> CryptoStage:
    """45.00 USD of Northwind's, which has an address, and 31.00 of Lumen's, which has a bank."""
    message = take(method="crypto")
    payment = asked(message)
    stage.pays(payment)
    crypto_watch.watch()
    released(message)
    hear(account_of(kind="evm", address=checksummed(stage.chain.stranger)))
    hear(account_of(LUMEN))
    return stage


def carried_out() -> str:
    run = str(body(admin().post(RUNS, CRYPTO))["id"])
    assert approve(run).status_code == 200
    payout_runs.carry_out_runs()
    return run


def test_a_run_pays_whoever_has_an_address_once_it_is_signed(earned: CryptoStage) -> None:
    before = earned.chain.tokens(earned.chain.stranger)
    run = carried_out()
    assert items(run) == {str(NORTHWIND): ("started", ""), str(LUMEN): ("held", "no_account")}
    assert (Payout.objects.get().status, balances()["in_transit"]) == ("in_transit", 4_500)

    (one,) = unsigned(payout_run=run)
    hand_in(one, sent(earned, one))
    confirmed(earned)
    payout_runs.carry_out_runs()

    assert earned.chain.tokens(earned.chain.stranger) - before == 4_500 * CENT
    assert [(told.vendor_id, told.amount.minor) for told in published(PayoutPaid)] == [(NORTHWIND, 4_500)]
    assert (Payout.objects.get().status, balances()["in_transit"]) == ("paid", 0)
    assert PayoutRun.objects.get().status == "done"
    assert unsigned(payout_run=str(new_id())) == []


def test_who_has_just_changed_the_address_is_held(earned: CryptoStage) -> None:
    hear(account_of(version=2, days=2, kind="evm", address=checksummed(earned.chain.buyer)))

    assert admin().post(RUNS, CRYPTO).status_code == 409
    assert not CryptoTransfer.objects.exists()


def test_a_payout_goes_to_the_address_of_when_it_began(earned: CryptoStage) -> None:
    carried_out()
    hear(account_of(version=2, kind="evm", address=checksummed(earned.chain.buyer)))

    (one,) = unsigned()

    assert one["transfer"]["recipient"] == checksummed(earned.chain.stranger)


def test_a_vendor_that_asks_is_paid_the_same_way(earned: CryptoStage) -> None:
    earned.settings.PAYOUT_PROVIDER = "crypto"
    hear(pay_out(1_000))
    payouts.ask_for_payouts()
    assert Payout.objects.get().status == "in_transit"

    earned.signs()

    assert (Payout.objects.get().status, balances()["in_transit"]) == ("paid", 0)
    assert balances(NORTHWIND)["vendor_available"] == 3_500


def test_a_vendor_without_an_address_is_refused(earned: CryptoStage) -> None:
    earned.settings.PAYOUT_PROVIDER = "crypto"
    hear(pay_out(1_000, LUMEN))

    payouts.ask_for_payouts()

    assert (Payout.objects.get().status, Payout.objects.get().reason) == ("refused", "no_account")
    assert balances(LUMEN)["vendor_available"] == 3_100


def test_what_nobody_took_away_can_be_withdrawn_and_nothing_else(earned: CryptoStage) -> None:
    carried_out()
    payout = Payout.objects.get()
    path = f"{PAYOUTS}/{payout.id}/return"

    assert admin().post(path, {"reason": "Wrong address."}).status_code == 200
    assert unsigned() == []
    assert (CryptoTransfer.objects.get().status, len(published(PayoutReturned))) == ("withdrawn", 1)
    assert balances(NORTHWIND)["vendor_available"] == 4_500

    PayoutRun.objects.update(status="done")
    carried_out()
    unsigned()
    second = Payout.objects.get(status="in_transit")
    assert admin().post(f"{PAYOUTS}/{second.id}/return", {"reason": "Wrong address."}).status_code == 409
    assert Payout.objects.get(id=second.id).status == "in_transit"


def test_without_a_token_of_the_currency_there_is_no_run(earned: CryptoStage) -> None:
    assert admin().post(RUNS, {"currency": "EUR", "method": "crypto"}).status_code == 404
    earned.settings.CRYPTO_NODE_URL = ""
    assert admin().post(RUNS, CRYPTO).status_code == 404
