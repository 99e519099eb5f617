"""The key that signs access tokens is changed under load: a good token is never refused, and in the end the old key is.

The old key is kept for an access token's life, an hour; so that nobody has to wait, that hour is declared to be over.

For five minutes at fifty requests a second: NEXUS_ROTATIONS=10 NEXUS_SECONDS=30 NEXUS_PER_SECOND=50.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import jwt
import pytest
from load import Load, fleet_command

from fleet.client import Market, Person, wait_for
from fleet.services import health
from fleet.table import Table

ROTATIONS = int(os.environ.get("NEXUS_ROTATIONS", "1"))
SECONDS = int(os.environ.get("NEXUS_SECONDS", "15"))
"""From one rotation to the next."""
PER_SECOND = int(os.environ.get("NEXUS_PER_SECOND", "20"))
SOON = 12
"""Seconds after which every service has looked at its keys again."""


@pytest.fixture(autouse=True)
def _signed_in_again(admin: Person, vendor: Person) -> Iterator[None]:
    """Whoever signed in before has a token of the retired key afterwards."""
    yield
    for person in (admin, vendor):
        person.login()


def test_no_good_token_is_refused_while_keys_are_rotated_and_a_retired_key_is(fleet: Table, market: Market) -> None:
    old, other = market.account("customer"), market.account("vendor")
    before, folder = _key_of(old), fleet.var / "keys" / "jwt" / "private"
    private = (folder / f"{before}.pem").read_text()
    with httpx.Client(base_url=f"{market.gateway}/api/v1/", headers={"Connection": "close"}, timeout=30) as http:
        people = [old, other]
        load = Load([lambda: _me(http, people[0]), lambda: _orders(http, people[-1])], PER_SECOND, threads=8)
        with load:
            for _ in range(ROTATIONS):
                ends, last = time.monotonic() + SECONDS, _key_of(people[-1])
                fleet_command("rotate-keys")
                fresh = wait_for(lambda last=last: _signed_anew(market, last), "tokens of the new key")
                people.append(fresh)
                time.sleep(max(ends - time.monotonic(), 1))
    print(dict(load.answers))
    assert load.failures == []
    assert sum(load.answers.values()) > PER_SECOND * SECONDS * ROTATIONS / 2

    _declare_the_hour_over(folder / "state.json")
    fleet_command("rotate-keys", "--retire")
    assert not (folder / f"{before}.pem").exists()  # the clock of user_service may have been first

    forged = _forged(old, private)
    for person in (old, _with(old, forged)):
        wait_for(lambda person=person: _answer(person) == 401, "the old key to be refused", 5)
    assert wait_for(lambda: _answer(fresh), "an answer to the new key", 5) == 200
    direct = fleet.service("order_service")
    assert health(direct.port) == "ok"
    wait_for(lambda: _asked_directly(direct.url, forged) == 401, "the service itself to refuse the old key", SOON)


def _answer(person: Person) -> int | None:
    """None where NGINX, which reloads, has just closed the idle connection that the question was sent on."""
    try:
        return person.ask("GET", "orders").status_code
    except httpx.RemoteProtocolError:
        return None


def _me(http: httpx.Client, person: Person) -> httpx.Response:
    return http.get("users/me", headers={"Authorization": f"Bearer {person.access}"})


def _orders(http: httpx.Client, person: Person) -> httpx.Response:
    return http.get("orders", headers={"Authorization": f"Bearer {person.access}"})


def _key_of(person: Person) -> str:
    return str(jwt.get_unverified_header(str(person.access))["kid"])


def _signed_anew(market: Market, before: str) -> Person | None:
    person = market.account("customer")
    return person if _key_of(person) != before else None


def _declare_the_hour_over(state_file: Path) -> None:
    state = json.loads(state_file.read_text())
    state["retiring"] = dict.fromkeys(state["retiring"], time.time() - 1)
    state_file.write_text(json.dumps(state))


def _forged(person: Person, private: str) -> str:
    """By somebody who has kept the old key: as good as it ever could be."""
    claims = jwt.decode(str(person.access), options={"verify_signature": False})
    now = int(time.time())
    later = {**claims, "jti": str(uuid4()), "iat": now, "nbf": now, "exp": now + 600}
    return jwt.encode(later, private, "ES256", {"kid": _key_of(person), "typ": "at+jwt"})


def _with(person: Person, token: str) -> Person:
    return Person(person.http, person.mail, access=token)


def _asked_directly(url: str, token: str) -> int:
    return httpx.get(f"{url}/api/v1/orders", headers={"Authorization": f"Bearer {token}"}).status_code
