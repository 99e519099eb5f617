"""Payments on a chain: in parts, too much, too late, in another coin; seen, undone, and read on after a rest."""

import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dev_chain
import pytest
from coincurve import PrivateKey, PublicKey
from dev_chain import CENT
from django.db import transaction
from django.test import Client
from django.utils import timezone
from factories import asked, balances, hear, refund_of, split, usd
from play import ask_again, asks_the_buyer, cancel, order, paid, refund, state
from stages import CryptoStage

from payment_service.actions import chain as blocks
from payment_service.actions import crypto_prices, crypto_receipts, crypto_watch, payments, refunds
from payment_service.actions.crypto_transfers import prepare_refund
from payment_service.clients import ethereum
from payment_service.models import (
    ChainCursor,
    CoinPrice,
    CryptoCharge,
    CryptoReceipt,
    CryptoTransfer,
    Misfit,
    Payment,
    Refund,
)
from payment_service.models.addresses import _BASE58, NotAnAddress, _keccak, checksummed, derived, parsed
from shared.context import new_id
from shared.contracts.payment import PaymentActionRequired, PaymentDeclined, PaymentRefunded, PaymentTaken
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import body, client_as, in_parallel, published

pytestmark = pytest.mark.django_db(transaction=True)
ETHER = 10**18
SAFE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.fixture
def stage(settings: Any, chain: Any, balanced_books: None) -> CryptoStage:
    settings.PAYMENT_METHODS = ["crypto"]
    return CryptoStage(settings, chain)


@pytest.fixture
def priced(stage: CryptoStage) -> CryptoStage:
    """A coin is worth 3 000.00 USD."""
    crypto_prices.set_price(price=Money(300_000, "USD"), by=new_id())
    return stage


def due(payment: Payment) -> Any:
    payment.refresh_from_db()
    assert payment.next_action is not None
    return payment.next_action["crypto"]


def time_is_over() -> None:
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1), due_at=timezone.now())
    payments.ask_providers()


# ── Where to, and how much ───────────────────────────────────────────────────────────────────────────────────────────


def private_key(index: int) -> PrivateKey:
    """What whoever has the extended private key makes of it."""
    number = 0
    for sign in dev_chain.XPRV:
        number = number * 58 + _BASE58.index(sign)
    content = number.to_bytes(82)
    parent = PrivateKey(content[46:78])
    step = hmac.digest(content[13:45], parent.public_key.format() + index.to_bytes(4), "sha512")
    return parent.add(step[:32])


def test_each_payment_has_an_address_of_its_own_which_only_the_key_elsewhere_opens(stage: CryptoStage) -> None:
    charges = [stage.charge_of(asks_the_buyer(stage)[1]) for _number in range(2)]

    keys = [private_key(one.index) for one in charges]
    opened = [f"0x{_keccak(key.public_key.format(compressed=False)[1:])[-40:]}" for key in keys]
    assert [one.address for one in charges] == opened
    assert len(set(opened)) == 2


@pytest.mark.parametrize(
    ("index", "point"),
    [
        (0, "038318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75"),
        (1, "02ba5734d8f7091719471e7f7ed6b9df170dc70cc661ca05e688601ad984f068b0"),
        (2**31 - 1, "023c7971b098276fcf9b5f227eae708b7c8fb9f262ab2eabfb4b39515d3aeb7387"),
    ],
)
def test_a_key_s_addresses_are_those_that_wallets_know(index: int, point: str) -> None:
    """BIP-44's of the phrase `test test … junk`, with which every development chain begins; the points are another
    library's.
    """
    xpub = (
        "xpub6DyUKdwoLWmUJ4Tn9Bbsdtx7B5Ws18mEN19e5HT52ikE53FiUheSQXrZUNPovqfyKmw4579A1Mm3GXXKM39N64"
        "uooBfJ4tNAzFsEbodRTx4"
    )
    raw = PublicKey(bytes.fromhex(point)).format(compressed=False)

    assert derived(xpub, index) == f"0x{_keccak(raw[1:])[-40:]}"
    assert index or checksummed(derived(xpub, index)) == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.mark.parametrize("address", [SAFE, SAFE.lower(), "0x" + SAFE[2:].upper()])
def test_an_address_is_read_however_it_is_written(address: str) -> None:
    assert checksummed(parsed(address)) == SAFE


@pytest.mark.parametrize("address", [SAFE.replace("A", "a", 1), SAFE[:-1], f"{SAFE}\n", "", "0X" + SAFE[2:]])
def test_an_address_with_a_typing_error_is_none(address: str) -> None:
    with pytest.raises(NotAnAddress):
        parsed(address)


def test_the_buyer_is_told_all_that_a_wallet_needs(stage: CryptoStage) -> None:
    _message, payment = asks_the_buyer(stage)

    told, address = due(payment), checksummed(str(stage.charge_of(payment).address))
    assert (told["address"], told["symbol"], told["amount"], told["expected"]) == (address, "USDC", "100", "100")
    token = stage.settings.CRYPTO_TOKEN_ADDRESS
    assert told["uri"] == f"ethereum:{token}@{dev_chain.CHAIN_ID}/transfer?address={address}&uint256=100000000"
    assert published(PaymentActionRequired)[0].next_action.url.endswith(f"/crypto/pay/{payment.id}")


def test_the_page_shows_it_with_a_picture_until_it_is_paid(stage: CryptoStage) -> None:
    _message, payment = asks_the_buyer(stage)
    page = f"/crypto/pay/{payment.id}"
    before = Client().get(page).content.decode()

    stage.pays(payment)
    ask_again(stage)
    after = Client().get(page).content.decode()

    assert "data:image/svg+xml" in before
    assert due_address(stage, payment) in before
    assert "taken" in after
    assert due_address(stage, payment) not in after
    assert Client().get(f"/crypto/pay/{new_id()}").status_code == 404


def due_address(stage: CryptoStage, payment: Payment) -> str:
    return checksummed(str(stage.charge_of(payment).address))


def test_coins_are_asked_for_at_the_price_of_the_moment_which_stays(priced: CryptoStage) -> None:
    payment = asked(order(priced, "ETH"))
    crypto_prices.set_price(price=Money(100_000, "USD"), by=new_id())
    charge = priced.charge_of(payment)
    assert (due(payment)["amount"], charge.token) == ("0.03333334", "")
    assert f"?value={charge.expected}" in due(payment)["uri"]

    priced.chain.pay_coin(priced.chain.buyer, str(charge.address), int(charge.expected))
    priced.chain.mine(2)
    ask_again(priced)

    assert (Payment.objects.get().status, balances()["provider"]) == ("taken", 10_000)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("ETH", "no_price"),
        ("DOGE", "coin_not_taken"),
        (f"USDC-{SAFE[:-1]}", "bad_refund_address"),
        ("0x1", "bad_refund_address"),
    ],
)
def test_what_cannot_be_paid_is_declined(stage: CryptoStage, token: str, reason: str) -> None:
    assert state(asked_for(stage, token)) == ("declined", reason)
    assert not CryptoCharge.objects.exists()


def asked_for(stage: CryptoStage, token: str) -> Any:
    message = order(stage, token)
    asked(message)
    return message


def test_a_price_that_nobody_has_told_lately_is_none(priced: CryptoStage) -> None:
    CoinPrice.objects.update(set_at=timezone.now() - timedelta(hours=25))

    assert state(asked_for(priced, "ETH")) == ("declined", "no_price")


def test_in_which_currencies_it_is_taken_follows_from_prices(stage: CryptoStage) -> None:
    def shown() -> list[str]:
        (method,) = body(client_as().get("/api/v1/payment-methods"))["results"]
        return list(method["currencies"])

    assert shown() == ["USD"]
    crypto_prices.set_price(price=Money(500_000, "JPY"), by=new_id())
    assert shown() == ["JPY", "USD"]

    share = split(gross=1_000, tax=0, commission=0)
    payment = asked(order(stage, amount=MoneyData(minor=1_000, currency="JPY"), splits=(share,)))
    assert due(payment)["amount"] == "0.002"


# ── In parts, too much, too late ─────────────────────────────────────────────────────────────────────────────────────


def test_who_pays_too_little_is_shown_what_is_missing_and_may_pay_it(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    stage.sends(payment, 4_000)
    crypto_watch.watch()
    assert (due(payment)["amount"], due(payment)["expected"], state(message)[0]) == ("60", "100", "action_required")
    assert published(PaymentActionRequired)[-1].next_action.crypto.amount == "60"

    stage.sends(payment, 6_000)
    crypto_watch.watch()

    assert (state(message), balances()["provider"]) == (("taken", ""), 10_000)
    assert not Misfit.objects.exists()


def test_too_little_at_the_end_of_the_time_goes_back(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    stage.sends(payment, 4_001)
    crypto_watch.watch()

    time_is_over()
    crypto_watch.watch()
    assert (state(message), balances()["unclaimed"]) == (("declined", "expired"), 4_001)
    assert not stage.can_be_paid(payment)
    ask_again(stage)
    ask_again(stage)

    assert (stage.refunded(), balances()["unclaimed"], balances()["provider"]) == (4_001, 0, 0)
    assert published(PaymentTaken) == []


def test_too_much_is_the_payment_and_the_rest_goes_back(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    stage.sends(payment, 9_000)
    stage.sends(payment, 1_500)

    crypto_watch.watch()
    assert (state(message), balances()["unclaimed"], balances()["provider"]) == (("taken", ""), 500, 10_500)
    ask_again(stage)

    assert (stage.refunded(), balances()["unclaimed"], balances()["provider"]) == (500, 0, 10_000)


def test_who_pays_twice_has_the_second_back(stage: CryptoStage) -> None:
    message = paid(stage)
    stage.pays(Payment.objects.get())

    ask_again(stage)
    ask_again(stage)

    assert (state(message), len(published(PaymentTaken))) == (("taken", ""), 1)
    assert (stage.refunded(), balances()["provider"]) == (10_000, 10_000)


def test_less_than_a_cent_too_much_is_in_no_book(stage: CryptoStage, caplog: pytest.LogCaptureFixture) -> None:
    message, payment = asks_the_buyer(stage)
    stage.chain.pay_token(stage.chain.buyer, str(stage.charge_of(payment).address), 10_000 * CENT + CENT - 1)
    stage.chain.mine(2)

    crypto_watch.watch()

    assert (state(message), balances()["provider"], Misfit.objects.count()) == (("taken", ""), 10_000, 0)
    assert "9999 units came beside it" in caplog.text


def test_too_little_that_comes_too_late_goes_back_too(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    stage.sends(payment, 4_000)
    time_is_over()
    crypto_watch.watch()
    stage.sends(payment, 6_000)

    ask_again(stage)
    ask_again(stage)

    assert state(message) == ("declined", "expired")
    assert [one.minor for one in Misfit.objects.order_by("id")] == [4_000, 6_000]
    assert (stage.refunded(), balances()["unclaimed"], published(PaymentTaken)) == (10_000, 0, [])


def test_all_of_it_too_late_is_told_and_refunded(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    time_is_over()
    assert state(message) == ("declined", "expired")

    stage.pays(payment)
    crypto_watch.watch()
    assert (state(message)[0], len(published(PaymentTaken))) == ("taken", 1)
    refund(stage, refund_of(message))

    assert (stage.refunded(), balances()["provider"], len(published(PaymentRefunded))) == (10_000, 0, 1)


def test_what_is_seen_in_time_is_waited_for(stage: CryptoStage) -> None:
    message, payment = asks_the_buyer(stage)
    stage.sends(payment, 10_000, blocks=0)

    time_is_over()
    assert state(message)[0] == "action_required"
    stage.chain.mine(2)
    Payment.objects.update(due_at=timezone.now())
    payments.ask_providers()

    assert state(message) == ("taken", "")
    assert published(PaymentDeclined) == []


def test_another_coin_than_was_asked_for_goes_back(priced: CryptoStage) -> None:
    message, payment = asks_the_buyer(priced)
    before = priced.chain.coins(priced.chain.buyer)
    spent = ETHER // 30
    priced.chain.pay_coin(priced.chain.buyer, str(priced.charge_of(payment).address), spent)
    priced.chain.mine(2)
    crypto_watch.watch()
    assert state(message)[0] == "action_required"

    time_is_over()
    crypto_watch.watch()
    assert balances()["unclaimed"] == 9_999
    ask_again(priced)

    assert balances()["unclaimed"] == 0
    assert 0 <= before - priced.chain.coins(priced.chain.buyer) < ETHER // 100


def test_another_token_than_was_asked_for_is_not_shown_as_what_came(priced: CryptoStage) -> None:
    charge = priced.charge_of(asks_the_buyer(priced)[1])
    for confirmed in (True, False):
        receipt = {"charge": charge, "log": -1, "block": 1, "sender": priced.chain.buyer, "confirmed": confirmed}
        CryptoReceipt.objects.create(hash=f"coin {confirmed}", value=ETHER, **receipt)

    (shown,) = body(client_as("admin").get("/api/v1/admin/crypto-charges"))["results"]

    assert (shown["confirmed"], shown["seen"]) == ("0", "0")


def receives_from(stage: CryptoStage, *parts: tuple[str, int]) -> Any:
    """A payment that several wallets have paid: who, and how many cents."""
    message, payment = asks_the_buyer(stage)
    for sender, cents in parts:
        stage.chain.pay_token(sender, str(stage.charge_of(payment).address), cents * CENT)
    stage.chain.mine(2)
    crypto_watch.watch()
    hear(refund_of(message))
    refunds.ask_for_refunds()
    return Refund.objects.get()


def test_who_tops_up_a_cent_has_no_refund_of_the_rest(stage: CryptoStage) -> None:
    receives_from(stage, (stage.chain.buyer, 9_999), (stage.chain.stranger, 1))

    assert CryptoTransfer.objects.get().recipient == stage.chain.buyer


def test_who_sent_most_before_a_larger_gift_of_another_has_the_refund(stage: CryptoStage) -> None:
    receives_from(stage, (stage.chain.buyer, 6_000), (stage.chain.stranger, 90_000))

    assert CryptoTransfer.objects.get(kind="refund").recipient == stage.chain.buyer


def test_where_nobody_sent_more_than_half_nobody_is_sent_it(stage: CryptoStage) -> None:
    refused = receives_from(stage, (stage.chain.buyer, 5_000), (stage.chain.stranger, 5_000))

    assert (refused.status, refused.failure) == ("failed", "nobody_to_send_it_to")
    assert not CryptoTransfer.objects.exists()


def test_before_what_came_is_sorted_too_a_later_gift_is_no_payment(stage: CryptoStage) -> None:
    _message, payment = asks_the_buyer(stage)
    charge = stage.charge_of(payment)
    for number, (sender, cents) in enumerate([(stage.chain.buyer, 10_000), (stage.chain.stranger, 90_000)]):
        receipt = {"token": charge.token, "sender": sender, "value": cents * CENT, "confirmed": True}
        CryptoReceipt.objects.create(charge=charge, hash=f"{number}", log=0, block=number, **receipt)

    prepare_refund(key=new_id(), address=str(charge.address), amount=Money(10_000, "USD"))

    assert CryptoTransfer.objects.get().recipient == stage.chain.buyer


def test_it_goes_back_to_where_the_buyer_wants_it(stage: CryptoStage) -> None:
    message = order(stage, f"USDC-{checksummed(stage.chain.stranger)}")
    payment = asked(message)
    before = stage.chain.tokens(stage.chain.stranger)
    stage.pays(payment)
    crypto_watch.watch()

    refund(stage, refund_of(message))

    assert stage.chain.tokens(stage.chain.stranger) - before == 10_000 * CENT


def test_parts_of_a_refund_are_all_of_the_coins_together(priced: CryptoStage) -> None:
    crypto_prices.set_price(price=Money(299_999, "USD"), by=new_id())
    shares = [split(gross=gross, tax=0, commission=0) for gross in (2_334, 2_334, 2_333)]
    message = order(priced, "ETH", amount=usd(7_001), splits=tuple(shares))
    payment = asked(message)
    charge = priced.charge_of(payment)
    priced.chain.pay_coin(priced.chain.buyer, str(charge.address), int(charge.expected))
    priced.chain.mine(2)
    crypto_watch.watch()

    for part in message.splits:
        refund(priced, refund_of(message, part))

    sent = [int(one.value) for one in charge.transfers.order_by("created_at")]
    assert (sum(sent), len(sent)) == (int(charge.expected), 3)
    assert balances()["provider"] == 0


@pytest.mark.parametrize(("token", "status"), [("ETH", "failed"), (f"ETH-{SAFE}", "pending")])
def test_coins_that_a_contract_sends_are_found_by_the_balance(priced: CryptoStage, token: str, status: str) -> None:
    message = order(priced, token)
    charge = priced.charge_of(asked(message))
    first, second = int(charge.expected) // 3, int(charge.expected) - int(charge.expected) // 3
    for value in (first, second):
        priced.chain.pay_from_inside(priced.chain.buyer, str(charge.address), value)
        priced.chain.mine(2)
        crypto_watch.watch()
    crypto_watch.watch()

    assert (state(message), charge.receipts.count()) == (("taken", ""), 2)
    hear(refund_of(message))
    refunds.ask_for_refunds()
    assert Refund.objects.get().status == status


def closed_after_a_contract_paid(stage: CryptoStage, share: int) -> Any:
    """The time ended when the coins were in no block deep enough."""
    message = order(stage, f"ETH-{SAFE}")
    charge = stage.charge_of(asked(message))
    stage.chain.pay_from_inside(stage.chain.buyer, str(charge.address), int(charge.expected) // share)
    time_is_over()
    assert state(message) == ("declined", "expired")
    stage.chain.mine(2)
    return message


@pytest.mark.parametrize(("share", "status", "misfits"), [(1, "taken", 0), (2, "declined", 1)])
def test_coins_that_a_contract_sent_just_before_the_end_are_found_after_it(
    priced: CryptoStage, share: int, status: str, misfits: int
) -> None:
    message = closed_after_a_contract_paid(priced, share)

    crypto_watch.watch()

    assert (state(message)[0], Misfit.objects.count()) == (status, misfits)


def test_an_hour_after_the_end_nobody_looks_for_what_contracts_sent(priced: CryptoStage) -> None:
    closed_after_a_contract_paid(priced, 1)
    CryptoCharge.objects.update(closed_at=timezone.now() - timedelta(hours=1))

    crypto_watch.watch()

    assert not CryptoReceipt.objects.exists()


# ── Seen, undone, read once ──────────────────────────────────────────────────────────────────────────────────────────


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
