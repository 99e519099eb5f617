"""A chain of our own: `anvil`, which npm installs into tests/chain, once for each lock file. CHAIN_ANVIL: another."""

import fcntl
import hashlib
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

FOLDER = Path(__file__).parent / "chain"
LOCK = FOLDER / "package-lock.json"
MODULES = FOLDER / "node_modules"
ANVIL = MODULES / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
CHAIN_ID = 31_337
XPRV = "xprvA1JRhzZvgfYVHV5PgkKxnfm7iJbzUW9cWSnrVCwk5EwfK8DEm3XQctZzjfvydMC4pP9NwoF7Lr4PEUJ3zztTM96rT2nonXierXChQFzpxrE"
XPUB = "xpub6EHn7W6pX36nVy9rnmry9ohrGLSUsxsTsfiTHbMMdaUeBvYPJaqfAgtUayvqtL58c4vhYtSShyRnaS4aG7569MCYCj8iE4KXxHZEUUCm7fP"
"""Above all addresses of payments, of tests alone. Only the public one is ever told to the service."""
CENT = 10**4
"""Of a dollar's worth of the token, which has six decimals."""
GAS = 3_000_000


def anvil() -> str:
    """Where it is; installed if it is not there yet."""
    if own := os.environ.get("CHAIN_ANVIL"):
        return own
    stamp, wanted = MODULES / "lock.sha256", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    with (FOLDER / ".installing").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not (stamp.exists() and stamp.read_text() == wanted):
            subprocess.run(["npm", "ci", "--prefer-offline"], cwd=FOLDER, check=True, capture_output=True)
            stamp.write_text(wanted)
    return str(ANVIL)


class Chain:
    """Its accounts are rich and unlocked: the node signs for them, as their owners would elsewhere."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(timeout=10)
        self.accounts: list[str] = self.ask("eth_accounts")
        self.treasurer, self.buyer, self.wallet, self.stranger = self.accounts[:4]
        code = f"0x{(FOLDER / 'token.hex').read_text().strip()}"
        self.token: str = self.mined({"from": self.treasurer, "data": code})["contractAddress"]
        for account in (self.buyer, self.wallet, self.stranger):
            self.pay_token(self.treasurer, account, 10**20)

    def ask(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = self.http.post(self.url, json=body).json()
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def mined(self, transaction: dict[str, Any]) -> Any:
        """The receipt of a transaction that is in a block of its own."""
        return self.ask("eth_sendTransactionSync", {"gas": hex(GAS), **transaction})

    def send(self, transaction: dict[str, Any]) -> str:
        return str(self.mined(transaction)["transactionHash"])

    def pay_coin(self, sender: str, recipient: str, value: int) -> str:
        return self.send({"from": sender, "to": recipient, "value": hex(value)})

    def pay_token(self, sender: str, recipient: str, value: int) -> str:
        data = f"0xa9059cbb{recipient[2:].lower():0>64}{value:064x}"
        return self.send({"from": sender, "to": self.token, "data": data})

    def pay_from_inside(self, sender: str, recipient: str, value: int) -> None:
        """As a contract does it, which passes on what it gets to whom it is told."""
        contract = f"0x{'fa' * 20}"
        self.ask("anvil_setCode", contract, "0x60006000600060003460003" + "55af100")
        self.send({"from": sender, "to": contract, "value": hex(value), "data": f"0x{recipient[2:]:0>64}"})

    def publish(self, signed: str) -> str:
        return str(self.ask("eth_sendRawTransactionSync", signed)["transactionHash"])

    def sign(self, transaction: dict[str, Any]) -> str:
        """What a machine without a network does: the signed transaction, which anybody may send."""
        return str(self.ask("eth_signTransaction", transaction))

    def mine(self, blocks: int = 1) -> None:
        self.ask("anvil_mine", hex(blocks))

    def coins(self, address: str) -> int:
        return int(self.ask("eth_getBalance", address, "latest"), 16)

    def tokens(self, address: str) -> int:
        call = {"to": self.token, "data": f"0x70a08231{address[2:].lower():0>64}"}
        return int(self.ask("eth_call", call, "latest"), 16)

    def snapshot(self) -> str:
        return str(self.ask("evm_snapshot"))

    def forget(self, snapshot: str) -> None:
        """As if another branch had become the longest: all blocks since are undone."""
        assert self.ask("evm_revert", snapshot)


@contextmanager
def running() -> Iterator[Chain]:
    command = [anvil(), "--port", "0", "--chain-id", str(CHAIN_ID), "--accounts", "5", "--no-cors"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as node:
        try:
            assert node.stdout is not None
            address = next(filter(None, (re.search(r"Listening on (\S+)", line) for line in node.stdout)))
            threading.Thread(target=node.stdout.read, daemon=True).start()  # or it stops once the pipe is full
            yield Chain(f"http://{address[1]}")
        finally:
            node.terminate()
