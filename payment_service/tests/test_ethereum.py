"""What a node says, when it says something odd."""

import json
from typing import Any

import httpx
import pytest

from payment_service.clients import ethereum
from payment_service.errors import ProviderAway

HASH = f"0x{'c' * 64}"
TO, FROM, TOKEN = (f"0x{digit * 40}" for digit in "1ab")


@pytest.fixture(autouse=True)
def _node(settings: Any) -> None:
    settings.CRYPTO_NODE_URL, settings.CRYPTO_CHAIN_ID = "http://node.example", 1


def answers(monkeypatch: pytest.MonkeyPatch, *results: Any, status: int = 200, text: str = "") -> list[Any]:
    """The node says this to each question of a batch; an exception is raised, `{"error": …}` is told as one."""
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(json.loads(request.content))
        if results and isinstance(results[0], type):
            raise results[0]("lost")
        told = [
            {"jsonrpc": "2.0", "id": number, **(one if isinstance(one, dict) and "error" in one else {"result": one})}
            for number, one in enumerate(results)
        ]
        return httpx.Response(status, text=text or json.dumps(told[::-1]))

    client = httpx.Client(transport=httpx.MockTransport(answer))
    monkeypatch.setattr(ethereum, "_http", lambda: client)
    return seen


def topic(address: str) -> str:
    return f"0x{address[2:]:0>64}"


def log(**changes: Any) -> dict[str, Any]:
    plain = {
        "topics": [ethereum.TRANSFER, topic(FROM), topic(TO)],
        "data": f"0x{5:064x}",
        "blockNumber": "0x7",
        "logIndex": "0x1",
        "transactionHash": HASH.upper().replace("0X", "0x"),
        "address": TOKEN,
        "removed": False,
    }
    return {**plain, **changes}


def test_answers_of_a_batch_may_come_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "0x1", {"number": "0x10", "hash": HASH})

    assert ethereum.head() == ethereum.Block(16, HASH)


@pytest.mark.parametrize(
    ("results", "more"),
    [
        ((httpx.ReadTimeout,), {}),
        ((), {"text": "<html>"}),
        ((), {"text": "[]"}),
        ((), {"text": '{"error": {"code": -32005}}'}),
        (("0x1", {}), {"status": 429}),
        (("0x1", None), {}),
        (("0x1", {"number": "nine", "hash": HASH}), {}),
        (("0x1", {"error": {"code": -32000, "message": "busy"}}), {}),
    ],
)
def test_what_says_nothing_is_asked_again(monkeypatch: pytest.MonkeyPatch, results: Any, more: Any) -> None:
    answers(monkeypatch, *results, **more)

    with pytest.raises(ProviderAway):
        ethereum.head()


def test_a_transfer_is_read_to_the_last_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 2**256 - 1
    seen = answers(monkeypatch, {"number": "0x9"}, [log(data=f"0x{most:064x}")])

    (sent,) = ethereum.tokens_sent(TOKEN, 5, 9)

    assert sent == ethereum.Sent(HASH, 1, 7, TOKEN, FROM, TO, most)
    assert [seen[0][1]["params"][0][name] for name in ("fromBlock", "toBlock")] == ["0x5", "0x9"]


def test_a_node_that_has_not_got_the_last_block_knows_of_no_transfers_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, None, [])

    with pytest.raises(ProviderAway):
        ethereum.tokens_sent(TOKEN, 5, 9)


@pytest.mark.parametrize(
    "odd",
    [
        {"topics": [ethereum.TRANSFER, topic(FROM), topic(TO), topic(TO)], "data": "0x"},  # ERC-721
        {"topics": [ethereum.TRANSFER]},
        {"topics": []},
        {"data": "0x"},
        {"removed": True},
    ],
)
def test_what_is_no_transfer_of_an_erc20_is_none(monkeypatch: pytest.MonkeyPatch, odd: Any) -> None:
    answers(monkeypatch, {"number": "0x9"}, [log(**odd)])

    assert ethereum.tokens_sent(TOKEN, 5, 9) == []


def test_a_node_is_asked_a_few_questions_at_once_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    def echo(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        batches.append(len(asked))
        return httpx.Response(200, json=[{"id": one["id"], "result": one["params"][0]} for one in asked])

    monkeypatch.setattr(ethereum, "_http", lambda: httpx.Client(transport=httpx.MockTransport(echo)))

    assert ethereum.balances([hex(number) for number in range(120)], 7) == list(range(120))
    assert batches == [50, 50, 20]


def test_no_blocks_are_asked_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = answers(monkeypatch)

    assert (ethereum.transactions(8, 7), ethereum.tokens_sent(TOKEN, 8, 7), seen) == ([], [], [])


def test_what_makes_a_contract_or_carries_nothing_is_no_payment() -> None:
    plain = {"hash": HASH, "from": FROM, "to": TO, "value": "0x5", "blockNumber": "0x7"}

    assert ethereum.coins_in(plain) == ethereum.Sent(HASH, -1, 7, "", FROM, TO, 5)
    assert ethereum.coins_in({**plain, "to": None}) is None
    assert ethereum.coins_in({**plain, "value": "0x0"}) is None


def test_gas_that_the_node_cannot_reckon_is_what_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, hex(40_000), {"error": {"message": "too poor"}}, {"error": {"message": "too poor"}})
    coins, tokens = {"to": TO, "value": "0x5", "data": "0x"}, {"to": TOKEN, "value": "0x0", "data": "0xa9059cbb"}

    assert ethereum.gas_for(FROM, [tokens, tokens, coins]) == [48_000, 100_000, 21_000]
    assert ethereum.gas_for(FROM, []) == []


def test_a_transaction_that_waits_is_not_mined(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, None, {"hash": HASH})

    assert ethereum.mined(HASH) is None
