"""Who takes money. PAYMENT_METHODS says which of them buyers may choose, and in which currencies."""

from django.conf import settings

from payment_service.actions.crypto import Crypto
from payment_service.actions.crypto_charges import currencies as of_crypto
from payment_service.clients import KeepsRecords, Provider
from payment_service.clients.chapa import CURRENCIES as OF_CHAPA
from payment_service.clients.chapa import Chapa
from payment_service.clients.simulator import Simulator
from payment_service.clients.stripe import CURRENCIES as OF_STRIPE
from payment_service.clients.stripe import Stripe
from shared.money import EXPONENTS

PROVIDERS: dict[str, Provider] = {
    "simulator": Simulator(),
    "stripe": Stripe(),
    "chapa": Chapa(),
    "crypto": Crypto(),
}
"""Payment method, as the buyer names it → who takes the money. One that is switched off still gives back what it took,
and still hears of what was begun.
"""
_KNOWN = {"simulator": frozenset(EXPONENTS), "stripe": OF_STRIPE, "chapa": OF_CHAPA}


def currencies_of(method: str) -> frozenset[str]:
    """In which a method takes money now; none when it is switched off."""
    if method not in settings.PAYMENT_METHODS or method not in PROVIDERS:
        return frozenset()
    known = of_crypto() if method == "crypto" else _KNOWN[method]
    return known.intersection(settings.PAYMENT_CURRENCIES[method] or EXPONENTS)


def keeper_of(provider: str) -> KeepsRecords | None:
    """Whom to ask for a provider's own records; None where there is no way but a file."""
    known = PROVIDERS.get(provider)
    return known if isinstance(known, KeepsRecords) else None
