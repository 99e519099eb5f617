"""Every path of the systems that Nexus replaces, on the running fleet: it answers what its canonical path answers."""

import re

import pytest

from fleet import aliases, edge
from fleet.client import Json, Market, Person

ALIASES = aliases.read(edge.SOURCES / "aliases.toml")


@pytest.fixture(scope="module")
def document(market: Market) -> Json:
    """The merged API document: which paths there are, for which methods."""
    return market.guest().get("openapi.json")


@pytest.fixture(scope="module")
def product(market: Market) -> str:
    return str(market.guest().get("products")["results"][0]["slug"])


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.path)
def test_a_path_of_another_system_leads_to_an_operation(
    market: Market, admin: Person, document: Json, product: str, alias: aliases.Alias, slash: str
) -> None:
    """Nothing is changed by it: what the edge passes on has no body, and ids of nothing."""
    query = {alias.query: product} if alias.query else None
    canonical = alias.canonical.replace("{rest}", "").replace(f"{{{alias.query}}}", product)
    operations = {"get": 1} if canonical.startswith("/api/docs") else _operations(document, canonical)
    assert operations, f"{canonical} is not in the API document"

    asked = next((one for one, seen in alias.methods.items() if seen.lower() in operations), None)
    method = asked or next(one.upper() for one in ("get", "post") if one in operations)
    answer = admin.ask(
        method, alias.filled(alias.path) + slash, params=query, content=b"{}" if method != "GET" else b""
    )

    assert answer.headers["deprecation"]
    assert "successor-version" in answer.headers["link"]
    assert answer.status_code not in {405, 500, 502, 503}
    assert answer.status_code != 404 or "{id}" in alias.path


def _operations(document: Json, canonical: str) -> Json:
    """What the document says of a path, whatever its parameters are called."""
    wanted = re.sub(r"{\w+}", "x", canonical)
    if wanted == "/api/v1/openapi.json" or wanted == "/api/redoc":
        return {"get": 1}
    for path, operations in document["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), wanted):
            return dict(operations)
    return {}


def test_what_an_old_client_knows_of_itself_is_what_it_is(market: Market) -> None:
    person = market.account("customer")

    assert person.get("/api/v1/profile/") == person.get("users/me")
    changed = person.ask("PUT", "/api/v1/profile/update/", json={"first_name": person.user["first_name"]})
    assert changed.status_code == 200
    assert changed.json()["email"] == person.email


def test_the_gateways_own_paths_answer(market: Market) -> None:
    guest = market.guest()
    for path in ("/docs", "/redoc", "/swagger", "/api/schema", "/health", "/status"):
        for slash in ("", "/"):
            assert guest.ask("GET", path + slash).status_code == 200, path
    assert guest.ask("GET", "/graphql").status_code == 404
