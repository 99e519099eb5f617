"""What each service really sent, while its own tests ran, in the hands of every service that listens to it.

The examples are written down by `python -m fleet.recorder`.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from django.db import transaction
from django.utils import timezone
from world import SUBSCRIPTIONS, serving

from fleet.messages import senders
from fleet.recorder import FOLDER, shape
from shared.context import new_id
from shared.contracts import all_messages
from shared.contracts.__main__ import FOLDER as SCHEMAS
from shared.errors import Delayed, Refused, Retry
from shared.inbox import handle
from shared.messages import Envelope, Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]
CONTRACTS = all_messages()
NOT_YET = {"user.record_audit.v1": {"cart"}}
"""Who may send it, and has no reason to so far."""
HEARD = [(consumer, contract) for consumer, heard in SUBSCRIPTIONS.items() for contract in heard]


@cache
def examples(type_: str) -> list[dict[str, Any]]:
    file = FOLDER / f"{type_}.json"
    return json.loads(file.read_text()) if file.exists() else []


@pytest.mark.parametrize("type_", CONTRACTS)
def test_of_every_message_there_is_an_example_by_each_who_may_send_it(type_: str) -> None:
    """A new one: `python -m fleet.recorder order_service`; where none of its tests sends it, write one that does."""
    assert {one["source"] for one in examples(type_)} == set(senders(CONTRACTS[type_])) - NOT_YET.get(type_, set())


@pytest.mark.parametrize("type_", CONTRACTS)
def test_an_example_is_what_the_schema_says(type_: str) -> None:
    """And has no field besides, which nobody could rely on."""
    schema = json.loads((SCHEMAS / f"{type_}.json").read_text())
    for one in examples(type_):
        jsonschema.Draft202012Validator(schema).validate(one["data"])
        read = CONTRACTS[type_].model_validate(one["data"]).model_dump(mode="json")
        assert set(shape(one["data"])) <= set(shape(read))


@pytest.mark.parametrize(("consumer", "contract"), HEARD, ids=lambda one: one if isinstance(one, str) else one.type)
def test_every_listener_takes_what_was_really_sent(consumer: str, contract: type[Message]) -> None:
    """It does what it should, or has a reason in the domain's words: nothing here belongs together."""
    for envelope in _sent(contract):
        try:
            with serving(consumer), transaction.atomic():
                handle(envelope, SUBSCRIPTIONS[consumer], consumer=consumer)
                transaction.set_rollback(True)
        except (Refused, Retry, Delayed):
            pass


def _sent(contract: type[Message]) -> Iterator[Envelope]:
    for one in examples(contract.type):
        yield Envelope(
            id=new_id(), source=one["source"], type=contract.type, subject=str(one["data"][contract.key]),
            time=timezone.now(), correlationid="recorded", data=one["data"],
        )  # fmt: skip
