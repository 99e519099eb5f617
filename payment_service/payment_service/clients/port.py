"""What a payment provider has to be able to do. Every call may be repeated: keys make it happen once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from shared.contracts.payment import CryptoDue
from shared.money import Money


@dataclass(frozen=True)
class ChargeRequest:
    """`key` is the payment's id: the same key twice is one charge."""

    key: UUID
    amount: Money
    token: str
    description: str
    expires_at: datetime


@dataclass(frozen=True)
class Charge:
    """What the provider says about a charge. `url` is where the buyer has to go when it `requires_action`, and `crypto`
    what is to be sent there, if that is a chain; `taken` is what it took, once it has `succeeded`.
    """

    reference: str
    status: Literal["pending", "requires_action", "succeeded", "declined", "cancelled"]
    reason: str = ""
    url: str = ""
    taken: Money | None = None
    crypto: CryptoDue | None = None


@dataclass(frozen=True)
class Transfer:
    """A refund or a payout: done, or refused for a reason. One that `waits` is prepared and needs somebody to sign it;
    nobody has to ask for it again, for its end is told (actions/crypto_signing.py).
    """

    reference: str
    done: bool
    reason: str = ""
    waits: bool = False


class Provider(Protocol):
    """All methods raise ProviderAway when it is not known what happened: then the same call is made again."""

    def charge(self, request: ChargeRequest) -> Charge: ...

    def look_up(self, reference: str) -> Charge: ...

    def cancel(self, request: ChargeRequest, reference: str) -> Charge:
        """Stop a charge if it still can be stopped; a key never seen is refused from then on. `reference` is empty
        when the answer to the charge was lost.
        """
        ...

    def refund(self, *, key: UUID, reference: str, amount: Money) -> Transfer: ...

    def pay_out(self, *, key: UUID, vendor_id: UUID, amount: Money) -> Transfer:
        """Of PAYOUT_PROVIDER only; the others refuse."""
        ...

    def event_of(self, *, body: bytes, headers: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """A webhook's event id and content. Raises BadSignature."""
        ...

    def charge_in(self, event: dict[str, Any]) -> str:
        """The reference of the charge that an event is about; empty when it is about none."""
        ...
