"""Payments on an EVM chain, as a provider of the port. Nobody is asked but the chain: it is read up to its newest block
before anything is answered about a payment, and what goes back is prepared to be signed elsewhere.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from payment_service.actions import chain
from payment_service.actions.crypto_charges import close, open_charge, state_of
from payment_service.actions.crypto_transfers import prepare_payout, prepare_refund
from payment_service.clients import Charge, ChargeRequest, Transfer
from payment_service.errors import BadSignature, NotTaken
from payment_service.models import CryptoCharge
from shared.money import Money

_CHARGES = CryptoCharge.objects.select_related("payment")


class Crypto:
    """Implements clients.port.Provider. The reference of a charge is its address."""

    def charge(self, request: ChargeRequest) -> Charge:
        """Nobody is given an address while nobody could see what comes to it."""
        chain.catch_up()
        try:
            return state_of(open_charge(request))
        except NotTaken as error:
            return Charge("", "declined", error.reason)

    def look_up(self, reference: str) -> Charge:
        chain.catch_up()
        return state_of(_CHARGES.get(address=reference))

    def cancel(self, request: ChargeRequest, reference: str) -> Charge:
        """Only after a look at what has come meanwhile."""
        chain.catch_up()
        charge = _CHARGES.filter(payment_id=request.key).first()
        return close(charge) if charge else Charge("", "cancelled")

    def refund(self, *, key: UUID, reference: str, amount: Money) -> Transfer:
        return prepare_refund(key=key, address=reference, amount=amount)

    def pay_out(self, *, key: UUID, vendor_id: UUID, amount: Money) -> Transfer:
        return prepare_payout(key=key, vendor_id=vendor_id, amount=amount)

    def event_of(self, *, body: bytes, headers: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """The chain is read, and tells nothing."""
        raise BadSignature("Nobody signs what happens on the chain.")

    def charge_in(self, event: dict[str, Any]) -> str:
        return ""
