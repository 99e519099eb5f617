"""Which methods there are, in which currencies, and what the settings refuse."""

import runpy
from pathlib import Path
from typing import Any

import dev_chain
import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from factories import asked, hear, pay_out, released, split, take, usd

import shared.settings
from payment_service import settings as own
from payment_service.actions import payouts
from payment_service.apps import check_addresses
from payment_service.models import Payment, Payout
from shared.messages import MoneyData
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db(transaction=True)
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
CRYPTO = {
    "PAYMENT_METHODS": "crypto",
    "CRYPTO_NODE_URL": "http://127.0.0.1:1",
    "CRYPTO_XPUB": dev_chain.XPUB,
    "CRYPTO_WALLET": WALLET,
    "CRYPTO_TOKEN_ADDRESS": WALLET,
}


def configured(monkeypatch: pytest.MonkeyPatch, *, environment: str = "production", **variables: str) -> dict[str, Any]:
    """The settings of a process that is started with these environment variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(shared.settings, "ENVIRONMENT", environment)
    return runpy.run_path(str(Path(own.__file__)))


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"PAYMENT_METHODS": "simulator"}, "SIMULATOR_IN_PRODUCTION"),
        ({"PAYOUT_PROVIDER": "simulator"}, "SIMULATOR_IN_PRODUCTION"),
        ({"PAYMENT_METHODS": "barter"}, "barter"),
        ({"PAYOUT_PROVIDER": "stripe"}, "PAYOUT_PROVIDER"),
        ({"PAYMENT_METHODS": "stripe"}, "STRIPE_SECRET_KEY"),
        ({"PAYMENT_METHODS": "stripe", "STRIPE_SECRET_KEY": "sk_live_x"}, "STRIPE_WEBHOOK_SECRETS"),
        ({"PAYMENT_METHODS": "chapa", "CHAPA_WEBHOOK_SECRETS": "x"}, "CHAPA_SECRET_KEY"),
        ({"PAYMENT_METHODS": "chapa", "CHAPA_FAKE": "true"}, "CHAPA_FAKE"),
        ({"PAYMENT_METHODS": "crypto"}, "CRYPTO_NODE_URL"),
        ({"PAYOUT_PROVIDER": "crypto"}, "CRYPTO_NODE_URL"),
        ({**CRYPTO, "CRYPTO_XPUB": dev_chain.XPRV}, "private one has no place"),
        ({"CRYPTO_XPUB": dev_chain.XPRV}, "private one has no place"),
        ({**CRYPTO, "CRYPTO_TOKEN_DECIMALS": "1"}, "too few decimals"),
        ({**CRYPTO, "CRYPTO_CONFIRMATIONS": "0"}, "one or more"),
    ],
)
def test_production_refuses_what_takes_no_money(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=complaint):
        configured(monkeypatch, **variables)


def test_a_provider_with_its_keys_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRETS": "whsec_new, whsec_old"}

    found = configured(monkeypatch, PAYMENT_METHODS="stripe", STRIPE_CURRENCIES="EUR,USD", **keys)

    assert found["STRIPE_WEBHOOK_SECRETS"] == ["whsec_new", "whsec_old"]
    assert found["PAYMENT_CURRENCIES"]["stripe"] == ["EUR", "USD"]


def test_crypto_needs_no_private_key(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configured(monkeypatch, **CRYPTO)

    assert (found["PAYMENT_METHODS"], found["PAYOUT_PROVIDER"]) == (["crypto"], "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRYPTO_XPUB", dev_chain.XPUB[:-1] + "x"),
        ("CRYPTO_XPUB", dev_chain.XPUB[:-1] + "0"),
        ("CRYPTO_XPUB", dev_chain.XPUB + "1"),
        ("CRYPTO_XPUB", dev_chain.XPRV),
        ("CRYPTO_WALLET", WALLET.replace("A", "a", 1)),
        ("CRYPTO_TOKEN_ADDRESS", WALLET[:-1]),
    ],
)
def test_a_typing_error_in_a_key_or_address_is_found_at_the_start(settings: Any, name: str, value: str) -> None:
    for one, right in CRYPTO.items():
        setattr(settings, one, right)
    check_addresses()

    setattr(settings, name, value)

    with pytest.raises(ImproperlyConfigured, match=r"checksum"):
        check_addresses()


def test_a_typing_error_in_a_key_is_found_though_nobody_pays_with_it_yet(settings: Any) -> None:
    settings.CRYPTO_NODE_URL, settings.CRYPTO_XPUB = "", dev_chain.XPUB[:-1] + "x"

    with pytest.raises(ImproperlyConfigured, match="checksum"):
        apps.get_app_config("payment_service").ready()


def test_chapa_s_other_side_stands_in_for_it_in_development(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configured(monkeypatch, environment="development", PAYMENT_METHODS="simulator,chapa", CHAPA_FAKE="true")

    assert found["CHAPA_URL"] == f"{found['SIMULATOR_URL']}/simulator/chapa"
    assert found["CHAPA_SECRET_KEY"]
    assert found["CHAPA_WEBHOOK_SECRETS"]


def test_the_simulator_may_be_allowed_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configured(monkeypatch, PAYMENT_METHODS="simulator", SIMULATOR_IN_PRODUCTION="true")

    assert (found["PAYMENT_METHODS"], found["PAYOUT_PROVIDER"]) == (["simulator"], "simulator")


def test_production_without_a_word_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configured(monkeypatch)

    assert (found["PAYMENT_METHODS"], found["PAYOUT_PROVIDER"]) == ([], "")


def codes(query: str = "") -> list[str]:
    return [one["code"] for one in body(client_as().get(f"/api/v1/payment-methods{query}"))["results"]]


def test_methods_are_shown_by_currency(settings: Any) -> None:
    settings.PAYMENT_CURRENCIES = {**settings.PAYMENT_CURRENCIES, "simulator": ["EUR"]}

    assert codes() == codes("?currency=EUR") == ["simulator"]
    assert codes("?currency=USD") == []
    assert client_as().get("/api/v1/payment-methods?currency=usd").status_code == 400
    assert client_as().get("/api/v1/payment-methods?colour=red").status_code == 400


def test_a_method_that_is_switched_off_is_not_shown_and_takes_nothing(settings: Any) -> None:
    settings.PAYMENT_METHODS = []

    payment = asked(take())

    assert codes() == []
    assert (payment.status, payment.reason) == ("declined", "unknown_method")


def test_a_currency_that_the_method_does_not_take_is_declined(settings: Any) -> None:
    settings.PAYMENT_CURRENCIES = {**settings.PAYMENT_CURRENCIES, "simulator": ["USD"]}

    payment = asked(take(amount=MoneyData(minor=10_000, currency="EUR")))

    assert (payment.status, payment.reason) == ("declined", "currency_not_taken")


def test_nothing_to_pay_needs_no_currency(settings: Any) -> None:
    settings.PAYMENT_CURRENCIES = {**settings.PAYMENT_CURRENCIES, "simulator": ["EUR"]}

    assert asked(take(split(gross=0, tax=0, commission=0), amount=usd(0))).status == Payment.Status.TAKEN


def test_payouts_wait_while_nobody_carries_them_out(provider: Any) -> None:
    message = take(split())
    asked(message)
    released(message)
    hear(pay_out(100))
    provider.PAYOUT_PROVIDER = ""
    assert payouts.ask_for_payouts() == 0

    provider.PAYOUT_PROVIDER = "simulator"
    payouts.ask_for_payouts()

    assert Payout.objects.get().status == "paid"


def test_without_a_provider_payouts_are_refused(settings: Any) -> None:
    settings.PAYOUT_PROVIDER = ""

    hear(pay_out(100))

    assert Payout.objects.get().reason == "payouts_are_off"
