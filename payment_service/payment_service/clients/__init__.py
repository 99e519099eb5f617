"""Other systems: payment providers, behind one port (actions/providers.py lists them), and the node of a chain."""

from payment_service.clients.port import Charge, ChargeRequest, KeepsRecords, Provider, Transfer

__all__ = ["Charge", "ChargeRequest", "KeepsRecords", "Provider", "Transfer"]
