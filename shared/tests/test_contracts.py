from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, create_model

from shared.contracts import all_messages
from shared.contracts.__main__ import breaking, compare, schema_of, write
from shared.messages import Command, Event


class Told(Event):
    type = "shop.told.v1"
    key = "a"
    a: int
    b: str | None = None


def variant(**fields: object) -> dict[str, object]:
    contract = create_model("Told", __base__=Event, **fields)
    contract.type, contract.key = "shop.told.v1", "a"
    return schema_of(contract)


def test_the_committed_schemas_are_those_of_the_code() -> None:
    assert compare() == ([], [])


def test_an_optional_new_field_breaks_nobody() -> None:
    assert breaking(schema_of(Told), variant(a=(int, ...), b=(str | None, None), c=(int, 0))) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"a": (int, ...)},
        {"a": (str, ...), "b": (str | None, None)},
        {"a": (int, ...), "b": (str | None, None), "c": (int, ...)},
        {"a": (int, Field(ge=5)), "b": (str | None, None)},
        {"a": (Literal[1, 2], ...), "b": (str | None, None)},
    ],
    ids=["gone", "other type", "newly required", "narrowed", "a closed list"],
)
def test_what_could_break_a_reader_is_found(changed: dict[str, object]) -> None:
    assert breaking(schema_of(Told), variant(**changed))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (Literal["on"], ["shop.told.v1.a no longer allows off"]),
        (Literal["on", "off", "over"], ["shop.told.v1.a may be over now"]),
        (str, ["shop.told.v1.a is any value now"]),
        (Literal["off", "on"], []),
    ],
)
def test_a_closed_list_of_values_gains_and_loses_none(values: object, said: list[str]) -> None:
    before = variant(a=(Literal["on", "off"], ...))

    assert breaking(before, variant(a=(values, ...))) == said


def test_a_message_that_disappears_is_breaking(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "shop.told.v1.json").write_text("{}")

    assert compare(tmp_path) == (["shop.told.v1 is gone"], [])


@pytest.mark.parametrize("contract", all_messages().values(), ids=str)
def test_every_contract_names_its_owner_its_key_and_who_may_ask(contract: type[Event] | type[Command]) -> None:
    owner, _, version = contract.type.split(".")

    assert contract.__module__ == f"shared.contracts.{owner}"
    assert version == "v1"
    assert contract.key in contract.model_fields
    assert not issubclass(contract, Command) or contract.asked_by
