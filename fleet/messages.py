"""`make messages`: every message, who sends it, who hears it. `check` also refuses what does not add up."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module

import django

from shared.messages import Command, Message


def listeners() -> dict[str, list[str]]:
    """Message type → short names of the services that subscribe to it."""
    _set_up()
    from fleet.one_process import SERVICES

    heard: dict[str, list[str]] = {}
    for short in SERVICES:
        for contract in import_module(f"{short}_service.subscriptions").SUBSCRIPTIONS:
            heard.setdefault(contract.type, []).append(short)
    return heard


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fleet.one_process")
    django.setup()


def senders(contract: type[Message]) -> tuple[str, ...]:
    return contract.asked_by if issubclass(contract, Command) else (contract.owner(),)


def wrong(contracts: Mapping[str, type[Message]], heard: Mapping[str, list[str]]) -> list[str]:
    """What would fail at the broker: a message nobody takes, a command taken by another, a mark out of date."""
    found = []
    for type_, contract in contracts.items():
        ears = heard.get(type_, [])
        unheard = getattr(contract, "unheard", False)
        if not ears and not unheard:
            found.append(f"{type_}: nobody subscribes; mark it `unheard = True` or subscribe")
        if ears and unheard:
            found.append(f"{type_}: marked `unheard`, but {', '.join(ears)} subscribes")
        if issubclass(contract, Command) and ears != [contract.owner()]:
            found.append(f"{type_}: a command is heard by its owner and nobody else")
    return found


def table(contracts: Mapping[str, type[Message]], heard: Mapping[str, list[str]]) -> str:
    width = max(len(type_) for type_ in contracts)
    lines = [f"{'message':<{width}}  {'sent by':<10}  heard by"]
    for type_, contract in sorted(contracts.items()):
        mark = "⇒" if issubclass(contract, Command) else "·"
        lines.append(f"{type_:<{width}}  {', '.join(senders(contract)):<10}{mark} {', '.join(heard.get(type_, ['–']))}")
    return "\n".join([*lines, "", "· event: told to whom it may concern   ⇒ command: asked of one   – nobody yet"])


def main(arguments: list[str]) -> int:
    from shared.contracts import all_messages

    contracts, heard = all_messages(), listeners()
    print(table(contracts, heard))
    problems = wrong(contracts, heard)
    print(*problems, sep="\n", file=sys.stderr)
    return 1 if problems and arguments == ["check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
