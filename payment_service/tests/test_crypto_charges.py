"""What buyers are asked to pay on a chain, and where to."""

import hmac
from datetime import timedelta
from typing import Any

import dev_chain
import pytest
from coincurve import PrivateKey, PublicKey
from coins import SAFE, due
from django.test import Client
from django.utils import timezone
from factories import asked, balances, split
from play import ask_again, asks_the_buyer, order, state
from stages import CryptoStage

from payment_service.actions import crypto_prices
from payment_service.models import (
    CoinPrice,
    CryptoCharge,
    Payment,
)
from payment_service.models.addresses import _BASE58, NotAnAddress, _keccak, checksummed, derived, parsed
from shared.context import new_id
from shared.contracts.payment import PaymentActionRequired
from shared.messages import MoneyData
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("stage"),
    pytest.mark.parametrize("stage", ["crypto"], indirect=True),
]


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


@pytest.mark.parametrize(
    "address", [SAFE.replace("A", "a", 1), SAFE[:-1], f"{SAFE}\n", "", "0X" + SAFE[2:], "0x" + "0" * 40]
)
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


def test_money_is_not_sent_back_to_the_tokens_own_contract(stage: CryptoStage, settings: Any) -> None:
    assert state(asked_for(stage, f"USDC-{settings.CRYPTO_TOKEN_ADDRESS}")) == ("declined", "bad_refund_address")


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
        methods = body(client_as().get("/api/v1/payment-methods"))["results"]
        return next(method["currencies"] for method in methods if method["code"] == "crypto")

    assert shown() == ["USD"]
    crypto_prices.set_price(price=Money(500_000, "JPY"), by=new_id())
    assert shown() == ["JPY", "USD"]

    share = split(gross=1_000, tax=0, commission=0)
    payment = asked(order(stage, amount=MoneyData(minor=1_000, currency="JPY"), splits=(share,)))
    assert due(payment)["amount"] == "0.002"
