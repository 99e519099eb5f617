"""The collection that the gateway serves: its journey passes as it stands, and it has every operation of the API."""

import re

import pytest

from fleet.client import Json, Market
from fleet.postman import Runner, folder, requests_in


@pytest.fixture(scope="module")
def collection(market: Market) -> Json:
    return market.guest().get("/api/postman.json")


@pytest.fixture
def runner(market: Market, collection: Json) -> Runner:
    variables = {one["key"]: one["value"] for one in collection["variable"]}
    return Runner(market.guest().http, variables)


def test_a_guest_buys_something(collection: Json, runner: Runner) -> None:
    runner.run(folder(collection, "Journey", "Guest"))

    assert "The guest's order is confirmed" in runner.done


def test_somebody_with_an_account_buys_something(market: Market, collection: Json, runner: Runner) -> None:
    person = market.newcomer("postman")
    person.register("Ada", "Postman")
    runner.variables |= {"email": person.email, "password": person.password}

    runner.run(folder(collection, "Journey"))

    assert runner.done[-1] == "Log out"


def test_every_operation_has_a_request_in_its_services_folder(market: Market, collection: Json) -> None:
    document = market.guest().get("openapi.json")
    operations = {
        (operation["tags"][0], method.upper(), re.sub(r"{(\w+)}", r":\1", path))
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }

    requests = {
        (tag["name"], one["request"]["method"], "/" + "/".join(one["request"]["url"]["path"]))
        for tag in document["tags"]
        for one in requests_in(folder(collection, tag["name"]))
    }

    assert requests == operations


def test_every_request_of_the_journey_is_an_operation(market: Market, collection: Json) -> None:
    paths = market.guest().get("openapi.json")["paths"]
    known = {(method.upper(), re.sub(r"{\w+}", "*", path)) for path, item in paths.items() for method in item}

    asked = {
        (one["request"]["method"], re.sub(r"{{\w+}}", "*", "/" + "/".join(one["request"]["url"]["path"])))
        for one in requests_in(folder(collection, "Journey"))
    }

    assert asked <= known
