"""Payment providers, behind one port."""

from payment_service.clients.port import Charge, ChargeRequest, Provider, Transfer
from payment_service.clients.simulator import Simulator

PROVIDERS: dict[str, Provider] = {"simulator": Simulator()}
"""Payment method, as the buyer names it → who takes the money."""

__all__ = ["PROVIDERS", "Charge", "ChargeRequest", "Provider", "Transfer"]
