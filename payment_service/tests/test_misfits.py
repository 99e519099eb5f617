"""Money that is not what was asked for, from every provider: never the payment, and back it goes."""

from typing import Any

import pytest
from factories import balances
from play import ask_again, asks_the_buyer, state, told

from payment_service.actions import misfits
from payment_service.models import Entry, Misfit
from shared.contracts.payment import (
    PaymentDeclined,
    PaymentTaken,
)
from shared.testing import published

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _who_takes_all_or_nothing(stage: Any) -> None:
    if not stage.tells:
        pytest.skip("may be paid in parts, and keeps what is too much apart (test_crypto_receipts.py)")


@pytest.mark.parametrize("change", ["less", "more", "currency"])
def test_what_was_not_asked_for_is_not_the_payment_and_goes_back(stage: Any, change: str) -> None:
    message, payment = asks_the_buyer(stage)
    minor = {"less": 9_999, "more": 10_001, "currency": 10_000}[change]
    currency = stage.other_currency if change == "currency" else stage.currency
    stage.takes_another(payment, minor=minor, currency=currency)

    stage.pays(payment)
    told(stage, stage.news())
    assert (state(message), balances()["unclaimed"]) == (("declined", "wrong_amount"), minor)
    ask_again(stage)
    ask_again(stage)

    assert (published(PaymentTaken), [one.reason for one in published(PaymentDeclined)]) == ([], ["wrong_amount"])
    assert (stage.refunded(), balances()["provider"], balances()["unclaimed"]) == (minor, 0, 0)
    assert Misfit.objects.get().status == "returned"
    assert not Entry.objects.filter(kind="payment").exists()


def test_what_was_not_asked_for_goes_back_when_the_provider_is_there_again(stage: Any) -> None:
    _message, payment = asks_the_buyer(stage)
    stage.takes_another(payment, minor=1, currency=stage.currency)
    stage.pays(payment)
    told(stage, stage.news())
    stage.away()
    misfits.return_misfits()
    assert Misfit.objects.get().status == "pending"

    stage.back()
    ask_again(stage)

    assert (Misfit.objects.get().status, stage.refunded()) == ("returned", 1)


def test_what_the_provider_does_not_send_back_is_shown_and_can_be_tried_again(stage: Any) -> None:
    _message, payment = asks_the_buyer(stage)
    stage.takes_another(payment, minor=1, currency=stage.currency)
    stage.pays(payment)
    told(stage, stage.news())
    stage.refuses_refunds(payment, refuses=True)
    misfits.return_misfits()
    misfit = Misfit.objects.get()
    assert (misfit.status, bool(misfit.failure), balances()["unclaimed"]) == ("failed", True, 1)

    stage.refuses_refunds(payment, refuses=False)
    misfits.try_again(misfit_id=misfit.id)
    misfits.return_misfits()

    assert (Misfit.objects.get().status, stage.refunded(), balances()["unclaimed"]) == ("returned", 1, 0)
