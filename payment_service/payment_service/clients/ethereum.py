"""A node of an EVM chain, by JSON-RPC over HTTP. It reads the chain; nothing here could sign."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
from django.conf import settings

from payment_service.errors import ProviderAway

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""Of ERC-20: keccak256("Transfer(address,address,uint256)")."""
SEND = "a9059cbb"
"""Of ERC-20: the first four bytes of keccak256("transfer(address,uint256)")."""
AT_ONCE = 50
"""Questions in a batch: nodes refuse those with many more."""
GAS_OF_COINS, GAS_OF_TOKENS = 21_000, 100_000
"""Where the node does not say: what sending costs at least, and what it costs at most of any usual token."""


@dataclass(frozen=True)
class Block:
    number: int
    hash: str


@dataclass(frozen=True)
class Sent:
    """An amount that went from one address to another, in the smallest units of the coin or token. Of coins, `log` is
    -1. Addresses and hashes are in small letters.
    """

    hash: str
    log: int
    block: int
    token: str
    sender: str
    recipient: str
    value: int


@dataclass(frozen=True)
class Mined:
    """A transaction that is in a block; `block` may yet be undone."""

    hash: str
    block: int
    succeeded: bool
    sender: str
    nonce: int
    sent: tuple[Sent, ...]


@dataclass(frozen=True)
class Fees:
    """In wei for each unit of gas, by EIP-1559."""

    most: int
    tip: int


def head() -> Block:
    """The newest block. Raises ProviderAway for a node of another chain, too."""
    chain, block = _ask(("eth_chainId", []), ("eth_getBlockByNumber", ["latest", False]))
    if _number(chain) != settings.CRYPTO_CHAIN_ID:
        raise ProviderAway(f"The node is on chain {_number(chain)}, not on {settings.CRYPTO_CHAIN_ID}.")
    return Block(_number(_part(block, "number")), _text(block, "hash"))


def transactions(first: int, last: int) -> list[dict[str, Any]]:
    """All transactions of these blocks, as the node tells them."""
    numbers = range(first, last + 1)
    blocks = _ask(*[("eth_getBlockByNumber", [hex(number), True]) for number in numbers]) if numbers else []
    return [one for block in blocks for one in _part(block, "transactions")]


def coins_in(transaction: dict[str, Any]) -> Sent | None:
    """The coins that a transaction carries; None where it carries none, or makes a contract."""
    value, recipient = _number(_part(transaction, "value")), transaction.get("to")
    if not value or not isinstance(recipient, str):
        return None
    block = _number(_part(transaction, "blockNumber"))
    sender, key = _text(transaction, "from"), _text(transaction, "hash")
    return Sent(key, -1, block, "", sender, recipient.lower(), value)


def tokens_sent(token: str, first: int, last: int) -> list[Sent]:
    """All transfers of a token in these blocks. Raises ProviderAway for a node that has not got the last of them: of
    several behind one address the one that lags would say that there were none.
    """
    if first > last:
        return []
    wanted = {"address": token, "topics": [TRANSFER], "fromBlock": hex(first), "toBlock": hex(last)}
    block, logs = _ask(("eth_getBlockByNumber", [hex(last), False]), ("eth_getLogs", [wanted]))
    _part(block, "number")
    return [one for log in logs if (one := _of_log(log))]


def balances(addresses: Sequence[str], block: int) -> list[int]:
    """What coins are at each address after a block."""
    asked = [("eth_getBalance", [address, hex(block)]) for address in addresses]
    return [_number(one) for one in _ask(*asked)] if asked else []


def mined(key: str) -> Mined | None:
    """A transaction by its hash; None while it is in no block."""
    receipt, transaction = _ask(("eth_getTransactionReceipt", [key]), ("eth_getTransactionByHash", [key]))
    if not receipt or not transaction:
        return None
    coins = coins_in(transaction)
    tokens = [one for log in _part(receipt, "logs") if (one := _of_log(log))]
    return Mined(
        hash=_text(receipt, "transactionHash"),
        block=_number(_part(receipt, "blockNumber")),
        succeeded=_number(_part(receipt, "status")) == 1,
        sender=_text(transaction, "from"),
        nonce=_number(_part(transaction, "nonce")),
        sent=(*([coins] if coins else []), *tokens),
    )


def next_nonce(address: str) -> int:
    """What transactions of an address, those that wait included, leave free."""
    return _number(_ask(("eth_getTransactionCount", [address, "pending"]))[0])


def fees() -> Fees:
    """What has a transaction mined soon: twice the present price of gas, and the usual tip."""
    block, tip = _ask(("eth_getBlockByNumber", ["latest", False]), ("eth_maxPriorityFeePerGas", []))
    base = _number(block.get("baseFeePerGas") or "0x0")
    return Fees(most=2 * base + _number(tip), tip=_number(tip))


def gas_for(sender: str, transactions: Sequence[dict[str, str]]) -> list[int]:
    """How much each may need, a fifth more than the node reckons. One that it cannot reckon (the sender has too little
    now) is given what is usual.
    """
    asked = [("eth_estimateGas", [{"from": sender, **one}]) for one in transactions]
    reckoned = _ask(*asked, may_fail=True) if asked else []
    usual = [GAS_OF_TOKENS if one["data"] != "0x" else GAS_OF_COINS for one in transactions]
    return [_number(gas) * 6 // 5 if gas else most for gas, most in zip(reckoned, usual, strict=True)]


def data_of_transfer(recipient: str, value: int) -> str:
    """What a token's contract is called with to send an amount."""
    return f"0x{SEND}{recipient.removeprefix('0x').lower():0>64}{value:064x}"


def _of_log(log: dict[str, Any]) -> Sent | None:
    """A log of another shape (of an ERC-721, say) is no transfer of ours."""
    topics, data = log.get("topics") or [], str(log.get("data", "")).removeprefix("0x")
    if len(topics) != 3 or topics[0] != TRANSFER or len(data) != 64 or log.get("removed"):
        return None
    sender, recipient = (f"0x{topic[-40:]}".lower() for topic in topics[1:])
    place = _number(_part(log, "blockNumber")), _text(log, "address")
    return Sent(
        _text(log, "transactionHash"), _number(_part(log, "logIndex")), *place, sender, recipient, int(data, 16)
    )


def _part(answer: Any, name: str) -> Any:
    """Raises ProviderAway for an answer without it."""
    if not isinstance(answer, dict) or answer.get(name) is None:
        raise ProviderAway(f"The node's answer lacks {name}.")
    return answer[name]


def _text(answer: Any, name: str) -> str:
    return str(_part(answer, name)).lower()


def _number(given: Any) -> int:
    """`"0x1f"` → 31."""
    try:
        return int(given, 16)
    except (TypeError, ValueError):
        raise ProviderAway("The node's answer is no number.") from None


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return httpx.Client(timeout=httpx.Timeout(settings.PROVIDER_TIMEOUT_SECONDS, connect=1))


def _ask(*questions: tuple[str, list[Any]], may_fail: bool = False) -> list[Any]:
    """In batches that nodes take; the answers in the order of the questions. Raises ProviderAway if one fails, unless
    it may: then its answer is None.
    """
    batches = [questions[start : start + AT_ONCE] for start in range(0, len(questions), AT_ONCE)]
    return [answer for batch in batches for answer in _ask_at_once(batch, may_fail)]


def _ask_at_once(questions: Sequence[tuple[str, list[Any]]], may_fail: bool) -> list[Any]:
    body = [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for number, (method, params) in enumerate(questions)
    ]
    try:
        response = _http().post(settings.CRYPTO_NODE_URL, json=body)
        if not response.is_success:
            raise ProviderAway(f"The node answered {response.status_code}.")
        answers = {one["id"]: one for one in response.json()}
        return [_result(answers[number], may_fail) for number in range(len(questions))]
    except (httpx.TransportError, ValueError, KeyError, TypeError) as error:
        raise ProviderAway(f"The node does not answer: {type(error).__name__}.") from None


def _result(answer: dict[str, Any], may_fail: bool) -> Any:
    if "error" in answer and not may_fail:
        raise ProviderAway(f"The node refused: {str(answer['error'])[:100]}.")
    return answer.get("result")
