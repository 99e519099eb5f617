"""Paths of other systems lead to the canonical ones, and say so."""

import re

import httpx
import pytest
from door import ONE_PATH_EACH, Door, needs_nginx, token

from fleet import aliases, edge

pytestmark = needs_nginx
ALIASES = aliases.read(edge.SOURCES / "aliases.toml")
EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.path)
def test_a_path_of_another_system_reaches_its_canonical_one(door: Door, alias: aliases.Alias, slash: str) -> None:
    path, canonical = alias.filled(alias.path), alias.example
    query = {alias.query: aliases.EXAMPLES["name"]} if alias.query else {"a": "b"}
    for asked, seen in (alias.methods or {method: method for method in EVERY_METHOD}).items():
        answer = door.ask(asked, path + slash, token(door), params=query)
        service = answer.json()["service"]

        assert door.stubs[service].seen[-1][:2] == (seen, f"{canonical}?{httpx.QueryParams(query)}")
        assert re.fullmatch(r"@\d{10}", answer.headers["deprecation"])
        assert answer.headers["link"] == f'<{canonical}>; rel="successor-version"'
        assert answer.headers.get_list("x-request-id") == [answer.headers["x-request-id"]]


@pytest.mark.parametrize("alias", [one for one in ALIASES if one.methods], ids=lambda alias: alias.path)
def test_a_path_of_another_system_is_for_its_methods_only(door: Door, alias: aliases.Alias) -> None:
    before = door.reached()
    for method in {*EVERY_METHOD, "HEAD"} - alias.methods.keys():
        assert door.ask(method, alias.filled(alias.path), token(door)).status_code == 405

    assert door.reached() == before


def test_what_stands_below_a_path_of_another_system_is_kept(door: Door) -> None:
    answer = door.ask("GET", "/api/catalog/products/a-lamp/reviews/?limit=2")

    assert door.stubs["catalog_service"].seen[-1][1] == "/api/v1/products/a-lamp/reviews?limit=2"
    assert answer.headers["link"].startswith("</api/v1/products/a-lamp/reviews>")


@pytest.mark.parametrize("value", ["", "..", "a%2Fb", "x/../../users", "%0d%0aX-Injected: 1"])
def test_a_query_does_not_choose_a_path_freely(door: Door, value: str) -> None:
    answer = door.ask("GET", f"/api/v1/reviews?product={value}")

    assert "x-injected" not in answer.headers
    assert door.stubs["catalog_service"].seen[-1][1].startswith("/api/v1/reviews?")


def test_canonical_paths_are_not_called_deprecated(door: Door) -> None:
    for path in ONE_PATH_EACH.values():
        assert not {"deprecation", "link"} & door.ask("GET", path).headers.keys()


def test_an_alias_has_the_brake_and_the_checks_of_its_canonical_path(door: Door) -> None:
    text = (door.configured.folder / "nginx.conf").read_text()
    blocks = dict(re.findall(r"location ~ \"([^\"]+)\" {([^}]*)}", text))

    assert "limit_req zone=credentials" in blocks["^/api/v1/users/login/?$"]
    assert "cached.conf" in next(block for match, block in blocks.items() if match.startswith("^/api/catalog/products"))
    assert door.ask("GET", "/api/v1/profile", "x.y.z").status_code == 401
