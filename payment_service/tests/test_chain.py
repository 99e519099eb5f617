"""A chain is read: what is seen, what is undone, and on after a rest."""

from dataclasses import replace
from typing import Any

import dev_chain
import pytest
from coins import ETHER, due, time_is_over
from django.db import transaction
from django.utils import timezone
from factories import asked, balances
from play import asks_the_buyer, cancel, order, state
from stages import CryptoStage

from payment_service.actions import chain as blocks
from payment_service.actions import crypto_receipts, crypto_watch, payments
from payment_service.clients import ethereum
from payment_service.models import (
    ChainCursor,
    CryptoCharge,
    CryptoReceipt,
    Misfit,
    Payment,
)
from shared.contracts.payment import PaymentTaken
from shared.testing import in_parallel, published

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("stage"),
    pytest.mark.parametrize("stage", ["crypto"], indirect=True),
]


def test_what_is_seen_counts_only_once_it_is_deep_enough(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    stage.sends(payment, 10_000, blocks=1)
    crypto_watch.watch()
    assert (due(payment)["seen"], due(payment)["amount"], due(payment)["uri"]) == ("100", "0", "")
    assert state(message)[0] == "action_required"

    stage.chain.mine()
    crypto_watch.watch()

    assert state(message) == ("taken", "")


def test_what_a_reorganisation_undid_was_never_there(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    before = stage.chain.snapshot()
    stage.sends(payment, 10_000, blocks=1)
    crypto_watch.watch()
    assert due(payment)["seen"] == "100"

    stage.chain.forget(before)
    stage.chain.mine(5)
    crypto_watch.watch()

    assert (due(payment)["seen"], due(payment)["amount"]) == ("0", "100")
    assert (state(message)[0], balances(), CryptoReceipt.objects.count()) == ("action_required", {}, 0)


def test_what_comes_again_in_another_block_counts_once(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    before = stage.chain.snapshot()
    signed = stage.chain.ask("eth_getRawTransactionByHash", stage.sends(payment, 10_000, blocks=0))
    crypto_watch.watch()
    first = CryptoReceipt.objects.get()
    stage.chain.forget(before)
    stage.chain.mine()
    stage.chain.publish(signed)
    crypto_watch.watch()
    again = CryptoReceipt.objects.get()
    assert (again.hash, again.block) == (first.hash, first.block + 1)

    stage.chain.mine(2)
    crypto_watch.watch()

    assert (state(message), balances()["provider"]) == (("taken", ""), 10_000)


def test_what_was_undone_at_the_end_of_the_time_is_not_waited_for(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    before = stage.chain.snapshot()
    stage.sends(payment, 10_000, blocks=0)
    time_is_over()
    assert state(message)[0] == "action_required"

    stage.chain.forget(before)
    stage.chain.mine(2)
    Payment.objects.update(due_at=timezone.now())
    payments.ask_providers()

    assert state(message) == ("declined", "expired")


def test_blocks_are_read_on_from_where_somebody_stopped_a_few_at_a_time(stage: CryptoStage) -> None:
    stage.settings.CRYPTO_BLOCKS_AT_ONCE = 4
    message, payment = asks_the_buyer(stage)
    stage.chain.mine(9)
    stage.pays(payment)
    stage.chain.mine(9)

    blocks.catch_up()  # and the worker dies before it does anything with it
    assert state(message)[0] == "action_required"
    crypto_watch.watch()

    head = int(stage.chain.ask("eth_blockNumber"), 16)
    assert (state(message), ChainCursor.objects.get().number) == (("taken", ""), head - 2)


def test_many_who_watch_at_once_count_once(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    stage.sends(payment, 10_100)

    in_parallel(4, lambda _number: crypto_watch.watch())
    crypto_watch.watch()

    assert (state(message), len(published(PaymentTaken))) == (("taken", ""), 1)
    assert (CryptoReceipt.objects.count(), [one.minor for one in Misfit.objects.all()]) == (1, [100])
    assert balances()["provider"] == 10_100


def test_what_another_worker_would_send_back_meanwhile_is_taken_alone(
    stage: CryptoStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, payment = asks_the_buyer(stage)
    time_is_over()
    stage.pays(payment)
    plain = crypto_watch.state_of

    def slowly(charge: CryptoCharge) -> Any:
        found = plain(charge)
        in_parallel(1, lambda _number: sort_unless_locked(payment))
        return found

    monkeypatch.setattr(crypto_watch, "state_of", slowly)
    crypto_watch.watch()

    assert (state(message)[0], Misfit.objects.count(), balances()["provider"]) == ("taken", 0, 10_000)


@transaction.atomic
def sort_unless_locked(payment: Payment) -> None:
    """Another worker, which would wait for the lock and come after."""
    Payment.objects.select_for_update(nowait=True).get(id=payment.id)
    crypto_receipts.sort_receipts(payment.id)


def test_a_transaction_that_failed_brought_nothing(priced: CryptoStage, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = asked(order(priced, "ETH"))
    priced.chain.pay_coin(priced.chain.buyer, str(priced.charge_of(payment).address), ETHER)
    mined = ethereum.mined
    monkeypatch.setattr(ethereum, "mined", lambda key: replace(mined(key), succeeded=False))

    crypto_watch.watch()

    assert not CryptoReceipt.objects.exists()


def test_a_node_of_another_chain_is_not_believed(stage: CryptoStage, caplog: pytest.LogCaptureFixture) -> None:
    message, payment = asks_the_buyer(stage)
    stage.pays(payment)
    stage.settings.CRYPTO_CHAIN_ID = 1

    assert crypto_watch.watch() == 0
    assert state(message)[0] == "action_required"
    assert f"chain {dev_chain.CHAIN_ID}, not on 1" in caplog.text


def test_a_node_that_knows_less_than_was_read_is_waited_for(stage: CryptoStage) -> None:
    message, _payment = asks_the_buyer(stage)
    ChainCursor.objects.update(number=10**9)

    cancel(message)
    payments.ask_providers()

    assert state(message)[0] == "action_required"


def test_without_a_chain_nothing_is_watched(settings: Any) -> None:
    settings.CRYPTO_NODE_URL = ""

    assert crypto_watch.watch() == 0
    assert not ChainCursor.objects.exists()
