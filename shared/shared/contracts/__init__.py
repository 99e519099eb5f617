"""One module a service: what may be asked of it (commands) and what it tells (events), nothing else.

Within `.v1` changes are additive only. `schemas/` holds the JSON Schemas, generated and compared in CI.
"""

from types import ModuleType

from shared.contracts import cart, catalog, notification, order, payment, user, vendor
from shared.messages import Message

MODULES: tuple[ModuleType, ...] = (cart, catalog, notification, order, payment, user, vendor)


def all_messages() -> dict[str, type[Message]]:
    """Type string → contract, of every service."""
    return {contract.type: contract for module in MODULES for contract in _contracts(module)}


def _contracts(module: ModuleType) -> list[type[Message]]:
    return [
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Message) and "type" in vars(member)
    ]
