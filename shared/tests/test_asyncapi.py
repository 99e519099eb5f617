import json

import jsonschema

from shared.asyncapi import generate
from shared.context import new_id
from shared.contracts import all_messages
from shared.contracts.catalog import OfferChanged, StockCommitted
from shared.testing import envelope


def test_every_message_has_a_channel_a_message_and_an_operation() -> None:
    document = generate("Nexus")

    assert list(document["channels"]) == sorted(all_messages())
    operated = {operation["channel"]["$ref"] for operation in document["operations"].values()}
    assert operated == {f"#/channels/{type_}" for type_ in all_messages()}
    assert len(document["components"]["messages"]) == len(all_messages())


def test_every_reference_leads_somewhere() -> None:
    document = generate("Nexus")

    references = [part.split('"')[1] for part in json.dumps(document).split('"$ref": ')[1:]]

    assert references
    for reference in references:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_it_says_who_asks_and_who_does() -> None:
    messages = generate("Nexus")["components"]["messages"]

    assert messages["ReserveStock"]["x-asked-by"] == ["order"]
    assert messages["ReserveStock"]["x-done-by"] == "catalog"
    assert messages["OrderConfirmed"]["x-told-by"] == "order"


def test_a_message_on_the_wire_fits_its_schema_and_another_does_not() -> None:
    document = generate("Nexus")
    wire = envelope(StockCommitted(order_id=new_id())).model_dump(mode="json")
    fitting = {**document["components"]["messages"]["StockCommitted"]["payload"], "components": document["components"]}
    other = {**document["components"]["messages"]["OfferChanged"]["payload"], "components": document["components"]}

    jsonschema.validate(wire, fitting)

    assert not jsonschema.Draft202012Validator(other).is_valid(wire)
    assert OfferChanged.type in document["channels"]
