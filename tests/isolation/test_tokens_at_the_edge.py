"""Forged, expired and ended tokens, and identity headers, through the gateway."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fleet.client import Market, Person, wait_for
from fleet.table import Table

PATHS = ["users/me", "products", "cart", "orders", "vendors", "payments/x", "notifications"]


def signed(claims: dict[str, object], key: object, kid: str, typ: str = "at+jwt") -> str:
    return jwt.encode(claims, key, "ES256", {"kid": kid, "typ": typ})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def forged(market: Market, fleet: Table) -> dict[str, str]:
    good = market.account("customer").access
    assert good
    claims = jwt.decode(good, options={"verify_signature": False})
    kid, own = jwt.get_unverified_header(good)["kid"], _signing_key(fleet.var, good)
    foreign, now = ec.generate_private_key(ec.SECP256R1()), int(time.time())
    header, payload, signature = good.split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": kid, "typ": "at+jwt"}).encode()).decode()
    return {
        "alg none": f"{none.rstrip('=')}.{payload}.",
        "foreign key": signed(claims, foreign, kid),
        "unknown key id": signed(claims, own, "nobody"),
        "expired": signed({**claims, "exp": now - 5}, own, kid),
        "other audience": signed({**claims, "aud": "x"}, own, kid),
        "other issuer": signed({**claims, "iss": "x"}, own, kid),
        "other type": signed(claims, own, kid, "JWT"),
        "changed payload": f"{header}.{payload[:-6]}AAAAAA.{signature}",
        "cut": good[:-10],
        "garbage": "x.y.z",
    }


def _signing_key(var: Path, token: str) -> str:
    return (var / "keys" / "jwt" / "private" / f"{jwt.get_unverified_header(token)['kid']}.pem").read_text()


@pytest.mark.parametrize("path", PATHS)
def test_a_bad_token_reaches_no_service(path: str, forged: dict[str, str], market: Market) -> None:
    person, answers = market.guest(), {}
    for name, token in forged.items():
        response = person.ask("GET", path, headers={"Authorization": f"Bearer {token}"})
        answers[name] = (response.status_code, response.headers["content-type"], "request_id" in response.json())

    assert answers == dict.fromkeys(forged, (401, "application/problem+json", True))


def test_a_session_that_was_logged_out_is_refused_within_two_seconds(market: Market) -> None:
    person = market.account("customer")
    person.get("users/me")

    person.post("auth/logout", {"refresh": person.refresh_token}, expect=(200, 204, 205))

    wait_for(lambda: person.ask("GET", "orders").status_code == 401, "the session to be refused", seconds=2)
    assert person.ask("GET", "products").status_code == 401


def _changed_password(person: Person, _admin: Person, market: Market) -> None:
    elsewhere = market.guest()
    elsewhere.email, elsewhere.password = person.email, person.password
    elsewhere.login()
    form = {"current_password": person.password, "password": f"Louder-{uuid4().hex}"}
    elsewhere.post("auth/password-change", form, expect=200)


WAYS: dict[str, Callable[[Person, Person, Market], object]] = {
    "an admin signs it out": lambda person, admin, _market: admin.post(
        f"admin/users/{person.user['id']}/logout-all", expect=204
    ),
    "an admin disables it": lambda person, admin, _market: admin.ask(
        "PATCH", f"admin/users/{person.user['id']}", json={"active": False}, expect=200
    ),
    "an admin gives it other roles": lambda person, admin, _market: admin.ask(
        "PATCH", f"admin/users/{person.user['id']}", json={"roles": ["customer", "support"]}, expect=200
    ),
    "its password is changed elsewhere": _changed_password,
    "it is erased": lambda person, _admin, _market: person.ask(
        "DELETE", "users/me", json={"password": person.password}, expect=204
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_ends_a_session_is_noticed_within_two_seconds(way: str, market: Market, admin: Person) -> None:
    person = market.newcomer("ends")
    person.register("Ada", "Ends")
    person.get("orders")

    WAYS[way](person, admin, market)

    wait_for(lambda: person.ask("GET", "orders").status_code == 401, "the session to be refused", seconds=2)


def test_identity_headers_of_a_client_change_nothing(market: Market, admin: Person) -> None:
    claimed = {
        "X-User-Id": str(admin.user["id"]),
        "X-User-Roles": "admin",
        "X_User_Id": "1",
        "X-Vendor-Id": str(uuid4()),
    }
    guest, customer = market.guest(), market.account("customer")

    assert guest.ask("GET", "users/me", headers=claimed).status_code == 401
    assert customer.ask("GET", "admin/users", headers=claimed).status_code == 403
    assert customer.get("users/me", headers=claimed)["email"] == customer.email


def test_internal_paths_are_not_routed(market: Market, admin: Person) -> None:
    for person in (market.guest(), admin):
        for path in (
            "/internal/cart",
            "/internal/sessions/x",
            "/health/status",
            "//internal/cart",
            "/api/../internal/cart",
        ):
            assert person.ask("GET", path).status_code in {400, 404}
