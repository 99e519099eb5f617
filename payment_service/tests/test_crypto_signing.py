"""What goes back on a chain: taken away to be signed, handed in, and believed once the chain
has it, right in every part.
"""

from datetime import timedelta
from typing import Any

import pytest
from coins import NEVER, TRANSFERS, confirmed, hand_in, sent, unsigned
from dev_chain import CENT
from django.db import connection
from django.utils import timezone
from factories import asked, balances, hear, refund_of
from play import order, paid, refund
from running import admin
from stages import CryptoStage

from payment_service.actions import crypto_prices, crypto_watch, refunds
from payment_service.clients import ethereum
from payment_service.models import CryptoTransfer, Refund
from payment_service.models.addresses import checksummed
from shared.context import new_id
from shared.contracts.payment import PaymentRefunded
from shared.contracts.user import RecordAudit
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("stage"),
    pytest.mark.parametrize("stage", ["crypto"], indirect=True),
]


@pytest.fixture
def to_refund(stage: CryptoStage) -> CryptoStage:
    """100.00 USD wait to be signed."""
    message = paid(stage)
    hear(refund_of(message))
    refunds.ask_for_refunds()
    return stage


# ── Taken away ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_refund_is_a_transaction_that_lacks_its_signature_alone(to_refund: CryptoStage) -> None:
    (one,) = unsigned()

    transfer, transaction = one["transfer"], one["transaction"]
    chain, settings = to_refund.chain, to_refund.settings
    assert (transfer["kind"], transfer["status"], transfer["amount"]["amount"]) == ("refund", "prepared", "100.00")
    assert (transfer["recipient"], transfer["units"]) == (checksummed(chain.buyer), str(10_000 * CENT))
    assert (one["sender"], transaction["to"]) == (settings.CRYPTO_WALLET, settings.CRYPTO_TOKEN_ADDRESS)
    assert (transaction["type"], int(transaction["chainId"], 16)) == ("0x2", settings.CRYPTO_CHAIN_ID)
    assert int(transaction["nonce"], 16) == int(chain.ask("eth_getTransactionCount", chain.wallet, "latest"), 16)
    assert "r" not in transaction
    assert Refund.objects.get().status == "pending"


def test_signed_sent_and_handed_in_it_is_done_once_the_chain_confirms_it(to_refund: CryptoStage) -> None:
    (one,) = unsigned()
    hash = sent(to_refund, one)

    answer = hand_in(one, hash)
    crypto_watch.watch()
    assert (answer.status_code, body(answer)["status"], Refund.objects.get().status) == (200, "sent", "pending")
    transfer = confirmed(to_refund)

    assert (transfer.status, transfer.hash, Refund.objects.get().status) == ("done", hash, "done")
    assert (to_refund.refunded(), balances()["provider"], len(published(PaymentRefunded))) == (10_000, 0, 1)
    assert unsigned() == []


def test_who_takes_it_away_twice_can_send_it_only_once(to_refund: CryptoStage) -> None:
    (first,), (second,) = unsigned(), unsigned()
    assert first["transaction"]["nonce"] == second["transaction"]["nonce"]
    sent(to_refund, first)

    with pytest.raises(AssertionError, match="nonce too low"):
        sent(to_refund, second)
    assert to_refund.refunded() == 10_000


def test_each_transfer_has_a_nonce_of_its_own(to_refund: CryptoStage) -> None:
    (first,) = unsigned()
    other = paid(to_refund)
    hear(refund_of(other))
    refunds.ask_for_refunds()

    nonces = [int(one["transaction"]["nonce"], 16) for one in unsigned()]

    assert nonces == [int(first["transaction"]["nonce"], 16) + number for number in range(2)]
    assert [one["transfer"]["id"] for one in unsigned(transfers=[first["transfer"]["id"]])] == [first["transfer"]["id"]]


def test_a_nonce_is_not_given_again_where_the_node_has_not_seen_that_it_was_used(
    to_refund: CryptoStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = unsigned()
    used = int(first["transaction"]["nonce"], 16)
    hand_in(first, sent(to_refund, first))
    assert confirmed(to_refund).status == "done"
    hear(refund_of(paid(to_refund)))
    refunds.ask_for_refunds()

    monkeypatch.setattr(ethereum, "next_nonce", lambda _address: used)

    assert [int(one["transaction"]["nonce"], 16) for one in unsigned()] == [used + 1]


def test_a_new_wallet_begins_with_its_own_nonces_a_day_after_the_last_transfer(to_refund: CryptoStage) -> None:
    to_refund.signs()
    CryptoTransfer.objects.update(nonce=10**6, done_at=timezone.now() - timedelta(days=1))
    hear(refund_of(paid(to_refund)))
    refunds.ask_for_refunds()

    assert [int(one["transaction"]["nonce"], 16) < 10**6 for one in unsigned()] == [True]


def test_nothing_is_locked_while_the_node_is_asked(to_refund: CryptoStage, monkeypatch: pytest.MonkeyPatch) -> None:
    locked: list[bool] = []
    gas_for = ethereum.gas_for

    def asked_for(*given: Any) -> list[int]:
        locked.append(connection.in_atomic_block)
        return gas_for(*given)

    monkeypatch.setattr(ethereum, "gas_for", asked_for)
    answer = admin().post(f"{TRANSFERS}/unsigned", {}, headers={"Idempotency-Key": "once"})

    assert (answer.status_code, locked) == (200, [False])


def test_coins_go_back_as_coins(stage: CryptoStage) -> None:
    crypto_prices.set_price(price=Money(300_000, "USD"), by=new_id())
    message = order(stage, "ETH")
    charge = stage.charge_of(asked(message))
    stage.chain.pay_coin(stage.chain.buyer, str(charge.address), int(charge.expected))
    stage.chain.mine(2)
    crypto_watch.watch()
    before = stage.chain.coins(stage.chain.buyer)

    refund(stage, refund_of(message))

    assert stage.chain.coins(stage.chain.buyer) - before == int(charge.expected)
    assert balances()["provider"] == 0


# ── Handed in, and believed or not ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("wrong", ["recipient", "amount", "coin"])
def test_a_transaction_that_does_something_else_is_not_believed(to_refund: CryptoStage, wrong: str) -> None:
    (one,) = unsigned()
    data = one["transaction"]["data"]
    changed = {
        "recipient": {"data": data.replace(to_refund.chain.buyer[2:].lower(), to_refund.chain.stranger[2:].lower())},
        "amount": {"data": data[:-1] + "1"},
        "coin": {"to": one["transfer"]["recipient"], "data": "0x", "value": hex(10_000 * CENT)},
    }[wrong]
    assert hand_in(one, sent(to_refund, one, **changed)).status_code == 200

    transfer = confirmed(to_refund)

    assert (transfer.status, transfer.problem, transfer.nonce) == ("prepared", "another_transfer", None)
    assert Refund.objects.get().status == "pending"
    to_refund.signs()
    assert (CryptoTransfer.objects.get().status, Refund.objects.get().status) == ("done", "done")


def test_another_wallets_transaction_is_not_believed(to_refund: CryptoStage) -> None:
    (one,) = unsigned()
    hand_in(one, to_refund.chain.pay_token(to_refund.chain.stranger, one["transfer"]["recipient"], 10_000 * CENT))

    transfer = confirmed(to_refund)

    assert (transfer.status, transfer.problem) == ("prepared", "another_wallet")
    assert transfer.nonce == int(one["transaction"]["nonce"], 16)


def test_the_same_sum_sent_before_is_not_believed(to_refund: CryptoStage) -> None:
    chain = to_refund.chain
    before = chain.pay_token(chain.wallet, chain.buyer, 10_000 * CENT)
    (one,) = unsigned()
    hand_in(one, before)

    assert confirmed(to_refund).problem == "another_nonce"


def test_a_hash_that_is_never_mined_is_waited_for_and_may_be_followed_by_another(to_refund: CryptoStage) -> None:
    (one,) = unsigned()
    hand_in(one, NEVER)
    assert confirmed(to_refund).status == "sent"

    hand_in(one, sent(to_refund, one))

    assert confirmed(to_refund).status == "done"


def test_a_transaction_that_failed_is_prepared_again_with_another_nonce(to_refund: CryptoStage) -> None:
    (one,) = unsigned()
    hand_in(one, sent(to_refund, one, gas=hex(30_000)))

    transfer = confirmed(to_refund)

    assert (transfer.status, transfer.problem, transfer.nonce) == ("prepared", "failed", None)
    to_refund.signs()
    assert (to_refund.refunded(), CryptoTransfer.objects.get().status) == (10_000, "done")


def test_what_was_sent_and_never_handed_in_is_noticed(to_refund: CryptoStage) -> None:
    (one,) = unsigned()
    hash = sent(to_refund, one)

    transfer = confirmed(to_refund)

    assert (transfer.status, transfer.hash, Refund.objects.get().status) == ("done", hash, "done")


def test_a_transaction_makes_one_transfer(to_refund: CryptoStage) -> None:
    hear(refund_of(paid(to_refund)))
    refunds.ask_for_refunds()
    first, second = unsigned()
    hash = sent(to_refund, first)
    hand_in(first, hash)

    answer = hand_in(second, hash)

    assert (answer.status_code, body(answer)["code"]) == (409, "hash_used")


def test_a_transaction_that_was_handed_in_for_another_finds_its_own(to_refund: CryptoStage) -> None:
    hear(refund_of(paid(to_refund)))
    refunds.ask_for_refunds()
    first, second = unsigned()
    hash = sent(to_refund, first)
    hand_in(second, hash)
    to_refund.chain.mine(2)
    crypto_watch.watch()

    told = {str(one.id): (one.status, one.problem) for one in CryptoTransfer.objects.all()}
    assert told[first["transfer"]["id"]] == ("done", "")
    assert told[second["transfer"]["id"]] == ("prepared", "of_another_transfer")


def test_what_nobody_took_away_cannot_have_been_sent(to_refund: CryptoStage) -> None:
    transfer = CryptoTransfer.objects.get()

    answer = admin().post(f"{TRANSFERS}/{transfer.id}/transaction", {"hash": NEVER})

    assert (answer.status_code, body(answer)["code"]) == (409, "illegal_transition")


# ── Who may, and what is refused ─────────────────────────────────────────────────────────────────────────────────────


def test_transfers_are_admins_alone_and_leave_entries(to_refund: CryptoStage) -> None:
    transfer = CryptoTransfer.objects.get().id
    for role in ("customer", "vendor", "support"):
        assert client_as(role).get(TRANSFERS).status_code == 403
        assert client_as(role).post(f"{TRANSFERS}/unsigned").status_code == 403
        assert client_as(role).post(f"{TRANSFERS}/{transfer}/transaction", {"hash": NEVER}).status_code == 403
    (one,) = unsigned()
    hand_in(one, NEVER)
    admin().post("/api/v1/admin/coin-prices", {"price": {"amount": "3000.00", "currency": "USD"}})

    told = [entry.action for entry in published(RecordAudit)]
    assert told == ["payment.crypto_transfer.take", "payment.crypto_transfer.hand_in", "payment.coin_price.set"]
    listed = body(admin().get(f"{TRANSFERS}?status=sent&kind=refund"))["results"]
    assert [row["hash"] for row in listed] == [NEVER]
    assert body(admin().get(f"{TRANSFERS}/{transfer}"))["status"] == "sent"
    assert body(admin().get("/api/v1/admin/coin-prices"))["results"][0]["price"]["amount"] == "3000.00"
    (charge,) = body(admin().get("/api/v1/admin/crypto-charges"))["results"]
    assert (charge["expected"], charge["confirmed"], charge["seen"], charge["status"]) == ("100", "100", "0", "taken")


@pytest.mark.parametrize("hash", ["", "0x12", NEVER[2:], f"{NEVER}0", "\x00", None, 7])
def test_what_is_no_hash_is_refused(to_refund: CryptoStage, hash: Any) -> None:
    (one,) = unsigned()

    answer = hand_in(one, hash)

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["hash"])


@pytest.mark.parametrize(
    "price", [{"amount": "0", "currency": "USD"}, {"amount": "-1", "currency": "USD"}, "3000", None]
)
def test_what_is_no_price_is_refused(price: Any) -> None:
    answer = admin().post("/api/v1/admin/coin-prices", {"price": price})

    assert (answer.status_code, "price" in str(body(answer)["errors"])) == (400, True)


def test_what_is_not_there_is_not_found(to_refund: CryptoStage) -> None:
    nothing = new_id()

    assert admin().get(f"{TRANSFERS}/{nothing}").status_code == 404
    assert admin().post(f"{TRANSFERS}/{nothing}/transaction", {"hash": NEVER}).status_code == 404
    assert admin().post(f"{TRANSFERS}/unsigned", {"transfers": [str(nothing)]}).status_code == 404


def test_while_the_node_is_away_nothing_is_taken_away(to_refund: CryptoStage) -> None:
    to_refund.away()
    answer = admin().post(f"{TRANSFERS}/unsigned")
    assert (answer.status_code, body(answer)["code"]) == (503, "provider_unavailable")
    to_refund.settings.CRYPTO_NODE_URL = ""
    assert admin().post(f"{TRANSFERS}/unsigned").status_code == 404
    assert CryptoTransfer.objects.get().nonce is None


def test_lists_ask_the_database_no_more_for_more_rows(
    to_refund: CryptoStage, django_assert_max_num_queries: Any
) -> None:
    hear(refund_of(paid(to_refund)))
    refunds.ask_for_refunds()

    for path in (TRANSFERS, "/api/v1/admin/crypto-charges"):
        with django_assert_max_num_queries(2):
            assert len(body(admin().get(path))["results"]) == 2
