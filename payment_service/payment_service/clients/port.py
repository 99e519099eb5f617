"""What a payment provider has to be able to do. Every call may be repeated: keys make it happen once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable
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
    what is to be sent there, if that is a chain; `taken` is what it took, once it has `succeeded`; `listed_as` its name
    in the provider's own records, if that is another.
    """

    reference: str
    status: Literal["pending", "requires_action", "succeeded", "declined", "cancelled"]
    reason: str = ""
    url: str = ""
    taken: Money | None = None
    crypto: CryptoDue | None = None
    listed_as: str = ""


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


# ── A provider's own records ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Record:
    """What a provider or bank did, by its own books. `kind` is charge, refund, payout, payout_return, dispute or
    refund_return; `key` what it was asked with (our payment, refund or payout); `reference` its own name for it.
    """

    kind: str
    key: str
    reference: str
    amount: Money
    at: datetime


@dataclass(frozen=True)
class RecordPage:
    """`next` is what to ask the next page with; empty: this was the last."""

    records: Sequence[Record]
    next: str = ""


@runtime_checkable
class KeepsRecords(Protocol):
    """What a provider that can be asked for its records does too. `listed` are the kinds that it tells all of."""

    listed: frozenset[str]

    def records(self, *, since: datetime, until: datetime, after: str) -> RecordPage:
        """A page of what happened from `since` until before `until`, from the beginning (`after` empty) or from where
        an earlier page said. A record may come twice, and some of other days. Raises ProviderAway.
        """
        ...
