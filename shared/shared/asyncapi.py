"""The event catalogue: an AsyncAPI 3.0 document made from the contracts, so that it can never say anything else.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from typing import Any

from pydantic.json_schema import models_json_schema

from shared.contracts import all_messages
from shared.messages import Command, Envelope, Event, Message

SCHEMAS = "#/components/schemas/"
Document = dict[str, Any]


def generate(title: str, version: str = "1.0.0") -> Document:
    """Every message of the fleet: its channel, its envelope and data as JSON Schema, who tells or asks, who does it."""
    contracts = sorted(all_messages().values(), key=lambda contract: contract.type)
    names, schemas = _schemas(contracts)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version, "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "fleet": {
                "host": "rabbitmq:5672",
                "protocol": "amqp",
                "description": "Inside only; the topic exchange `nexus`, a quorum queue for each service.",
            }
        },
        "channels": {contract.type: _channel(contract) for contract in contracts},
        "operations": {name: operation for contract in contracts for name, operation in _operations(contract)},
        "components": {
            "messages": {contract.__name__: _message(contract, names[contract]) for contract in contracts},
            "schemas": schemas,
        },
    }


_DESCRIPTION = (
    "Events are past tense and named by the service that tells them; commands are imperative and named by the service "
    "that does them. The type is the routing key. Within `.v1` changes are additive only, so readers ignore fields "
    "they do not know. Delivery is at least once; messages of one subject keep their order."
)


def _schemas(contracts: list[type[Message]]) -> tuple[dict[type[Message], str], Document]:
    """Each contract's schema name, and all schemas by name; equal names of different parts are told apart."""
    models: list[Any] = [(model, "serialization") for model in (*contracts, Envelope)]
    references, document = models_json_schema(models, ref_template=SCHEMAS + "{model}")
    names = {contract: references[contract, "serialization"]["$ref"].removeprefix(SCHEMAS) for contract in contracts}
    return names, dict(sorted(document["$defs"].items()))


def _channel(contract: type[Message]) -> Document:
    name = contract.__name__
    return {
        "address": contract.type,
        "title": name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": {"name": "nexus", "type": "topic", "durable": True}}},
    }


def _operations(contract: type[Message]) -> list[tuple[str, Document]]:
    """An event is sent by its owner; a command is sent by each who may ask, and received by its owner."""
    owner = contract.owner()
    if issubclass(contract, Command):
        asked = [_operation(contract, asker, "send", "asks") for asker in contract.asked_by]
        return [*asked, _operation(contract, owner, "receive", "does")]
    return [_operation(contract, owner, "send", "tells")]


def _operation(contract: type[Message], service: str, action: str, verb: str) -> tuple[str, Document]:
    channel = f"#/channels/{contract.type}"
    return f"{service}.{verb}.{contract.__name__}", {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{contract.__name__}"}],
        "summary": f"{service} {verb} {contract.__name__}",
        "tags": [{"name": service}],
    }


def _message(contract: type[Message], schema: str) -> Document:
    data = {"type": {"const": contract.type}, "data": {"$ref": SCHEMAS + schema}}
    return {
        "name": contract.type,
        "title": contract.__name__,
        "summary": _first_line(contract),
        "contentType": "application/json",
        "tags": [{"name": contract.owner()}, {"name": "command" if issubclass(contract, Command) else "event"}],
        "payload": {"allOf": [{"$ref": f"{SCHEMAS}Envelope"}, {"type": "object", "properties": data}]},
        "x-sensitive": contract.sensitive,
        **_who(contract),
    }


def _who(contract: type[Message]) -> Document:
    if issubclass(contract, Command):
        return {"x-asked-by": list(contract.asked_by), "x-done-by": contract.owner()}
    return {"x-told-by": contract.owner()}


def _first_line(contract: type[Message]) -> str:
    """The docstring's first line; a base class's one is not about this message."""
    text = (vars(contract).get("__doc__") or "").strip()
    kind = "Command" if issubclass(contract, Command) else "Event" if issubclass(contract, Event) else "Message"
    return text.splitlines()[0] if text else f"{kind} of {contract.owner()}."
