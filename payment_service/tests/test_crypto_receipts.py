"""What comes on a chain: in parts, too much, too late, in another coin; and to whom it goes back."""

from datetime import timedelta
from typing import Any

import pytest
from coins import ETHER, SAFE, due, time_is_over
from dev_chain import CENT
from django.utils import timezone
from factories import asked, balances, hear, refund_of, split, usd
from play import ask_again, asks_the_buyer, order, paid, refund, state
from stages import CryptoStage

from payment_service.actions import crypto_prices, crypto_watch, payments, refunds
from payment_service.actions.crypto_transfers import prepare_refund
from payment_service.models import (
    CryptoCharge,
    CryptoReceipt,
    CryptoTransfer,
    Misfit,
    Payment,
    Refund,
)
from payment_service.models.addresses import checksummed
from shared.context import new_id
from shared.contracts.payment import PaymentActionRequired, PaymentDeclined, PaymentRefunded, PaymentTaken
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("stage"),
    pytest.mark.parametrize("stage", ["crypto"], indirect=True),
]


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


def test_one_that_cannot_be_followed_keeps_no_other_waiting(stage: CryptoStage, monkeypatch: Any) -> None:
    (first, first_payment), (second, second_payment) = asks_the_buyer(stage), asks_the_buyer(stage)
    stage.sends(first_payment, 10_000)
    stage.sends(second_payment, 10_000)
    follow, broken = crypto_watch._follow, CryptoCharge.objects.get(payment=first_payment).index

    def failing(index: int) -> None:
        if index == broken:
            raise LookupError
        follow(index)

    monkeypatch.setattr(crypto_watch, "_follow", failing)
    crypto_watch.watch()
    assert (state(first)[0], state(second)[0]) == ("action_required", "taken")

    monkeypatch.undo()
    crypto_watch.watch()
    assert state(first)[0] == "taken"


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
